"""Sizes of classes, in pixels and millimetres."""

import csv
import math
from pathlib import Path

import numpy as np
import pytest

from napari_unet.data.scan import Scan
from napari_unet.events import Segmented
from napari_unet.sizes import COLUMNS, lengths, measure, pixel, write_csv


def like(shape, axes, spacing=None, units=()):
    return Scan(np.zeros(shape, np.uint8), axes, Path("a"), spacing, units)


@pytest.mark.parametrize(
    ("axes", "spacing", "units", "area", "volume"),
    [
        ("yx", (0.5, 0.25), ("mm", "mm"), 0.125, None),
        ("yxc", (500.0, 250.0), ("um", "micrometer"), 0.125, None),
        ("zyx", (2.0, 0.5, 0.5), ("mm",) * 3, None, 0.5),
        ("tzyx", (9.0, 0.2, 0.5, 0.5), ("s", "cm", "mm", "mm"), None, 0.5),
        ("tyx", (9.0, 0.5, 0.5), ("s", "mm", "mm"), 0.25, None),
        ("yx", None, (), None, None),
        ("yx", (2.0, 2.0), ("pixel", "pixel"), None, None),
        ("yx", (2.0, 2.0), (), None, None),
    ],
)
def test_a_pixel_in_millimetres(axes, spacing, units, area, volume):
    for found, wanted in zip(
        pixel(like((2,) * len(axes), axes, spacing, units)), (area, volume), strict=True
    ):
        assert math.isnan(found) if wanted is None else found == pytest.approx(wanted)


def test_every_class_at_every_time():
    labels = np.zeros((2, 4, 6), np.uint8)
    labels[0, 0, :2], labels[0, 3, 4:], labels[1, 1] = 1, 1, 2
    sizes = measure(labels, ("a", "b"), like(labels.shape, "tyx", (1.0, 2.0, 2.0), ("s", *"mm")))
    assert [(s.label, s.time, s.pixels, s.objects) for s in sizes] == [
        ("a", 0, 4, 2),
        ("b", 0, 0, 0),
        ("a", 1, 0, 0),
        ("b", 1, 6, 1),
    ]
    assert sizes[0].share == pytest.approx(4 / 24)


def test_the_table(tmp_path):
    labels = np.ones((2, 3, 4), np.uint8)
    sizes = measure(labels, ("a",), like(labels.shape, "zyx", (10.0, 10.0, 10.0), ("mm",) * 3))
    good = Segmented("i.nii", "o.nii", "p1", "m", 0.5, 1.25, sizes)
    write_csv(tmp_path / "t.csv", [good, Segmented("x", "", "", "m", 0.5, 0.0, error="no")])
    with (tmp_path / "t.csv").open(encoding="utf-8") as file:
        first, second = csv.DictReader(file)
    assert tuple(first) == COLUMNS
    assert (first["volume_mm3"], first["volume_ml"], first["area_mm2"]) == ("24000", "24", "")
    assert (first["patient"], first["pixels"], first["share"]) == ("p1", "24", "1")
    assert (second["error"], second["seconds"], second["pixels"]) == ("no", "", "")


@pytest.mark.parametrize(
    ("axes", "spacing", "units", "found"),
    [
        ("yx", None, (), ((1.0, 1.0), "px")),
        ("zyx", (3.0, 0.5, 0.5), ("mm",) * 3, ((3.0, 0.5, 0.5), "mm")),
        ("yxc", (0.5, 0.5), ("um", "um"), ((0.5, 0.5), "µm")),
        ("tyx", (9.0, 0.5, 0.5), ("s", "micrometer", "micrometer"), ((0.5, 0.5), "µm")),
        ("zyx", (0.001, 0.5, 0.5), ("m", "mm", "mm"), ((1.0, 0.5, 0.5), "mm")),
        ("zyx", (2.0, 0.5, 0.5), ("pixel", "mm", "mm"), ((1.0,) * 3, "px")),
        ("yx", (2.0, 0.5), (), ((1.0, 1.0), "px")),
    ],
)
def test_lengths_are_those_of_the_file_or_pixels(axes, spacing, units, found):
    assert lengths(like((2,) * len(axes), axes, spacing, units)) == found

"""Measured objects, against plain words for the same."""

from __future__ import annotations

import csv
import math

import dask.array as da
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from napari_unet.cleaning import number
from napari_unet.errors import DataError
from napari_unet.objects import measure, write_csv

SHAPES = st.sampled_from([(6, 7), (3, 5, 4), (2, 3, 4, 4)])


@settings(deadline=None, max_examples=25)
@given(SHAPES, st.data(), st.booleans())
def test_objects_are_measured_in_the_world(shape, data, planes):
    labels = data.draw(arrays(np.uint8, shape, elements=st.integers(0, 3)))
    image = np.random.default_rng(0).normal(size=shape)
    spacing = np.array([7.0, 2.0, 0.5, 0.25][-len(shape) :])
    found = measure(labels, image, spacing, "mm", planes=planes)
    kept = 2 if planes else min(len(shape), 3)
    size = next(key for key in found if key.startswith(("area", "volume")))
    assert size == ("area (mm²)" if kept == 2 else "volume (mm³)")
    row = 0
    for space in np.ndindex(shape[:-kept]):
        for label in sorted(set(labels[space][labels[space] > 0].tolist())):
            points = np.argwhere(labels[space] == label)
            pixel = math.prod(spacing[-kept:])
            assert found["index"][row] == label
            assert found["class"][row] == str(label)
            assert np.isclose(found[size][row], len(points) * pixel)
            centre = np.array([*space, *points.mean(axis=0)]) * spacing
            told = [found[f"centroid-{i}"][row] for i in range(len(shape))]
            assert np.allclose(told, centre)
            box = [found[f"bbox-{i}"][row] for i in range(2 * len(shape))]
            begin, end = points.min(axis=0), points.max(axis=0) + 1
            assert box == [*space, *begin, *(s + 1 for s in space), *end]
            values = image[space][labels[space] == label]
            assert np.isclose(found["mean intensity"][row], values.mean())
            assert found["least intensity"][row] == values.min()
            assert found["greatest intensity"][row] == values.max()
            row += 1
    assert row == len(found["index"])
    assert ("eccentricity" in found) == (kept == 2)


def test_a_disc_of_that_diameter_and_its_roundness():
    y, x = np.ogrid[:80, :80]
    labels = ((y - 40) ** 2 + (x - 40) ** 2 <= 30**2).astype(np.uint8)
    found = measure(labels, spacing=(0.1, 0.1), unit="mm")
    assert abs(found["equivalent diameter (mm)"][0] - 6.0) < 0.1
    assert found["eccentricity"][0] < 0.1
    assert found["solidity"][0] > 0.95
    assert "mean intensity" not in found


def test_a_turned_scan_tells_where_its_objects_are():
    labels = np.zeros((4, 6), np.uint8)
    labels[1, 2] = 1
    affine = np.array([[0.0, -2.0, 10.0], [2.0, 0.0, 20.0], [0.0, 0.0, 1.0]])
    found = measure(labels, spacing=(2.0, 2.0), affine=affine)
    assert (found["centroid-0"][0], found["centroid-1"][0]) == (6.0, 22.0)


def test_objects_know_their_class_and_what_was_painted_has_none():
    labels = np.array([[1, 0, 2, 2], [1, 0, 0, 0], [0, 0, 2, 0]], np.uint8)
    objects, classes = number(labels)
    objects[0, 1] = 9
    found = measure(objects, classes=classes, names=("tumour", "oedema"))
    assert found["class"].tolist() == ["tumour", "oedema", "oedema", ""]
    assert found["area (px)"].tolist() == [2, 2, 1, 1]


def test_colours_are_averaged_and_lazy_images_are_read():
    labels = np.ones((2, 3), np.uint8)
    colours = np.arange(18, dtype=np.uint8).reshape(2, 3, 3)
    found = measure(labels, da.from_array(colours))
    assert found["mean intensity"][0] == colours.mean()


def test_nothing_there_gives_an_empty_table(tmp_path):
    found = measure(np.zeros((2, 4, 4), np.uint8), np.zeros((2, 4, 4)), names=("a",))
    assert all(len(column) == 0 for column in found.values())
    write_csv(tmp_path / "none.csv", found)
    assert (tmp_path / "none.csv").read_text(encoding="utf-8").startswith("index,class,volume (px)")


def test_an_image_of_another_shape_is_refused():
    with pytest.raises(DataError, match=r"shape \(3, 3\), its labels \(2, 3\)"):
        measure(np.zeros((2, 3), np.uint8), np.zeros((3, 3)))


def test_a_table_has_a_line_for_each_object(tmp_path):
    labels = np.array([[1, 1, 0, 2]], np.uint8)
    path = tmp_path / "objects.csv"
    path.write_text("mine", encoding="utf-8")
    write_csv(path, measure(labels, spacing=(1 / 3, 1 / 3), unit="µm", names=("a, b", "c")))
    with path.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert [row["class"] for row in rows] == ["a, b", "c"]
    assert [row["area (µm²)"] for row in rows] == ["0.222222", "0.111111"]
    assert rows[1]["bbox-1"] == "3"

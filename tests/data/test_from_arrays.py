"""Arrays written as a data set are read back as what they were."""

from __future__ import annotations

import numpy as np
import pytest

from napari_unet.data.dataset import open_dataset
from napari_unet.data.formats import read_reference, read_scan
from napari_unet.data.from_arrays import Pair, write_pairs
from napari_unet.errors import DataError


def labels(*shape):
    mask = np.zeros(shape, np.int64)
    mask[..., 2:6, 2:6] = 1
    return mask


@pytest.mark.parametrize(
    ("image", "colour"),
    [
        (np.arange(64, dtype=np.float32).reshape(8, 8) / 7, False),
        (np.arange(192, dtype=np.uint8).reshape(8, 8, 3), True),
        (np.arange(320, dtype=np.uint16).reshape(5, 8, 8), False),
        (np.arange(64, dtype=np.float64).reshape(8, 8) * 1e9, False),
    ],
)
def test_a_data_set_of_arrays_is_read_back(image, colour, tmp_path):
    mask = labels(*(image.shape[:-1] if colour else image.shape))
    spacing, units = (2.0, 0.5, 0.25)[-mask.ndim :], ("mm",) * mask.ndim
    pairs = [Pair(f"scan {i}", image, mask, colour, spacing, units) for i in range(2)]
    dataset = open_dataset(write_pairs(tmp_path / "set", pairs))
    assert [case.name for case in dataset.cases] == ["images/scan_0", "images/scan_1"]
    scan = read_scan(dataset.cases[0])
    assert np.array_equal(scan.array, image)
    assert scan.array.dtype == image.dtype
    assert scan.colour == colour
    assert scan.spacing == pytest.approx(spacing)
    assert np.array_equal(read_reference(dataset.cases[0], dataset.labels), mask)


def test_equal_names_get_files_of_their_own(tmp_path):
    image = np.zeros((8, 8), np.uint8)
    pairs = [Pair(name, image, labels(8, 8)) for name in ("a/b", "a b", "A_b", "…")]
    folder = write_pairs(tmp_path / "set", pairs)
    assert len(list((folder / "images").iterdir())) == 4
    assert len(list((folder / "masks").iterdir())) == 4


@pytest.mark.parametrize(
    ("pair", "words"),
    [
        (Pair("a", np.zeros((8, 8)), labels(8, 9)), "painted on this image"),
        (Pair("a", np.zeros((8, 8)), np.zeros((8, 8), int)), "nothing is painted"),
        (Pair("a", np.zeros((2, 2, 8, 8)), labels(2, 2, 8, 8)), "4 axes"),
        (Pair("a", np.zeros((8, 8), complex), labels(8, 8)), "complex"),
    ],
)
def test_what_cannot_be_trained_on_is_refused_before_anything_is_written(pair, words, tmp_path):
    good = Pair("good", np.zeros((8, 8)), labels(8, 8))
    with pytest.raises(DataError, match=words):
        write_pairs(tmp_path / "set", [good, pair])
    assert not (tmp_path / "set").exists()


def test_an_existing_folder_is_left_alone(tmp_path):
    with pytest.raises(DataError, match="exists already"):
        write_pairs(tmp_path, [Pair("a", np.zeros((8, 8)), labels(8, 8))])
    with pytest.raises(DataError, match="at least one"):
        write_pairs(tmp_path / "new", [])

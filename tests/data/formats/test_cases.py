from pathlib import Path

import numpy as np
import pytest

from napari_unet.data.cases import Case, LabelRule
from napari_unet.data.formats import read_case
from napari_unet.errors import DataError


def case(image: Path, mask: Path) -> Case:
    return Case("a", image, mask, "p", "")


def test_a_case_is_read_for_a_network(png, disc: np.ndarray) -> None:
    image = png("a.png", np.arange(24 * 32, dtype=np.uint16).reshape(24, 32))
    mask = png("m.png", disc * 255)
    pixels, labels = read_case(case(image, mask), LabelRule(threshold=127.5), 1)
    assert pixels.dtype == np.uint16
    assert labels.dtype == np.uint8
    assert np.array_equal(labels, disc)
    assert read_case(case(image, mask), LabelRule(), 3)[0].shape == (24, 32, 3)


def test_one_matlab_file_is_image_and_mask(cjdata, disc: np.ndarray) -> None:
    path = cjdata("1.mat", disc * 7, disc, "1")
    pixels, labels = read_case(case(path, path), LabelRule(), 1)
    assert np.array_equal(pixels, disc * 7)
    assert np.array_equal(labels, disc)


def test_shapes_that_differ_are_both_named(png, disc: np.ndarray) -> None:
    files = case(png("a.png", disc), png("m.png", disc.T.copy()))
    with pytest.raises(DataError, match=r"24 × 32 .* 32 × 24"):
        read_case(files, LabelRule(), 1)


def test_an_image_of_nan_is_refused_and_some_nan_is_not(tmp_path: Path, png, disc) -> None:
    image = np.full((24, 32), np.nan, np.float32)
    np.save(tmp_path / "a.npy", image)
    files = case(tmp_path / "a.npy", png("m.png", disc))
    with pytest.raises(DataError, match="no finite value"):
        read_case(files, LabelRule(), 1)
    image[0, 0] = 1
    np.save(tmp_path / "a.npy", image)
    assert np.isnan(read_case(files, LabelRule(), 1)[0]).sum() == image.size - 1

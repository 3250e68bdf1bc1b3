import numpy as np
import pytest
from skimage.io import imsave

from napari_unet.data.candidates import candidates
from napari_unet.errors import DataError


@pytest.fixture
def folder(tmp_path):
    for part in ("images", "masks"):
        (tmp_path / part).mkdir()
    picture = np.zeros((16, 16), np.uint8)
    for name in "abc":
        imsave(tmp_path / "images" / f"{name}.png", picture, check_contrast=False)
    picture[4:9, 4:9] = 255
    for name in "ab":
        imsave(tmp_path / "masks" / f"{name}.png", picture, check_contrast=False)
    (tmp_path / "notes.txt").write_text("nothing")
    return tmp_path


def test_images_with_and_without_a_mask(folder):
    found, rule = candidates(folder)
    assert [(c.name, c.case is None) for c in found] == [
        ("images/a", False),
        ("images/b", False),
        ("images/c", True),
    ]
    assert rule.classes == 1


def test_images_alone(tmp_path):
    for name in "ab":
        imsave(tmp_path / f"{name}.png", np.zeros((16, 16), np.uint8), check_contrast=False)
    assert [c.name for c in candidates(tmp_path)[0]] == ["a", "b"]


def test_a_limit(folder):
    assert len(candidates(folder, 1)[0]) == 1


def test_no_folder(tmp_path):
    with pytest.raises(DataError):
        candidates(tmp_path / "none")

"""Corrected masks as files like the originals."""

from __future__ import annotations

import numpy as np
import pytest
from skimage.io import imread, imsave

from napari_unet.data import corrections
from napari_unet.data.cases import IGNORE
from napari_unet.data.corrections.exporting import export
from napari_unet.data.dataset import open_dataset, say_unlabelled
from napari_unet.data.formats import read_reference
from napari_unet.errors import DataError


def write_set(root, mask, suffix=".png"):
    rng = np.random.default_rng(0)
    for i in range(4):
        for part in ("images", "masks"):
            (root / part).mkdir(parents=True, exist_ok=True)
        image = rng.integers(0, 200, mask.shape[:2], np.uint8)
        imsave(root / "images" / f"p{i}.png", image, check_contrast=False)
        imsave(root / "masks" / f"p{i}{suffix}", mask, check_contrast=False)
    return root


def correct(root, labels, name="images/p1"):
    corrections.save(root, name, labels, "reference")


def exported(root, target):
    return [path for path, _ in export(open_dataset(root), target)]


def reread(root, target, name="p1"):
    """Read an exported mask in the place of its original, as the program finds it."""
    copied = target / "masks" / f"{name}.png"
    (root / "masks" / f"{name}.png").write_bytes(copied.read_bytes())
    corrections.choose(root, f"images/{name}", "reference", None)
    dataset = open_dataset(root)
    case = next(c for c in dataset.cases if c.name == f"images/{name}")
    assert case.correction is None
    return read_reference(case, dataset.labels)


@pytest.fixture
def labels(disc):
    changed = disc.copy()
    changed[0, :5] = 1
    return changed


def test_a_binary_mask_keeps_its_white(tmp_path, disc, labels):
    root = write_set(tmp_path / "d", disc * 255)
    correct(root, labels)
    (path,) = exported(root, tmp_path / "out")
    assert path == tmp_path / "out" / "masks" / "p1.png"
    assert (imread(path) == labels * 255).all()
    assert (reread(root, tmp_path / "out") == labels).all()


def test_classes_keep_their_values(tmp_path, disc, labels):
    mask = disc * 10
    mask[10:, :4] = 30
    root = write_set(tmp_path / "d", mask)
    corrected = labels.copy()
    corrected[20:, 20:] = 2
    correct(root, corrected)
    exported(root, tmp_path / "out")
    assert set(np.unique(imread(tmp_path / "out/masks/p1.png"))) == {0, 10, 30}
    assert (reread(root, tmp_path / "out") == corrected).all()


def test_colours_stay_colours(tmp_path, disc, labels):
    mask = np.zeros((*disc.shape, 3), np.uint8)
    mask[disc > 0] = (255, 0, 0)
    mask[12:, :6] = (0, 0, 255)
    root = write_set(tmp_path / "d", mask)
    before = open_dataset(root)
    assert before.labels.by_colour
    corrected = np.where(labels > 0, 1, 0).astype(np.uint8)
    corrected[:3, 20:] = 2
    correct(root, corrected)
    exported(root, tmp_path / "out")
    assert (reread(root, tmp_path / "out") == corrected).all()


def test_what_nobody_labelled_stays_so(tmp_path, disc, labels):
    mask = np.where(disc > 0, 2, 1).astype(np.uint8)
    mask[:, 28:] = 0
    root = write_set(tmp_path / "d", mask)
    say_unlabelled(open_dataset(root), [0])
    corrected = labels.copy()
    corrected[:, 30:] = IGNORE
    correct(root, corrected)
    exported(root, tmp_path / "out")
    assert (reread(root, tmp_path / "out") == corrected).all()


def test_jpeg_becomes_png(tmp_path, disc, labels):
    root = write_set(tmp_path / "d", disc * 255, ".jpg")
    correct(root, labels)
    (path,) = exported(root, tmp_path / "out")
    assert path.name == "p1.png"


def test_the_folder_is_new_and_not_the_data_sets_own(tmp_path, disc, labels):
    root = write_set(tmp_path / "d", disc * 255)
    with pytest.raises(DataError, match="nothing to export"):
        exported(root, tmp_path / "out")
    correct(root, labels)
    with pytest.raises(DataError, match="own folder"):
        exported(root, root / "out")
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "x").touch()
    with pytest.raises(DataError, match="not empty"):
        exported(root, tmp_path / "full")

"""The phantom MR slices."""

import sys
from pathlib import Path

import numpy as np
import pytest

from napari_unet.config import SplitConfig
from napari_unet.data.dataset import open_dataset, require_trainable
from napari_unet.data.sample import napari_sample, phantom_volume, write_sample
from napari_unet.data.splits.split import make_split
from napari_unet.errors import DataError


def dice(found: np.ndarray, wanted: np.ndarray) -> float:
    both = found.sum() + wanted.sum()
    return 2.0 * (found & wanted).sum() / both if both else 1.0


@pytest.fixture(scope="module")
def volumes() -> list[tuple[np.ndarray, np.ndarray]]:
    return [phantom_volume(patient, 6, 128)[:2] for patient in range(1, 9)]


def test_the_same_numbers_give_the_same_pixels() -> None:
    first, again, other = (phantom_volume(p, 3, 64, seed=1) for p in (1, 1, 2))
    assert np.array_equal(first[0], again[0])
    assert np.array_equal(first[1], again[1])
    assert first[2] == again[2] != other[2]


def test_every_patient_has_a_tumour_and_some_slices_none(volumes) -> None:
    for images, masks in volumes:
        assert images.shape == masks.shape == (6, 128, 128)
        assert images.dtype == np.uint8
        assert masks.any()
    blank = np.mean([not m.any() for _, masks in volumes for m in masks])
    assert 0.1 < blank < 0.6


def test_tumours_lie_in_one_place_of_a_patient(volumes) -> None:
    for _, masks in volumes:
        present = [m for m in masks if m.sum() > 20]
        centres = np.array([np.mean(np.nonzero(m), axis=1) for m in present])
        assert np.ptp(centres, axis=0).max() < 15


def test_no_single_threshold_finds_them(volumes) -> None:
    pairs = [
        (image, mask)
        for images, masks in volumes
        for image, mask in zip(images, masks, strict=True)
        if mask.any()
    ]
    best = max(np.mean([dice(i > t, m) for i, m in pairs]) for t in range(0, 255, 5))
    assert best < 0.4


def test_the_sample_opens_as_a_data_set(tmp_path: Path) -> None:
    root = write_sample(tmp_path / "sample", patients=5, slices=4, size=48)
    data = open_dataset(root)
    assert (len(data), data.patients, data.channels) == (20, 5, 1)
    assert data.unpaired == ()
    assert data.cases[0].patient == "patient01"
    assert set(data.cases[0].tags) >= {"tumor_kind"}
    require_trainable(data)
    assert set(make_split(data.cases, SplitConfig()).subsets.values()) == {"train", "val", "test"}
    assert [p.name for p in tmp_path.iterdir() if p.name != "workspace"] == ["sample"]


def test_a_folder_with_files_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("mine")
    with pytest.raises(DataError, match="not empty"):
        write_sample(tmp_path)
    empty = tmp_path / "empty"
    empty.mkdir()
    assert (write_sample(empty, 1, 1, 32) / "metadata.csv").is_file()


def test_a_place_that_cannot_be_written_is_one_clear_error(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(DataError, match="could not be written"):
        write_sample(tmp_path / "file" / "sample", 1, 1, 32)


def test_napari_gets_an_image_and_labels_that_lie_on_each_other() -> None:
    (image, image_options, kind), (labels, label_options, other) = napari_sample()
    assert (kind, other) == ("image", "labels")
    assert image.shape == labels.shape
    assert set(np.unique(labels)) == {0, 1}
    for name in ("scale", "units", "axis_labels"):
        assert image_options[name] == label_options[name]
        assert len(image_options[name]) == 3


def test_napari_accepts_the_layers() -> None:
    layers = pytest.importorskip("napari.layers")
    for data, options, kind in napari_sample():
        layer = layers.Layer.create(data, options, kind)
        assert layer.ndim == 3


def test_no_torch_is_needed() -> None:
    import subprocess

    code = (
        "import sys, napari_unet.data.sample, napari_unet.data.dataset\n"
        "import napari_unet.data.splits.split\n"
        "slow = {'torch', 'h5py', 'tifffile', 'PIL', 'scipy'} & set(sys.modules)\n"
        "assert not slow, slow"
    )
    subprocess.run([sys.executable, "-c", code], check=True)

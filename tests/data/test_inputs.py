"""Which images are segmented, and where their labels go."""

from pathlib import Path

import numpy as np
import pytest
import zarr
from skimage.io import imsave

from napari_unet.config import SplitConfig
from napari_unet.data.audit.leftout import leave_out
from napari_unet.data.dataset import open_dataset
from napari_unet.data.inputs import Source, find_sources, output_paths, result_suffix
from napari_unet.data.splits.split import make_split, split_path
from napari_unet.errors import DataError

PICTURE = np.eye(8, dtype=np.uint8)


def picture(path):
    path.parent.mkdir(parents=True, exist_ok=True)
    imsave(path, PICTURE, check_contrast=False)
    return path


@pytest.fixture
def folder(tmp_path):
    """Return a data set of three patients, each with two images."""
    for part in ("images", "masks"):
        for name in ("patient1_1", "patient1_2", "patient2_1", "patient2_2", "patient3_1"):
            picture(tmp_path / "d" / part / f"{name}.png")
    return tmp_path / "d"


def names(sources):
    return sorted(s.name for s in sources)


def test_of_a_data_set_the_images_and_whose_they_are(folder, tmp_path):
    sources = find_sources([folder], tmp_path / "out")
    assert names(sources)[0] == "patient1_1.png"
    assert len(sources) == 5
    assert {s.patient for s in sources} == {"patient1", "patient2", "patient3"}


def test_cases_that_were_left_out_take_no_part(folder, tmp_path):
    leave_out(open_dataset(folder), ["images/patient1_2"], "blurred")
    assert "patient1_2.png" not in names(find_sources([folder], tmp_path / "out"))


def test_results_below_the_folder_are_no_images(folder, tmp_path):
    alone = tmp_path / "alone"
    for name in ("a", "b", "c"):
        picture(alone / f"{name}.png")
    picture(alone / "out" / "a.png")  # of a run that was stopped
    assert names(find_sources([alone], alone / "out")) == ["a.png", "b.png", "c.png"]
    with pytest.raises(DataError, match="among the images"):
        find_sources([alone], alone)


def test_a_subset_by_the_split_beside_the_model(folder, tmp_path):
    dataset = open_dataset(folder)
    split = make_split(dataset.cases, SplitConfig.parse("34:33:33"), dataset.patient_source)
    model = tmp_path / "m.unet.safetensors"
    with pytest.raises(DataError, match=r"no m\.split\.json"):
        find_sources([folder], tmp_path / "out", model, "test")
    split.save(split_path(model))
    found = find_sources([folder], tmp_path / "out", model, "test")
    wanted = {c.image for c in dataset.cases if split.subsets[c.name] == "test"}
    assert {s.path for s in found} == wanted
    assert 0 < len(found) < 5


def test_an_image_given_twice_is_segmented_once(folder, tmp_path):
    one = folder / "images" / "patient1_1.png"
    assert len(find_sources([one, folder, folder / "images"], tmp_path / "out")) == 5


@pytest.mark.parametrize(
    ("name", "suffix"),
    [
        ("a.tiff", ".tif"),
        ("a.npy", ".npy"),
        ("a.nii", ".nii.gz"),
        ("a.nrrd", ".nrrd"),
        ("a.seg.nrrd", ".nrrd"),
        ("a.mhd", ".mha"),
        ("a.dcm", ".nii.gz"),
        ("a.jpg", ".png"),
    ],
)
def test_labels_are_stored_as_their_image(tmp_path, name, suffix):
    assert result_suffix(tmp_path / name) == suffix


def test_folders_that_are_one_image(tmp_path):
    for name in ("a.zarr", "b.ome.zarr", "c"):
        zarr.open_array(tmp_path / name, mode="w", shape=(8, 8), dtype="u1")
    wanted = [".zarr", ".ome.zarr", ".zarr"]
    assert [result_suffix(tmp_path / n) for n in ("a.zarr", "b.ome.zarr", "c")] == wanted
    (tmp_path / "1.2.840.7").mkdir()
    assert result_suffix(tmp_path / "1.2.840.7") == ".nii.gz"
    targets = output_paths([Source(tmp_path / "1.2.840.7", "x/1.2.840.7")], Path("/o"))
    assert next(iter(targets.values())) == Path("/o/x/1.2.840.7.nii.gz").absolute()


def test_equal_names_keep_apart(tmp_path):
    sources = [Source(tmp_path / n, n) for n in ("a.jpg", "a.bmp", "b.jpg")]
    targets = output_paths(sources, tmp_path / "out")
    assert sorted(t.name for t in targets.values()) == ["a.bmp.png", "a.jpg.png", "b.png"]

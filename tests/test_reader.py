"""napari opens scans where they lie, and leaves to others what is theirs."""

import h5py
import nibabel
import numpy as np
import pytest
import zarr
from napari.components import ViewerModel
from napari.layers import Layer
from npe2 import PluginManifest
from scipy.io import savemat
from skimage.io import imsave

from napari_unet.data.readers.space import TO_VIEWER
from napari_unet.errors import DataError
from napari_unet.reader import get_reader

VOLUME = np.arange(5 * 6 * 7, dtype=np.int16).reshape(5, 6, 7)


def layers(path) -> list[Layer]:
    """Return what a viewer shows of a path."""
    reader, viewer = get_reader(str(path)), ViewerModel()
    assert reader is not None
    for data, said, kind in reader(str(path)):
        getattr(viewer, f"add_{kind}")(data, **said)
    return list(viewer.layers)


def oblique() -> np.ndarray:
    a = np.deg2rad(20)
    affine = np.diag([-0.5, 0.75, 3.0, 1.0])
    turn = np.array([[1, 0, 0], [0, np.cos(a), -np.sin(a)], [0, np.sin(a), np.cos(a)]])
    affine[:3, :3] = turn @ affine[:3, :3]
    affine[:3, 3] = 4, 5, 6
    return affine


# napari draws a slice of a turned volume unturned, and says so.
@pytest.mark.filterwarnings("ignore:Non-orthogonal slicing:UserWarning")
def test_a_volume_lies_in_napari_where_nibabel_says(tmp_path):
    nibabel.save(nibabel.Nifti1Image(VOLUME, oblique()), tmp_path / "a.nii.gz")
    (layer,) = layers(tmp_path / "a.nii.gz")
    assert [str(u) for u in layer.units] == ["millimeter"] * 3
    assert layer.axis_labels == ("z", "y", "x")
    for index in np.ndindex(layer.data.shape):
        ijk = np.unravel_index(int(layer.data[index]), VOLUME.shape)
        expected = TO_VIEWER @ nibabel.load(tmp_path / "a.nii.gz").affine @ (*ijk, 1)
        assert np.allclose(layer.data_to_world(index), expected[:3], atol=1e-4)


def test_masks_open_as_labels(tmp_path):
    (tmp_path / "labelsTr").mkdir()
    float_labels = (VOLUME % 3).astype(np.float32)
    for name in ("labelsTr/a.nii.gz", "a_seg.nii.gz"):
        nibabel.save(nibabel.Nifti1Image(float_labels, np.eye(4)), tmp_path / name)
        (layer,) = layers(tmp_path / name)
        assert type(layer).__name__ == "Labels"
        assert layer.data.max() == 2


def test_channels_become_layers_and_levels_stay_lazy(tmp_path):
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["raw"] = np.zeros((9, 8, 7, 2), np.float32)
    assert [layer.ndim for layer in layers(tmp_path / "a.h5")] == [3, 3]
    group = zarr.create_group(tmp_path / "a.zarr", zarr_format=2)
    for i in range(2):
        group.create_array(str(i), shape=(32 >> i, 32 >> i), dtype="u2", chunks=(8, 8))
    datasets = [{"path": str(i)} for i in range(2)]
    axes = [{"name": "y", "type": "space"}, {"name": "x", "type": "space"}]
    group.attrs["multiscales"] = [{"axes": axes, "datasets": datasets}]
    (layer,) = layers(tmp_path / "a.zarr")
    assert layer.multiscale
    assert not isinstance(layer.data[0], np.ndarray)


def test_a_file_with_image_and_mask_gives_both(tmp_path):
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["raw"], file["label"] = VOLUME, VOLUME % 5
    savemat(tmp_path / "a.mat", {"image": VOLUME, "mask": VOLUME % 5})
    for name, wanted in (("a.h5", VOLUME % 5), ("a.mat", np.moveaxis(VOLUME % 5, -1, 0))):
        image, labels = layers(tmp_path / name)
        assert (type(image).__name__, type(labels).__name__) == ("Image", "Labels")
        assert np.array_equal(labels.data, wanted)


@pytest.mark.filterwarnings("ignore:Non-orthogonal slicing:UserWarning")
def test_the_real_series_opens_as_one_volume(real_data):
    pytest.importorskip("SimpleITK")
    folder = next(p for p in real_data("dicom_mr").rglob("*") if any(p.glob("*.dcm")))
    (layer,) = layers(folder)
    assert layer.data.shape == (22, 512, 512)
    assert layer.metadata["scan"]["patient"] == "PGBM-002"
    assert layer.scale.tolist() == pytest.approx([6.5, 0.4297, 0.4297], rel=1e-5)


def test_a_folder_of_pairs_opens_its_first(tmp_path):
    for part in ("images", "masks"):
        (tmp_path / part).mkdir()
        for i in range(3):
            pixels = np.full((20, 30), 10 + i, np.uint8)
            if part == "masks":
                pixels = np.pad(np.full((6, 6), 255, np.uint8), ((4, 10), (4, 20)))
            imsave(tmp_path / part / f"{i}.png", pixels, check_contrast=False)
    image, labels = layers(tmp_path)
    assert (type(image).__name__, type(labels).__name__) == ("Image", "Labels")
    assert (image.name, labels.data.max()) == ("0", 1)


def test_what_is_not_ours_is_left_to_others(tmp_path):
    (tmp_path / "notes").mkdir()
    assert get_reader(str(tmp_path / "notes")) is None
    assert get_reader([str(tmp_path / "a.nii"), str(tmp_path / "b.nii")]) is None
    assert get_reader(str(tmp_path / "a.txt")) is None


def test_napari_keeps_the_formats_it_knows():
    manifest = PluginManifest.from_distribution("napari-unet-workbench")
    patterns = [p for r in manifest.contributions.readers for p in r.filename_patterns]
    assert {"*.nii.gz", "*.nrrd", "*.h5"} <= set(patterns)
    assert not {"*.tif", "*.tiff", "*.png", "*.jpg", "*.npy"} & set(patterns)


def test_a_damaged_file_is_one_clear_error(tmp_path):
    (tmp_path / "a.nii").write_bytes(b"no scan" * 100)
    with pytest.raises(DataError, match=r"a\.nii"):
        get_reader(str(tmp_path / "a.nii"))(str(tmp_path / "a.nii"))

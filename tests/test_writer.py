"""Labels saved from napari lie where they lay in it."""

import nibabel
import numpy as np
import pytest
from napari.layers import Labels
from npe2 import PluginManifest

from napari_unet.data.formats import read_image
from napari_unet.data.readers.space import TO_VIEWER
from napari_unet.errors import DataError
from napari_unet.reader import get_reader
from napari_unet.writer import write_labels_layer

LABELS = (np.arange(5 * 6 * 7).reshape(5, 6, 7) % 11).astype(np.int32)


def save(layer: Labels, path) -> str:
    data, attributes, _ = layer.as_layer_data_tuple()
    (written,) = write_labels_layer(str(path), data, attributes)
    return written


# napari draws a slice of a turned volume unturned, and says so.
@pytest.mark.filterwarnings("ignore:Non-orthogonal slicing:UserWarning")
@pytest.mark.parametrize("rotate", [None, (10, 20, 30)])
@pytest.mark.parametrize("affine", [False, True])
def test_a_layer_of_any_origin_keeps_its_place(tmp_path, rotate, affine):
    turn = np.eye(4)
    turn[:3] = [[0.9, 0.1, 0, 3], [-0.1, 0.9, 0, 4], [0, 0, 1, 5]]
    layer = Labels(
        LABELS,
        scale=(3, 0.75, 0.5),
        translate=(7, 8, 9),
        rotate=rotate,
        affine=turn if affine else None,
        units=("mm",) * 3,
    )
    image = nibabel.load(save(layer, tmp_path / "a.nii.gz"))
    values = np.asarray(image.dataobj)
    for index in [(0, 0, 0), (4, 5, 6), (2, 3, 1), (0, 5, 0)]:
        ijk = index[::-1]
        assert values[ijk] == LABELS[index]
        assert np.allclose(
            (TO_VIEWER @ image.affine @ (*ijk, 1))[:3], layer.data_to_world(index), atol=1e-4
        )


def test_labels_of_our_reader_go_back_into_their_own_grid(tmp_path):
    affine = np.array([[0, 0, 3.0, 5], [-0.5, 0, 0, 6], [0, 0.75, 0, 7], [0, 0, 0, 1]])
    nibabel.save(nibabel.Nifti1Image(LABELS.astype(np.uint8), affine), tmp_path / "a_seg.nii.gz")
    ((data, said, kind),) = get_reader(str(tmp_path / "a_seg.nii.gz"))(tmp_path / "a_seg.nii.gz")
    assert kind == "labels"
    image = nibabel.load(save(Labels(data, **said), tmp_path / "again.nii.gz"))
    assert np.array_equal(image.affine, affine)
    assert np.array_equal(np.asarray(image.dataobj), LABELS)
    moved = save(Labels(data, **{**said, "translate": (1, 2, 3)}), tmp_path / "moved.nii.gz")
    assert not np.allclose(nibabel.load(moved).affine, affine)


def test_a_tiff_keeps_scale_and_units(tmp_path):
    layer = Labels(LABELS, scale=(2, 0.5, 0.5), units=("um",) * 3)
    again = read_image(save(layer, tmp_path / "a.tif"))
    assert (again.axes, again.spacing, again.units) == ("zyx", (2.0, 0.5, 0.5), ("um",) * 3)
    assert np.array_equal(again.array, LABELS)


def test_a_plane_becomes_a_picture(tmp_path):
    again = read_image(save(Labels(LABELS[0]), tmp_path / "a.png"))
    assert np.array_equal(again.array, LABELS[0])
    with pytest.raises(DataError, match="one plane"):
        save(Labels(LABELS), tmp_path / "b.png")


def test_the_save_dialog_offers_it():
    manifest = PluginManifest.from_distribution("napari-unet-workbench")
    (writer,) = manifest.contributions.writers
    assert ".nii.gz" in writer.filename_extensions
    assert [str(t) for t in writer.layer_types] == ["labels"]

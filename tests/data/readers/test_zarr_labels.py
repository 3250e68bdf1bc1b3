"""Labels as OME-Zarr lie where their scan does, in chunks like its own."""

from pathlib import Path

import numpy as np
import pytest
import zarr

from napari_unet.data.formats import read_image, read_mask, write_labels
from napari_unet.data.readers.zarr_labels import create
from napari_unet.data.scan import Scan
from napari_unet.errors import DataError


def store(path: Path, version: int) -> np.ndarray:
    """Write an OME-Zarr image with channels, sizes and a position; return its pixels."""
    array = np.arange(2 * 6 * 8 * 10, dtype=np.uint16).reshape(2, 6, 8, 10)
    group = zarr.open_group(path, mode="w", zarr_format=version)
    group.create_array("0", shape=array.shape, dtype="u2", chunks=(1, 2, 4, 10))[...] = array
    axes = [{"name": "c", "type": "channel"}]
    axes += [{"name": a, "type": "space", "unit": "micrometer"} for a in "zyx"]
    places = [
        {"type": "scale", "scale": [1, 2.0, 0.5, 0.25]},
        {"type": "translation", "translation": [0, 10.0, 20.0, 30.0]},
    ]
    said = {
        "version": "0.4" if version == 2 else "0.5",
        "multiscales": [
            {
                "version": "0.4",
                "axes": axes,
                "datasets": [{"path": "0", "coordinateTransformations": places}],
            }
        ],
    }
    group.attrs.update(said if version == 2 else {"ome": said})
    return array


@pytest.mark.parametrize("version", [2, 3])
def test_labels_have_the_axes_and_place_of_their_scan(tmp_path: Path, version: int) -> None:
    store(tmp_path / "scan.ome.zarr", version)
    scan = read_image(tmp_path / "scan.ome.zarr")
    labels = (np.asarray(scan.array)[..., 0] % 5).astype(np.uint8)
    path = write_labels(tmp_path / "labels.ome.zarr", labels, scan)
    again = read_image(path)
    assert (again.axes, again.spacing, again.units) == ("zyx", (2.0, 0.5, 0.25), ("um",) * 3)
    assert np.allclose(again.affine, scan.affine)
    assert np.array_equal(read_mask(path), labels)
    assert zarr.open_group(path, mode="r").metadata.zarr_format == version
    assert list(tmp_path.glob(".*")) == []


def test_an_earlier_store_is_replaced_as_a_whole(tmp_path: Path) -> None:
    first, second = np.zeros((9, 9), np.uint8), np.ones((4, 5), np.uint8)
    write_labels(tmp_path / "a.zarr", first)
    write_labels(tmp_path / "a.zarr", second)
    assert np.array_equal(read_mask(tmp_path / "a.zarr"), second)
    assert list(tmp_path.glob(".*")) == []


def test_chunks_are_those_of_the_scan(tmp_path: Path) -> None:
    store(tmp_path / "scan.zarr", 3)
    scan = read_image(tmp_path / "scan.zarr")
    made = create(tmp_path / "labels.zarr", scan.spatial, np.uint8, scan)
    assert made.chunks == scan.array.chunksize[:3]
    assert not made[...].any()


def test_a_turned_scan_is_refused(tmp_path: Path) -> None:
    labels, affine = np.zeros((3, 4), np.uint8), np.eye(3)
    affine[:2, :2] = [[0.6, -0.8], [0.8, 0.6]]
    with pytest.raises(DataError, match="turned"):
        write_labels(tmp_path / "a.zarr", labels, Scan(labels, "yx", Path("a"), affine=affine))
    assert not (tmp_path / "a.zarr").exists()

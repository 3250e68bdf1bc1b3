"""Zarr and OME-Zarr of both versions."""

from pathlib import Path

import numpy as np
import pytest
import zarr

from napari_unet.data.formats import describe_image, read_image, read_mask
from napari_unet.errors import DataError

VOLUME = np.arange(6 * 8 * 10, dtype=np.uint16).reshape(6, 8, 10)


def put(group, name: str, array: np.ndarray, **more) -> None:
    chunks = tuple(min(4, n) for n in array.shape)
    group.create_array(name, shape=array.shape, dtype=array.dtype, chunks=chunks, **more)[:] = array


def ome(axes: str, scales: list[list[float]], unit: str = "micrometer", shift=None) -> dict:
    named = [
        {"name": a, "type": "space", "unit": unit} if a in "zyx" else {"name": a, "type": "channel"}
        for a in axes
    ]
    steps = [[{"type": "scale", "scale": s}] for s in scales]
    if shift:
        steps[0].append({"type": "translation", "translation": shift})
    datasets = [{"path": str(i), "coordinateTransformations": s} for i, s in enumerate(steps)]
    return {"multiscales": [{"axes": named, "datasets": datasets}]}


@pytest.fixture(params=[2, 3])
def version(request: pytest.FixtureRequest) -> int:
    return request.param


def new(path: Path, version: int, metadata: dict | None = None):
    group = zarr.create_group(path, zarr_format=version)
    if metadata:
        group.attrs.update({"ome": metadata} if version == 3 else metadata)
    return group


def test_levels_axes_and_sizes_are_what_ome_says(tmp_path: Path, version: int) -> None:
    path = tmp_path / "a.ome.zarr"
    both = np.stack([VOLUME, VOLUME + 1])
    group = new(path, version, ome("czyx", [[1, 2, 0.5, 0.25], [1, 2, 1, 0.5]], shift=[0, 4, 5, 6]))
    put(group, "0", both)
    put(group, "1", both[..., ::2, ::2])
    scan, header = read_image(path), describe_image(path)
    assert scan.lazy
    assert (scan.axes, scan.guess) == ("zyxc", "")
    assert scan.spacing == (2.0, 0.5, 0.25)
    assert scan.units == ("um",) * 3
    assert scan.affine[:3, 3].tolist() == [4, 5, 6]
    assert [a.shape for a in scan.levels] == [(6, 8, 10, 2), (6, 4, 5, 2)]
    assert np.array_equal(np.asarray(scan.array), np.moveaxis(both, 0, -1))
    assert np.array_equal(np.asarray(scan.levels[1]), np.moveaxis(both[..., ::2, ::2], 0, -1))
    assert (header.shape, header.spacing, header.axes) == ((6, 8, 10, 2), scan.spacing, "zyxc")


def test_labels_lie_beside_their_image(tmp_path: Path, version: int) -> None:
    path = tmp_path / "a.zarr"
    group = new(path, version, ome("zyx", [[1, 1, 1]]))
    put(group, "0", VOLUME)
    labels = group.create_group("labels")
    listed = {"labels": ["cells"]}
    labels.attrs.update({"ome": listed} if version == 3 else listed)
    cells = labels.create_group("cells")
    inner = ome("zyx", [[1, 1, 1]])
    cells.attrs.update({"ome": inner} if version == 3 else inner)
    put(cells, "0", VOLUME % 3)
    assert np.array_equal(np.asarray(read_image(path).array), VOLUME)
    assert np.array_equal(read_mask(path), VOLUME % 3)


def test_plain_arrays_and_groups(tmp_path: Path, version: int) -> None:
    array = zarr.create_array(
        tmp_path / "plain.zarr",
        shape=VOLUME.shape,
        dtype="u2",
        chunks=(1, 8, 10),
        zarr_format=version,
    )
    array[:] = VOLUME
    scan = read_image(tmp_path / "plain.zarr")
    assert (scan.axes, "6 slices" in scan.guess) == ("zyx", True)
    group = new(tmp_path / "group.zarr", version)
    put(group, "raw", VOLUME)
    put(group.create_group("deep"), "label", VOLUME % 3)
    assert np.array_equal(np.asarray(read_image(tmp_path / "group.zarr").array), VOLUME)
    assert np.array_equal(read_mask(tmp_path / "group.zarr"), VOLUME % 3)
    other = read_image(tmp_path / "group.zarr", array="deep/label", axes="tyx")
    assert (other.axes, other.array.shape) == ("tyx", (6, 8, 10))


def test_dimensions_may_have_names(tmp_path: Path) -> None:
    group = new(tmp_path / "a.zarr", 3)
    put(group, "raw", VOLUME, dimension_names=("t", "y", "x"))
    assert read_image(tmp_path / "a.zarr").axes == "tyx"


def test_several_images_of_one_file(tmp_path: Path, version: int) -> None:
    group = new(tmp_path / "a.zarr", version, {"bioformats2raw.layout": 3})
    metadata = ome("zyx", [[1, 1, 1]])
    first = group.create_group("0")
    first.attrs.update({"ome": metadata} if version == 3 else metadata)
    put(first, "0", VOLUME)
    scan = read_image(tmp_path / "a.zarr")
    assert np.array_equal(np.asarray(scan.array), VOLUME)
    assert "the first is used" in scan.note


@pytest.mark.parametrize(
    "damage",
    [
        {"multiscales": []},
        {"multiscales": [{"datasets": [{"path": "nowhere"}]}]},
        {"multiscales": [{"datasets": "x"}]},
        {"multiscales": [{"axes": [{"name": "x"}], "datasets": [{"path": "0"}]}]},
        ome("zyx", [[0, 1, 1]]),
        ome("zyx", [[1, 1]]),
        {"plate": {"wells": []}},
    ],
)
def test_damaged_metadata_is_one_clear_error(tmp_path: Path, version: int, damage: dict) -> None:
    group = new(tmp_path / "a.zarr", version, damage)
    if "plate" not in damage:
        put(group, "0", VOLUME)
    if damage == {"multiscales": []}:
        assert read_image(tmp_path / "a.zarr").axes == "zyx"  # as if there were none
        return
    with pytest.raises(DataError, match=r"a\.zarr") as caught:
        read_image(tmp_path / "a.zarr")
    assert "\n" not in str(caught.value)


def test_an_empty_store_is_one_clear_error(tmp_path: Path) -> None:
    (tmp_path / "a.zarr").mkdir()
    with pytest.raises(DataError, match=r"a\.zarr"):
        read_image(tmp_path / "a.zarr")
    (tmp_path / "b.zarr").write_bytes(b"PK")
    with pytest.raises(DataError, match="folder"):
        read_image(tmp_path / "b.zarr")

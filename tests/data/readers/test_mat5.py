"""MATLAB files of version 5, compared with what SciPy writes and reads."""

import random
import zlib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from scipy.io import loadmat, savemat

from napari_unet.data.readers.mat5 import is_mat5, read_arrays
from napari_unet.errors import DataError

KINDS = ["u1", "i1", "u2", "i2", "u4", "i4", "u8", "i8", "f4", "f8"]


@given(
    st.sampled_from(KINDS).flatmap(
        lambda kind: arrays(kind, array_shapes(min_dims=2, max_dims=3, min_side=0, max_side=6))
    ),
    st.booleans(),
)
def test_arrays_are_read_as_scipy_reads_them(tmp_path_factory, array, compressed: bool) -> None:
    path = tmp_path_factory.mktemp("mat") / "a.mat"
    savemat(path, {"first": array, "second": array.T}, do_compression=compressed)
    found, expected = read_arrays(path), loadmat(path)
    for name in ("first", "second"):
        assert found[name].dtype == expected[name].dtype
        np.testing.assert_array_equal(found[name], expected[name])


def test_structs_texts_and_what_is_left_out(tmp_path: Path) -> None:
    path = tmp_path / "a.mat"
    inner = {"image": np.eye(3), "PID": "MR0ä", "border": np.zeros((0, 0)), "deep": {"x": 1.0}}
    savemat(
        path,
        {
            "cjdata": inner,
            "cell": np.array([1, "a"], object),
            "complex": np.array([[1j]]),
            "logical": np.array([[True, False]]),
            "n": 5,
        },
    )
    found = read_arrays(path)
    assert set(found) == {"cjdata/image", "cjdata/PID", "cjdata/border", "logical", "n"}
    assert found["cjdata/PID"].item() == "MR0ä"
    assert found["logical"].tolist() == [[1, 0]]


def test_doubles_may_be_stored_as_bytes(tmp_path: Path) -> None:
    path = tmp_path / "a.mat"
    savemat(path, {"a": np.array([[7]], np.uint8)})
    data = bytearray(path.read_bytes())
    data[128 + 16] = 6  # the class in the array's flags: double, its value still one byte
    path.write_bytes(data)
    found = read_arrays(path)["a"]
    assert found.dtype == np.float64
    assert found.tolist() == [[7]]


def test_headers(tmp_path: Path) -> None:
    for version in "45":
        savemat(tmp_path / f"v{version}.mat", {"a": np.eye(3)}, format=version)
        assert is_mat5(tmp_path / f"v{version}.mat") == (version == "5")
    (tmp_path / "short.mat").write_bytes(b"MATLAB 5.0")
    assert not is_mat5(tmp_path / "short.mat")


@pytest.mark.parametrize("compressed", [False, True])
def test_no_damage_does_more_than_raise(tmp_path: Path, compressed: bool) -> None:
    path = tmp_path / "a.mat"
    image = np.random.default_rng(0).integers(0, 255, (12, 12)).astype(np.uint8)
    savemat(path, {"cjdata": {"image": image, "PID": "1"}, "b": image}, do_compression=compressed)
    whole, chance, damaged = path.read_bytes(), random.Random(0), 0
    for _ in range(400):
        data = bytearray(whole)
        for _ in range(chance.choice([1, 2, 8])):
            data[chance.randrange(124, len(data))] = chance.randrange(256)
        path.write_bytes(data[: chance.choice([len(data), chance.randrange(len(data))])])
        try:
            read_arrays(path)
        except (DataError, ValueError, OverflowError, zlib.error):
            damaged += 1
    assert damaged > 50

"""Files that mean harm, or are no weights: all refused, nothing executed, little memory taken."""

import os
import pickle
import warnings
import zipfile

import pytest
import torch
from safetensors.torch import save_file

from napari_unet.errors import ModelError
from napari_unet.exchange.weights import read_weights


class Harm:
    """Makes a file when it is unpickled."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return os.system, (f"touch {self.path}",)


def test_tensors_come_as_plain_float32(tmp_path):
    weights = {"a": torch.ones(2, 3).half().T, "n": torch.tensor(3)}
    torch.save({**weights, "note": "x"}, tmp_path / "a.pth")
    found = read_weights(tmp_path / "a.pth")
    assert found.tensors["a"].dtype == torch.float32
    assert found.tensors["a"].is_contiguous()
    assert found.tensors["n"] == 3
    assert found.beside == {"note": "x"}
    save_file({"module.a": torch.ones(2)}, tmp_path / "a.safetensors", {"note": "y"})
    found = read_weights(tmp_path / "a.safetensors")
    assert found.tensors["a"].tolist() == [1, 1]
    assert found.beside == {"note": "y"}


@pytest.mark.parametrize("how", ["pickle", "torch", "old torch", "beside weights"])
def test_hostile_pickles_are_refused_and_not_executed(tmp_path, how):
    harm, path = Harm(tmp_path / "done"), tmp_path / "a.pth"
    if how == "pickle":
        path.write_bytes(pickle.dumps({"a": harm}))
    elif how == "beside weights":
        torch.save({"state_dict": {"a": torch.ones(1)}, "harm": harm}, path)
    else:
        torch.save(harm, path, _use_new_zipfile_serialization=how == "torch")
    with (
        warnings.catch_warnings(record=True) as told,
        pytest.raises(ModelError, match="nothing in it is executed"),
    ):
        warnings.simplefilter("always")
        read_weights(path)
    assert not told  # torch asks for reports of pickles that others wrote
    assert not harm.path.exists()
    function, arguments = harm.__reduce__()
    function(*arguments)
    assert harm.path.exists()  # which is how it would have shown


def test_an_archive_that_swells_is_refused(tmp_path):
    torch.save({"a": torch.zeros(1000, 1000)}, tmp_path / "a.pth")
    with zipfile.ZipFile(tmp_path / "a.pth") as plain:
        parts = {name: plain.read(name) for name in plain.namelist()}
    with zipfile.ZipFile(tmp_path / "b.pth", "w", zipfile.ZIP_DEFLATED) as packed:
        for name, data in parts.items():
            packed.writestr(name, data)
    assert (tmp_path / "b.pth").stat().st_size < 50_000
    with pytest.raises(ModelError, match="larger than PyTorch's"):
        read_weights(tmp_path / "b.pth")


def test_few_bytes_cannot_pass_for_many_weights(tmp_path):
    torch.save({"a": torch.zeros(1).expand(10**6, 10**6)}, tmp_path / "a.pth")
    with pytest.raises(ModelError, match="more weights than it holds"):
        read_weights(tmp_path / "a.pth")


def test_tensors_that_reach_beyond_their_file_are_refused(tmp_path):
    """The pickle within tells of more bytes than its part of the archive has."""
    torch.save({"a": torch.zeros(4, dtype=torch.uint8).view(torch.float32)}, tmp_path / "a.pth")
    with zipfile.ZipFile(tmp_path / "a.pth") as plain:
        parts = {name: plain.read(name) for name in plain.namelist()}
    with zipfile.ZipFile(tmp_path / "b.pth", "w") as changed:
        for name, data in parts.items():
            if name.endswith("data.pkl"):
                size = pickle.dumps(1, 2)[2:-1]  # number of values, stride and sides
                assert size in data
                data = data.replace(size, pickle.dumps(100_000, 2)[2:-1])
            changed.writestr(name, data)
    with pytest.raises(ModelError, match="refused"):
        read_weights(tmp_path / "b.pth")


@pytest.mark.parametrize(
    ("found", "words"),
    [
        ([torch.ones(1)], "holds no state dict"),
        (torch.ones(1), "holds no state dict, but one Tensor"),
        ({"a": 1}, "holds no weights"),
        ({"a": torch.tensor([1.0, float("nan")])}, "a holds values that are no numbers"),
        ({"a": torch.ones(1, dtype=torch.complex64)}, "no plain tensor"),
        ({"a": torch.eye(2).to_sparse()}, "refused|no plain tensor"),
        ({"a": torch.ones(1, device="meta")}, "refused|no plain tensor"),
        ({"state_dict": {"a": torch.ones(1)}, "model_state_dict": {}}, "twice"),
    ],
    ids=repr,
)
def test_what_are_no_weights_is_refused(tmp_path, found, words):
    torch.save(found, tmp_path / "a.pth")
    with pytest.raises(ModelError, match=words):
        read_weights(tmp_path / "a.pth")


def test_damaged_and_other_files_are_refused(tmp_path):
    whole = tmp_path / "whole.pth"
    torch.save({"a": torch.rand(50, 50)}, whole)
    data = whole.read_bytes()
    for n in (1, 100, len(data) // 2, len(data) - 10):
        (tmp_path / "part.pth").write_bytes(data[:n])
        with pytest.raises(ModelError):
            read_weights(tmp_path / "part.pth")
    for name in ("none.pth", "empty.pth", "folder.pth", "weights.txt", "not.safetensors"):
        path = tmp_path / name
        if name.startswith("folder"):
            path.mkdir()
        elif not name.startswith("none"):
            path.write_bytes(b"" if name.startswith("empty") else b"hello there, reader")
        with pytest.raises(ModelError, match=name.partition(".")[0]):
            read_weights(path)

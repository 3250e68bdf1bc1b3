import os
import stat

import pytest

from napari_unet import workspace
from napari_unet.workspace import (
    atomic,
    clear,
    dataset_file,
    dataset_folder,
    list_models,
    models_dir,
    set_aside,
)


def test_home_follows_the_environment(tmp_path, monkeypatch):
    monkeypatch.setenv("NAPARI_UNET_HOME", str(tmp_path / "w"))
    assert models_dir() == tmp_path / "w" / "models"
    assert models_dir().is_dir()


def test_models_are_listed_newest_first_without_last_epochs(tmp_path, monkeypatch):
    monkeypatch.setenv("NAPARI_UNET_HOME", str(tmp_path))
    for i, name in enumerate(["a", "b", "a.last"]):
        file = models_dir() / f"{name}.unet.safetensors"
        file.touch()
        os.utime(file, (i, i))
    assert [p.name[0] for p in list_models()] == ["b", "a"]


def test_atomic_replaces_at_the_end(tmp_path):
    file = tmp_path / "sub" / "x"
    with atomic(file) as t:
        t.write_text("new")
        assert not file.exists()
    assert file.read_text() == "new"
    assert list(file.parent.iterdir()) == [file]


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such permission bits")
def test_atomic_gives_the_usual_permissions(tmp_path):
    with atomic(tmp_path / "x") as t:
        t.unlink()  # as libraries do that write to a temporary file of their own
        t.touch(mode=0o600)
    (tmp_path / "y").touch()
    modes = [stat.S_IMODE((tmp_path / n).stat().st_mode) for n in "xy"]
    assert modes[0] == modes[1]


def test_atomic_leaves_the_old_file_on_an_error(tmp_path):
    file = tmp_path / "x"
    file.write_text("old")
    with pytest.raises(OSError, match="full"), atomic(file) as t:
        t.write_text("half")
        raise OSError("disk full")
    assert file.read_text() == "old"
    assert list(tmp_path.iterdir()) == [file]


def test_what_a_killed_process_left_is_cleared(tmp_path):
    kept = [tmp_path / name for name in ("m", "n", ".n.abcdefgh.tmp", ".m.tmp", "m.tmp")]
    for file in kept:
        file.write_text("kept")
    with atomic(tmp_path / "m") as t:
        t.write_text("whole")
        left = t.with_name(".m.zyxwvuts.tmp")
        left.write_text("half")
    clear(tmp_path / "m")
    assert not left.exists()
    assert all(file.exists() for file in kept)


def test_set_aside_keeps_every_version(tmp_path):
    file = tmp_path / "m.unet.safetensors"
    assert set_aside(file) is None
    kept = []
    for text in "abc":
        file.write_text(text)
        os.utime(file, (0, 0))
        kept.append(set_aside(file))
    assert not file.exists()
    assert [k.read_text() for k in kept] == ["a", "b", "c"]
    assert all(k.name.endswith(".unet.safetensors") for k in kept)


def test_set_aside_takes_along_what_lies_beside(tmp_path):
    names = ("m.unet.safetensors", "m.split.json", "m.last.unet.safetensors", "m.resume.pt")
    for name in names:
        (tmp_path / name).write_text(name)
    (tmp_path / "mine.split.json").write_text("another's")
    kept = set_aside(tmp_path / "m.unet.safetensors")
    stem = kept.name.removesuffix(".unet.safetensors")
    assert {p.name for p in tmp_path.iterdir()} == {
        *(name.replace("m.", f"{stem}.", 1) for name in names),
        "mine.split.json",
    }
    assert (tmp_path / f"{stem}.split.json").read_text() == "m.split.json"


def test_platform_folder_without_the_variable(monkeypatch):
    monkeypatch.delenv("NAPARI_UNET_HOME", raising=False)
    assert workspace.home().name == "napari-unet"


def test_what_is_kept_of_a_data_set_lies_together_and_apart_from_others(tmp_path, monkeypatch):
    monkeypatch.setenv("NAPARI_UNET_HOME", str(tmp_path))
    file, folder = dataset_file("/a/set", "left-out"), dataset_folder("/a/set", "corrections")
    assert file.parent == folder.parent and not folder.exists()
    assert folder.name.removesuffix(".corrections") == file.name.removesuffix(".left-out.json")
    assert dataset_folder("/b/set", "corrections") != folder

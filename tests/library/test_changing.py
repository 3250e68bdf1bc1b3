"""Renaming, removing and bringing back."""

from __future__ import annotations

from pathlib import Path

import pytest

from napari_unet.card import SUFFIX, read_card
from napari_unet.errors import DiskError, ModelError
from napari_unet.library import entries, remove, removed, rename, restore
from napari_unet.library.using import using
from napari_unet.workspace import COMPANIONS, models_dir, trash_dir
from sessions import write_model


def family(name: str) -> dict[str, bytes]:
    """Write a model and all that can lie beside it; return what is in them."""
    model = write_model(name)
    for suffix in COMPANIONS:
        model.with_name(name + suffix).write_text(f"{name} {suffix}")
    return contents(models_dir())


def contents(folder: Path) -> dict[str, bytes]:
    return {p.name: p.read_bytes() for p in folder.iterdir()}


def test_a_renamed_model_takes_along_what_lies_beside_it():
    before = family("old")
    found = rename("old", "new")
    assert found.name == "new"
    after = contents(models_dir())
    assert after == {name.replace("old", "new", 1): data for name, data in before.items()}
    assert read_card(found.path).name == "old"  # what it was trained as


def test_a_model_can_change_the_case_of_its_name_or_keep_it():
    write_model("mine")
    assert rename("mine", "Mine").name == "Mine"
    assert rename("Mine", "Mine").name == "Mine"
    assert [e.name for e in entries()] == ["Mine"]


def test_a_name_that_is_taken_is_refused_and_nothing_changes():
    family("a")
    before = family("b")
    with pytest.raises(ModelError, match="called b already"):
        rename("a", "B")
    (models_dir() / "c.split.json").write_text("of an earlier c")
    with pytest.raises(ModelError, match=r"c\.split\.json of an earlier one"):
        rename("a", "c")
    (models_dir() / "c.split.json").unlink()
    assert contents(models_dir()) == before


def test_a_removed_model_comes_back_with_all_that_lay_beside_it():
    before = family("m")
    gone = remove("m")
    assert entries() == []
    assert contents(models_dir()) == {}
    assert gone.size == sum(map(len, before.values()))
    assert removed() == [gone]
    assert restore().name == "m"
    assert contents(models_dir()) == before
    assert removed() == []
    assert list(trash_dir().iterdir()) == []


def test_what_was_removed_last_comes_back_first_and_others_by_name():
    write_model("a", channels=1)
    remove("a")
    write_model("a", channels=3)
    remove("a")
    write_model("b")
    remove("b")
    assert [r.name for r in removed()] == ["b", "a", "a"]
    assert read_card(restore("A").path).network.in_channels == 3
    assert restore("").name == "b"
    with pytest.raises(ModelError, match="There are: a"):
        restore("zebra")


def test_nothing_is_overwritten_by_what_comes_back():
    family("m")
    gone = remove("m")
    newer = write_model("M", channels=3).read_bytes()
    with pytest.raises(ModelError, match="Rename or remove that one first"):
        restore(gone)
    assert (models_dir() / f"M{SUFFIX}").read_bytes() == newer
    rename("M", "other")
    left = models_dir() / "m.resume.json"
    left.write_text("of a training that has just begun")
    with pytest.raises(ModelError, match=r"m\.resume\.json"):
        restore(gone)
    assert left.read_text().endswith("just begun")
    left.unlink()
    restore(gone)
    with pytest.raises(ModelError, match="trash no more"):
        restore(gone)


def test_there_is_a_sentence_where_nothing_was_removed():
    with pytest.raises(ModelError, match="Nothing is in the trash"):
        restore()


@pytest.mark.parametrize("change", [remove, lambda name: rename(name, "new")])
def test_a_failure_halfway_leaves_all_as_it_was(change, monkeypatch):
    before = family("m")
    rename_file, moves = Path.rename, []

    def fail(path, target):
        moves.append(path)
        if len(moves) == 3:
            raise PermissionError(13, "in use")
        return rename_file(path, target)

    monkeypatch.setattr(Path, "rename", fail)
    with pytest.raises(DiskError, match="in use"):
        change("m")
    assert contents(models_dir()) == before
    assert not trash_dir().exists() or list(trash_dir().iterdir()) == []


@pytest.mark.parametrize("moves", range(1, 6))
def test_a_removal_that_was_killed_can_be_undone(moves, monkeypatch):
    before = family("m")
    rename_file, done = Path.rename, []

    def die(path, target):
        if len(done) == moves:
            raise KeyboardInterrupt
        done.append(path)
        return rename_file(path, target)

    with monkeypatch.context() as patched:
        patched.setattr(Path, "rename", die)
        with pytest.raises(KeyboardInterrupt):
            remove("m")
    restore("m")
    assert contents(models_dir()) == before


def test_what_a_running_training_needs_stays(tmp_path):
    model = write_model("m")
    with using([model, tmp_path / "elsewhere"]):
        for change in (lambda: remove("m"), lambda: rename("m", "n")):
            with pytest.raises(ModelError, match="used by a running training"):
                change()
    assert rename("m", "n").name == "n"


def test_boxed_models_stay(boxed):
    for change in (remove, lambda name: rename(name, "mine")):
        with pytest.raises(ModelError, match="came with napari-unet"):
            change("brain-tumor")
    assert boxed.is_file()

"""The Models dock: the library is put in order by clicks, the engine does what takes long."""

from __future__ import annotations

import shutil
from importlib.metadata import PackageNotFoundError
from pathlib import Path

import pytest
from qtpy.QtWidgets import QFileDialog, QInputDialog, QPushButton

from napari_unet import library, workspace
from napari_unet.card import SUFFIX
from napari_unet.errors import ModelError
from napari_unet.events import ModelExported, ModelImported, ModelVerified
from napari_unet.jobs import ExportModelJob, ImportModelJob, VerifyModelJob
from napari_unet.library.names import BOXED
from napari_unet.widgets import ModelsDock
from napari_unet.widgets.docks.models import targets


@pytest.fixture
def dock(viewer, desk, show, write_model, qtbot):
    for name in ("first", "second"):
        write_model(name)
    desk.look()
    return show(ModelsDock(viewer))


def names(dock):
    return sorted(row.name for row in dock.view.cards.rows.rows)


def choose(dock, name):
    dock.view.cards.select(lambda row: row.name == name)


def answer(dock, text):
    """Click on an answer to the question that is asked."""
    buttons = dock.view.question.findChildren(QPushButton)
    next(b for b in buttons if b.isVisible() and b.text() == text).click()


def test_the_library_is_listed_with_scores_and_twins(dock, desk, write_model, qtbot):
    shutil.copyfile(write_model("first"), workspace.models_dir() / f"twin{SUFFIX}")
    write_model("other", classes=("core", "oedema"))
    desk.session.refresh_models()
    assert names(dock) == ["first", "other", "second", "twin"]

    def twins():
        return {row.name: set(row.same_as) for row in desk.catalogue.rows}

    # Models without weights are alike as far as their cards are.
    qtbot.waitUntil(lambda: "twin" in twins()["first"])
    assert twins()["other"] == set()


def test_a_model_is_used_in_segment(dock, monkeypatch):
    shown = []
    monkeypatch.setattr("napari_unet.widgets.docks.models.show_segment_dock", shown.append)
    choose(dock, "first")
    dock.view.use.click()
    assert dock.desk.session.model.name == "first"
    assert dock.desk.session.picked
    assert len(shown) == 1


def test_a_model_is_renamed_and_stays_selected(dock, monkeypatch):
    choose(dock, "first")
    dock.desk.use_model(dock.view.chosen().path, "models")
    given = iter([("second", True), ("", False), ("better", True)])
    monkeypatch.setattr(QInputDialog, "getText", lambda *_, **__: next(given))
    dock.view.rename.click()
    assert "second" in dock.view.strip.text.plain
    dock.view.rename.click()
    assert names(dock) == ["first", "second"]
    dock.view.rename.click()
    assert names(dock) == ["better", "second"]
    assert dock.view.chosen().name == dock.desk.session.model.name == "better"
    assert not dock.view.strip.isVisible()


def test_renaming_can_be_undone_in_turn_with_removing(dock, monkeypatch):
    given = iter(["better", "best"])
    monkeypatch.setattr(QInputDialog, "getText", lambda *_, **__: (next(given), True))
    choose(dock, "first")
    dock.desk.use_model(dock.view.chosen().path, "models")
    dock.view.rename.click()
    dock.view.rename.click()
    dock.view.remove.click()
    answer(dock, "Remove")
    assert dock.view.question.text.plain == "best was removed."
    answer(dock, "Undo (Ctrl+Z)")
    assert dock.view.question.text.plain == "better is now called best."
    dock.desk.use_model(dock.view.chosen().path, "models")
    for name in ("better", "first"):
        dock.view.undo_wanted.emit()
        assert dock.view.chosen().name == dock.desk.session.model.name == name
    assert names(dock) == ["first", "second"]
    assert not dock.view.question.isVisible()


def test_a_name_that_is_given_back_must_be_free(dock, monkeypatch, write_model):
    monkeypatch.setattr(QInputDialog, "getText", lambda *_, **__: ("better", True))
    choose(dock, "first")
    dock.view.rename.click()
    write_model("first")
    answer(dock, "Undo (Ctrl+Z)")
    assert "first already" in dock.view.strip.text.plain
    answer(dock, "Dismiss")
    dock.view.undo_wanted.emit()
    assert {path.name for path in workspace.list_models()} == {
        f"{name}{SUFFIX}" for name in ("better", "first", "second")
    }


def test_removing_asks_and_can_be_undone(dock):
    choose(dock, "first")
    dock.view.remove.click()
    assert "Remove first" in dock.view.question.text.plain
    answer(dock, "Keep")
    assert names(dock) == ["first", "second"]
    for name in ("first", "second"):
        choose(dock, name)
        dock.view.remove.click()
        answer(dock, "Remove")
    assert names(dock) == []
    answer(dock, "Undo (Ctrl+Z)")
    assert dock.view.chosen().name == "second"
    dock.view.undo_wanted.emit()
    assert names(dock) == ["first", "second"]
    assert not dock.view.question.isVisible()
    dock.view.undo_wanted.emit()  # there is nothing more


def test_what_cannot_be_undone_says_why(dock, write_model):
    choose(dock, "first")
    dock.view.remove.click()
    answer(dock, "Remove")
    write_model("first")
    answer(dock, "Undo (Ctrl+Z)")
    assert "first" in dock.view.strip.text.plain
    assert dock.view.question.isVisible()


def test_what_comes_with_the_plugin_stays(dock, desk, tmp_path, write_model, monkeypatch):
    boxed = tmp_path / "boxed"
    boxed.mkdir()
    write_model("inside").rename(boxed / f"inside{SUFFIX}")
    monkeypatch.setattr("napari_unet.library.names.BOXED", boxed)
    desk.session.refresh_models()
    choose(dock, "inside")
    assert dock.view.chosen().mark == "comes with the plugin"
    assert not dock.view.remove.isEnabled()
    assert "comes with the plugin" in dock.view.remove.toolTip()
    assert not list(BOXED.glob("inside*"))


def test_a_file_from_elsewhere_is_imported_to_be_changed(dock, desk, tmp_path, write_model):
    there = tmp_path / f"there{SUFFIX}"
    write_model("gone").rename(there)
    desk.use_model(str(there), "models")
    choose(dock, "there")
    assert "Import it" in dock.view.rename.toolTip()


def test_files_are_imported_one_after_the_other(dock, engines, monkeypatch, qtbot, write_model):
    files = ["/m/a.unet.safetensors", "/m/b.unet.safetensors"]
    monkeypatch.setattr(QFileDialog, "getOpenFileNames", lambda *_: (files, "All files (*)"))
    engines.interactive.script = [ModelImported(str(write_model("added")))]
    dock.view.add.click()
    qtbot.waitUntil(lambda: len(engines.interactive.jobs) == 2)
    qtbot.waitUntil(lambda: not dock.desk.session.busy)
    assert engines.interactive.jobs == [ImportModelJob(file) for file in files]
    assert dock.view.chosen().name == "added"
    assert dock.view.strip.text.plain == "\n".join(["added was added to the library."] * 2)


def test_a_chosen_format_counts_for_files_of_any_ending(dock, engines, monkeypatch, qtbot):
    form = library.FORMATS[0]
    chosen = f"{form.title} (*{form.suffix})"
    monkeypatch.setattr(QFileDialog, "getOpenFileNames", lambda *_: (["/m/a.bin"], chosen))
    engines.interactive.script = [ModelError("a.bin is no model.")]
    dock.view.add.click()
    qtbot.waitUntil(dock.view.strip.isVisible)
    assert engines.interactive.jobs == [ImportModelJob("/m/a.bin", form.name)]
    assert dock.view.strip.text.plain == "a.bin is no model."


def test_a_model_is_exported_with_the_ending_of_its_format(dock, engines, monkeypatch, qtbot):
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: ("/out/mine", ""))
    path = f"/out/mine{SUFFIX}"
    engines.interactive.script = [ModelExported(path)]
    choose(dock, "first")
    dock.view.targets_menu().actions()[0].trigger()
    qtbot.waitUntil(dock.view.strip.isVisible)
    assert engines.interactive.jobs == [ExportModelJob(dock.view.chosen().path, path, "unet")]
    assert dock.view.strip.text.plain == f"Saved {path}"


def test_a_file_that_exists_is_asked_about_if_the_dialog_could_not(
    dock, engines, monkeypatch, qtbot, tmp_path
):
    there = tmp_path / "mine.onnx"
    there.write_bytes(b"somebody's")
    engines.interactive.script = [ModelExported(str(there))]
    choose(dock, "first")
    model = dock.view.chosen()

    def export(given):
        monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(given), ""))
        dock.view.export_wanted.emit(model, "onnx")

    export(there.with_suffix(""))
    assert str(there) in dock.view.question.text.plain
    answer(dock, "Cancel")
    assert not dock.view.question.isVisible()
    export("")
    assert not engines.interactive.jobs
    export(there.with_suffix(""))
    answer(dock, "Export")
    qtbot.waitUntil(lambda: len(engines.interactive.jobs) == 1 and not dock.desk.session.busy)
    assert not dock.view.question.isVisible()
    export(there)  # the dialog has asked
    qtbot.waitUntil(lambda: len(engines.interactive.jobs) == 2 and not dock.desk.session.busy)
    assert engines.interactive.jobs == [ExportModelJob(model.path, str(there), "onnx")] * 2


def test_a_format_that_is_not_installed_says_how_to_install_it(dock, engines, monkeypatch):
    def lacking(_):
        raise PackageNotFoundError

    monkeypatch.setattr(library.formats, "requires", lambda _: ['onnx>=1; extra == "onnx"'])
    monkeypatch.setattr(library.formats, "distribution", lacking)
    dock.view.set_targets(targets())
    choose(dock, "first")
    (action,) = (a for a in dock.view.targets_menu().actions() if "ONNX" in a.text())
    assert action.text() == "ONNX (not installed)"
    action.trigger()
    assert dock.view.strip.text.plain == action.toolTip()
    assert dock.view.strip.text.plain == (
        "ONNX: onnx is not installed. Install it: pip install 'napari-unet-workbench[onnx]'"
    )
    assert not engines.interactive.jobs


def test_a_model_is_verified_and_that_can_be_stopped(dock, engines, wait, qtbot):
    choose(dock, "first")
    engines.interactive.script = [wait]
    dock.view.verify.click()
    qtbot.waitUntil(dock.view.running.isVisible)
    qtbot.waitUntil(lambda: bool(engines.interactive.jobs))
    assert dock.view.verify.toolTip() == "Busy: verifying first."
    dock.view.running.button.click()
    qtbot.waitUntil(lambda: not dock.view.running.isVisible())
    engines.interactive.script = [ModelVerified("", "first is sound.")]
    dock.view.verify.click()
    qtbot.waitUntil(dock.view.strip.isVisible)
    assert engines.interactive.jobs == [VerifyModelJob(dock.view.chosen().path)] * 2
    assert dock.view.strip.text.plain == "first is sound."


def test_a_model_that_is_trained_stays(dock, engines, wait, qtbot, opened_training):
    choose(dock, "first")
    assert dock.view.remove.toolTip() == "This model is being trained."
    opened_training.stop()
    qtbot.waitUntil(lambda: not dock.desk.session.busy)
    assert dock.view.remove.isEnabled()


@pytest.fixture
def opened_training(dock, engines, wait, qtbot):
    """A runner that trains the model called first."""
    from napari_unet.jobs import TrainJob

    path = next(row.path for row in dock.desk.catalogue.rows if row.name == "first")
    engines.train.script = [wait]
    runner = dock.desk.runners["train"]
    runner.start(TrainJob("/d", path), "training first", "train")
    qtbot.waitUntil(lambda: bool(engines.train.jobs))
    return runner


def test_models_are_dropped_on_the_choosers_of_other_docks(viewer, dock, show, engines, qtbot):
    from napari_unet.widgets import SegmentDock

    segment = show(SegmentDock(viewer))
    path = next(row.path for row in dock.desk.catalogue.rows if row.name == "first")
    engines.interactive.script = [ModelImported(path, known=True)]
    segment.view.model.dropped.emit(["/m/a.unet.safetensors"])
    qtbot.waitUntil(segment.view.strip.isVisible)
    assert segment.view.strip.text.plain == "The library has the weights of " + (
        "a.unet.safetensors already: first."
    )
    assert dock.desk.session.model.path == path


def test_pictures_come_from_the_files(dock, qtbot, monkeypatch):
    read = []
    dock.desk.catalogue.pictures_read.connect(read.append)
    qtbot.waitUntil(lambda: bool(read))
    assert {Path(path).name for path in read[0]} == {f"first{SUFFIX}", f"second{SUFFIX}"}
    assert set(read[0].values()) == {None}

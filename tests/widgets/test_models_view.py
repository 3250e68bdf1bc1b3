"""The list of models: what a row says, what can be done with it, and what is told of it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from qtpy.QtCore import QMimeData, QPointF, Qt, QUrl
from qtpy.QtGui import QDragEnterEvent, QDropEvent, QImage
from qtpy.QtWidgets import QApplication

from napari_unet.library import Entry, read_entry
from napari_unet.widgets.views.model_details import facts_of
from napari_unet.widgets.views.model_rows import ModelRow
from napari_unet.widgets.views.models import NONE, NONE_CHOSEN, ModelsView, Target

TEST = {
    "mean": {"dice": 0.81, "iou": 0.72},
    "std": {"dice": 0.2, "iou": 0.2},
    "images": 30,
    "patients": {"count": 9},
}


def told(signal: Any) -> list[Any]:
    found: list[Any] = []
    signal.connect(lambda *args: found.append(args))
    return found


@pytest.fixture
def rows(write_model):
    """Three models: one in the box, a twin of it, and one that cannot be read."""
    boxed = replace(read_entry(write_model("brains")), boxed=True, size=7_800_000)
    about = {"summary": "Outlines tumours in MRI.", "not_for": "Diagnosis.", "licence": "CC0"}
    boxed = replace(boxed, card=replace(boxed.card, about=about))
    twin = read_entry(write_model("mine", classes=("core", "oedema")))
    broken = Entry("broken", "/m/broken.unet.safetensors", None, "broken is damaged.", 10)
    return [
        ModelRow(boxed, {"test": TEST}, fixed="brains comes with the plugin."),
        ModelRow(twin, same_as=("brains",)),
        ModelRow(broken),
    ]


@pytest.fixture
def view(show, rows):
    view = show(ModelsView(lambda file: file.endswith(".onnx")))
    view.set_models(rows)
    return view


def names(view):
    return [row.name for row in view.cards.found.shown()]


def test_a_row_says_what_is_known_of_a_model(rows):
    boxed, twin, broken = rows
    assert boxed.mark == "comes with the plugin"
    assert boxed.found == "tumour in grey images"
    assert boxed.scored == "Dice 0.81 · IoU 0.72"
    assert boxed.file.startswith("7.8 MB · 20")
    assert twin.scored == "val. Dice 0.87"
    assert twin.mark == "same weights as brains"
    assert broken.found == "cannot be used"


def test_models_are_searched_by_all_that_they_say(view):
    for text, found in (
        ("outlines mri", ["brains"]),
        ("OEDEMA", ["mine"]),
        ("plugin", ["brains"]),
        ("damaged", ["broken"]),
    ):
        view.search.setText(text)
        assert names(view) == found
        assert view.count.plain == "1 of 3 models"
    view.search.setText("no such thing")
    assert view.count.plain == "No model holds “no such thing”."
    view.search.clear()
    assert view.count.plain == ""
    view.set_models(())
    assert view.count.plain == NONE


def test_models_are_put_in_order(view):
    for key, first in (("name", "brains"), ("dice", "mine"), ("size", "brains")):
        view.order.set_key(key)
        view.order.chosen.emit(key)
        assert names(view)[0] == first
    assert names(view)[-1] == "broken"


def test_what_can_be_done_depends_on_the_model_and_buttons_say_why_not(view):
    buttons = (view.use, view.export, view.rename, view.remove, view.verify)
    assert [b.toolTip() for b in buttons] == [NONE_CHOSEN] * 5
    view.choose("/m/broken.unet.safetensors")
    assert [b.isEnabled() for b in buttons] == [False, False, True, True, True]
    view.cards.select(lambda row: row.entry.boxed)
    assert [b.isEnabled() for b in buttons] == [True, True, False, False, True]
    assert view.remove.toolTip() == view.reason.plain == "brains comes with the plugin."
    view.set_reason("Busy: training.")
    assert [b.isEnabled() for b in buttons] == [True, False, False, False, False]
    assert not view.add.isEnabled()
    assert [a.isEnabled() for a in view.menu().actions()][:5] == [b.isEnabled() for b in buttons]


def test_what_runs_is_said_once(view):
    view.set_running("Exporting brains …", None, False)
    view.set_reason("Busy: exporting brains.")
    assert view.reason.plain == ""
    assert view.add.toolTip() == "Busy: exporting brains."
    view.set_idle()
    view.set_reason("Busy: training.")
    assert view.reason.plain == "Busy: training."


def test_keys_ask_for_what_the_buttons_do(view, qtbot):
    view.activateWindow()
    qtbot.waitUntil(lambda: QApplication.activeWindow() is view)
    renamed, removed, used = map(told, (view.rename_wanted, view.remove_wanted, view.use_wanted))
    undone = told(view.undo_wanted)
    view.cards.select(lambda row: row.name == "mine")
    view.cards.setFocus()
    for key in (Qt.Key.Key_F2, Qt.Key.Key_Delete, Qt.Key.Key_Return):
        qtbot.keyClick(view.cards, key)
    qtbot.keyClick(view.cards, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert [[row.name for (row,) in asked] for asked in (renamed, removed, used)] == [["mine"]] * 3
    assert len(undone) == 1
    view.search.setFocus()
    qtbot.keyClicks(view.search, "mi")
    qtbot.keyClick(view.search, Qt.Key.Key_Delete)
    assert len(removed) == 1
    view.cards.select(lambda row: row.entry.boxed)
    view.search.clear()
    view.cards.setFocus()
    qtbot.keyClick(view.cards, Qt.Key.Key_Delete)
    assert len(removed) == 1


def test_the_chosen_model_stays_chosen_and_is_shown_when_it_was_hidden(view, rows):
    view.cards.select(lambda row: row.name == "mine")
    view.set_models([replace(row) for row in reversed(rows)])
    assert view.chosen().name == "mine"
    view.search.setText("damaged")
    view.choose(rows[1].path)
    assert view.search.text() == ""
    assert view.chosen().name == "mine"


def test_the_chosen_model_stays_in_sight_when_the_list_has_less_room(view, rows, qtbot):
    own = rows[1].entry
    view.set_models([replace(rows[1], entry=replace(own, path=f"/m/{i}")) for i in range(20)])
    view.choose("/m/8")
    room = view.cards.viewport().rect
    assert view.cards.visualRect(view.cards.currentIndex()).bottom() > 250
    view.resize(300, 500)
    qtbot.waitUntil(lambda: room().height() < 250)
    assert room().contains(view.cards.visualRect(view.cards.currentIndex()))


def test_details_tell_what_the_card_tells_and_nothing_else(view, rows):
    assert view.details.facts == ()
    facts = dict(facts_of(rows[0]))
    assert facts["Test"] == "Dice 0.810 ± 0.200, IoU 0.720 ± 0.200, 30 images, 9 patients"
    assert facts["Not for"] == "Diagnosis."
    assert facts["Trained on"] == "40 cases of brains"
    assert "Limits" not in facts
    view.cards.select(lambda row: row.name == "broken")
    assert view.details.facts == (("", "broken is damaged."), ("File", rows[2].path))


def test_a_card_may_hold_anything(rows, write_model):
    card = replace(
        rows[0].entry.card,
        about={"summary": 7, "limits": ["a", {"b": None}], "use": "long " * 2000},
        scores={"subsets": "none", "val_dice": "high", "x": {"y": {"mean": 3}}},
        data={"cases": True, "folder": ["a"]},
        training={"history": 3, "seconds": "many"},
        created="yesterday",
    )
    row = ModelRow(replace(rows[0].entry, card=card), {"test": {"mean": [1]}})
    facts = dict(facts_of(row))
    assert facts["Limits"] == "a; b:"
    assert len(facts["For"]) < 2000
    assert row.scored == ""


def test_pictures_are_asked_for_when_they_are_looked_at(view, rows, qtbot):
    asked = told(view.pictures_wanted)
    image = QImage(256, 128, QImage.Format.Format_RGB888)
    many = [replace(rows[1], entry=replace(rows[1].entry, path=f"/m/{i}")) for i in range(300)]
    view.set_models(many)
    qtbot.waitUntil(lambda: any("/m/0" in paths for (paths,) in asked))
    seen = asked[-1][0]
    assert len(seen) < 40  # those that can be looked at
    view.set_pictures(dict.fromkeys(seen, image))
    assert view.cards.picture_of(seen[0], many[0]).deviceIndependentSize().width() == 76


def test_formats_to_export_to(view):
    wanted = told(view.export_wanted)
    view.set_targets([Target("onnx", "ONNX"), Target("zip", "Package", "Install it: pip …")])
    view.cards.select(lambda row: row.name == "mine")
    actions = view.targets_menu().actions()
    assert [a.text() for a in actions] == ["ONNX…", "Package (not installed)"]
    actions[0].trigger()
    assert [(row.name, form) for row, form in wanted] == [("mine", "onnx")]


def drop(widget, *files):
    """Drag files over a widget and drop them; return whether they were taken."""
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(file) for file in files])
    action, button = Qt.DropAction.CopyAction, Qt.MouseButton.LeftButton
    keys, at = Qt.KeyboardModifier.NoModifier, QPointF(5, 5)
    enter = QDragEnterEvent(at.toPoint(), action, data, button, keys)
    enter.ignore()
    QApplication.sendEvent(widget, enter)
    if enter.isAccepted():
        QApplication.sendEvent(widget, QDropEvent(at, action, data, button, keys))
    return enter.isAccepted()


def test_files_that_can_be_read_are_dropped_on_the_list(view):
    dropped = told(view.files_dropped)
    assert drop(view.cards.viewport(), "/m/a.onnx", "/m/b.onnx")
    assert not drop(view.cards.viewport(), "/m/a.onnx", "/m/b.png")
    assert dropped == [(["/m/a.onnx", "/m/b.onnx"],)]

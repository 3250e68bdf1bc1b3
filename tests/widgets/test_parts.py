"""The building blocks: what they show, and that their values survive being shown."""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass

import pytest
from qtpy.QtCore import QPoint, Qt
from qtpy.QtGui import QWheelEvent
from qtpy.QtWidgets import QApplication

from napari_unet.config import (
    AugmentConfig,
    OptimConfig,
    PreprocessConfig,
    Recipe,
    SplitConfig,
    UNetConfig,
)
from napari_unet.jobs import TrainJob
from napari_unet.presets import PRESETS, preset
from napari_unet.widgets.parts.action import Action, Running
from napari_unet.widgets.parts.curve import Curve, Line
from napari_unet.widgets.parts.fields import IntField
from napari_unet.widgets.parts.form import Form
from napari_unet.widgets.parts.job_form import JobForm
from napari_unet.widgets.parts.span import Span
from napari_unet.widgets.parts.strip import Strip
from napari_unet.widgets.parts.table import Column, Table
from napari_unet.widgets.parts.text import BREAK, Elided, Text

LONG = "/home/somebody/a_very_long_folder_name/without_any_space_in_it/images/case_000001.png"

# --- text -------------------------------------------------------------------------------------


def test_a_path_wraps_instead_of_widening(show):
    text = show(Text(LONG), width=150)
    assert text.plain == LONG
    assert text.text().replace(BREAK, "") == LONG
    assert text.heightForWidth(150) > 3 * text.fontMetrics().height()
    assert text.minimumSizeHint().width() <= 150


def test_an_empty_text_takes_no_room_and_opens_no_window(qapp):
    text = Text("something")
    assert not text.isVisible()
    text.set_text("")
    assert text.isHidden()


def test_an_elided_text_tells_all_in_its_tooltip(show):
    label = show(Elided(LONG), width=120)
    assert label.minimumSizeHint().width() == 0
    assert label.toolTip() == LONG


# --- messages and buttons ---------------------------------------------------------------------


def test_a_message_can_be_dismissed(show, qtbot):
    strip = show(Strip())
    strip.show_message("It failed.")
    assert strip.isVisible()
    with qtbot.waitSignal(strip.dismissed):
        strip.close_button.click()
    assert not strip.isVisible()
    strip.show_message("")
    assert not strip.isVisible()


def test_a_question_is_answered_by_one_of_its_buttons(show):
    strip, answers = show(Strip()), []
    strip.ask("Replace?", {"Yes": lambda: answers.append(1), "No": lambda: answers.append(0)})
    assert not strip.close_button.isVisible()
    strip._answers.itemAt(1).widget().click()
    assert answers == [0]
    assert not strip.isVisible()
    strip.show_message("Saved.", "info")
    assert strip._answers.count() == 0


def contrast(a: str, b: str) -> float:
    """The contrast of two colours by the Web Content Accessibility Guidelines."""

    def luminance(colour: str) -> float:
        parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
        linear = [p / 12.92 if p <= 0.03928 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
        return sum(w * x for w, x in zip((0.2126, 0.7152, 0.0722), linear, strict=True))

    light, dark = sorted((luminance(a), luminance(b)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def test_messages_and_curves_can_be_read_in_both_themes():
    from napari_unet.widgets.parts import plot, strip

    assert all(contrast(ground, "#ffffff") >= 7 for ground in strip.COLOURS.values())
    assert all(contrast(shade, "#23242b") >= 4.5 for shade in plot.DARK)
    assert all(contrast(shade, "#ebe7e6") >= 4.5 for shade in plot.LIGHT)


def test_a_button_says_why_it_cannot_be_used(show, qtbot):
    action = show(Action("Train", "Train a model"))
    action.set_reason("Open a folder first.")
    assert not action.button.isEnabled()
    assert action.reason.isVisible()
    assert action.button.toolTip() == action.reason.plain == "Open a folder first."
    action.set_reason("")
    assert not action.reason.isVisible()
    assert action.button.toolTip() == "Train a model"
    with qtbot.waitSignal(action.clicked):
        action.button.click()


def test_what_runs_can_be_stopped_once(show, qtbot):
    running = show(Running("Stop"))
    running.set_running("Epoch 3", 0.5)
    assert (running.bar.value(), running.bar.maximum()) == (500, 1000)
    with qtbot.waitSignal(running.stop):
        running.button.click()
    running.set_running("Stopping …", None, stopping=True)
    assert running.bar.maximum() == 0
    assert not running.button.isEnabled()
    running.set_idle()
    assert not running.isVisible()


# --- forms ------------------------------------------------------------------------------------

VALUES = [
    UNetConfig(),
    UNetConfig(depth=2, channels=(8, 16, 24), norm="group", residual=True, dropout=1 / 3),
    PreprocessConfig(mode="patch", size=(96, 160), intensity="zscore"),
    PreprocessConfig(intensity="dataset", mean=(0.1,), std=(1 / 7,)),
    AugmentConfig(flip=False, rotation=0.1, elastic=0.0123456789),
    OptimConfig(lr=1e-5, minutes=1 / 3, ema=0.99999, device="cuda:1", patience=3),
]


@pytest.mark.parametrize("value", VALUES, ids=lambda v: type(v).__name__)
def test_a_form_gives_back_what_it_was_given(value, qapp):
    form = Form(type(value)())
    form.set_value(value)
    assert form.value() == value
    form.set_value(type(value)())
    assert form.value() == type(value)()


def test_a_form_has_the_words_and_bounds_of_its_config(qapp):
    form = Form(OptimConfig(), without=("seed",))
    assert "seed" not in form.fields
    for f in dataclasses.fields(OptimConfig):
        if f.name in form.fields:
            assert form.fields[f.name].toolTip() == f.metadata["help"]
    assert form.fields["batch"].spin.minimum() == 1
    assert form.fields["ema"].spin.maximum() == 0.99999


def test_a_form_tells_of_edits_and_refuses_contradictions(qapp):
    form, heard = Form(UNetConfig()), []
    form.value_changed.connect(lambda: heard.append(form.value()))
    form.fields["depth"].spin.setValue(3)
    assert heard == [UNetConfig(depth=3)]
    form.fields["channels"].line.setText("8, 16")
    form.fields["channels"].line.textEdited.emit("8, 16")
    assert "3 needs 4" in form.problem.plain
    assert form.value() == UNetConfig(depth=3)
    form.set_value(UNetConfig(depth=1))
    assert form.problem.plain == ""
    assert form.value() == UNetConfig(depth=1)


def test_the_wheel_scrolls_the_form_and_changes_nothing(show):
    field = show(IntField(0, 100))
    field.set_value(5)
    field.editor.clearFocus()
    position = field.editor.rect().center().toPointF()
    wheel = QWheelEvent(
        position,
        position,
        QPoint(0, 0),
        QPoint(0, 120),
        Qt.MouseButton.NoButton,
        Qt.KeyboardModifier.NoModifier,
        Qt.ScrollPhase.NoScrollPhase,
        False,
    )
    QApplication.sendEvent(field.editor, wheel)
    assert field.value() == 5


JOBS = [
    TrainJob("/data", "m", minutes=10.0),
    TrainJob("/data", "m", preset="plain", epochs=7, seed=3, split=SplitConfig(seed=3)),
    TrainJob("/data", "m", minutes=0.1, split=SplitConfig.parse("70:30"), limit=20, device="cpu"),
    TrainJob("/data", "m", epochs=1, recipe=Recipe(optim=OptimConfig(lr=1 / 3))),
]


@pytest.mark.parametrize("job", JOBS, ids=range(len(JOBS)))
def test_the_training_form_gives_back_what_it_was_given(job, qapp):
    form = JobForm()
    form.set_value(job)
    assert form.value() == job
    form.set_value(JOBS[0])
    assert form.value() == JOBS[0]


def test_choosing_a_preset_fills_the_advanced_settings(qapp):
    form = JobForm()
    for name in PRESETS:
        form.preset.set_value(name)
        assert form.value().preset == name
        assert form.value().recipe is None
        assert form.sections["optim"].value() == preset(name).optim


def test_a_preset_brings_its_budget_and_split_unless_they_were_changed(qapp):
    form = JobForm()
    assert form.preset.combo.currentText() == "Auto"
    form.preset.set_value("lab")
    job = form.value()
    assert (job.minutes, job.epochs) == (0.0, 20)
    assert job.split == SplitConfig.parse("70:30")
    assert form.split.combo.currentText() == "70:30"
    assert form.budget.unit.value() == "epochs"
    form.budget.epochs.set_value(7)
    form.split.combo.setEditText("60:20:20")
    form.preset.set_value("auto")
    job = form.value()
    assert (job.minutes, job.epochs) == (0.0, 7)
    assert job.split == SplitConfig.parse("60:20:20")


def test_an_advanced_setting_makes_the_recipe_ones_own_until_another_preset(qapp):
    form = JobForm()
    form.sections["optim"].fields["batch"].spin.setValue(3)
    recipe = form.value().recipe
    assert recipe is not None
    assert recipe == dataclasses.replace(
        preset("auto"), optim=dataclasses.replace(preset("auto").optim, batch=3)
    )
    assert "changed" in form.about.plain
    form.preset.set_value("plain")
    assert form.value().recipe is None


def test_sections_that_contradict_each_other_are_said_and_nothing_is_lost(qapp):
    form = JobForm()
    before, told = form.value(), []
    form.value_changed.connect(lambda: told.append(form.problem))
    form.sections["network"].fields["dims"].set_value(3)
    assert "3D network needs 3 numbers as the working size" in told[-1]
    assert form.value() == before
    form.sections["preprocess"].fields["size"].set_value((16, 64, 64))
    assert form.problem == ""
    assert form.value().recipe.network.dims == 3
    assert form.value().recipe.preprocess.size == (16, 64, 64)
    form.sections["network"].fields["dims"].set_value(2)
    assert form.problem
    form.preset.set_value("plain")
    assert form.problem == ""


def test_minutes_or_epochs(qapp):
    form = JobForm()
    form.budget.unit.combo.setCurrentText("epochs")
    form.budget.epochs.spin.setValue(3)
    assert (form.value().minutes, form.value().epochs) == (0.0, 3)
    form.budget.unit.combo.setCurrentText("minutes")
    form.budget.minutes.spin.setValue(0.5)
    assert (form.value().minutes, form.value().epochs) == (0.5, 0)


def test_a_split_is_written_as_people_write_it(qapp):
    form = JobForm()
    form.split.combo.setEditText("70:30")
    assert form.value().split == SplitConfig.parse("70:30")
    form.split.combo.setEditText("half and half")
    assert "80:10:10" in form.problem
    assert form.value().split == SplitConfig.parse("70:30")
    form.split.combo.setEditText("1:1:1")
    assert form.problem == ""


# --- tables -----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Fruit:
    name: str
    weight: float


@pytest.fixture
def table(show):
    columns = (Column("Name", lambda r: r.name), Column("g", lambda r: "x", lambda r: r.weight))
    table = show(Table(columns))
    table.set_widths("apple", "100", grow=0)
    nan = float("nan")
    rows = [Fruit("mean", 5), Fruit("apple", 10), Fruit("fig", 2), Fruit("?", nan), Fruit("Pea", 1)]
    table.rows.set_rows(rows, pinned=1)
    return table


def shown(table):
    model = table.model()
    return [model.index(i, 0).data() for i in range(model.rowCount())]


def test_rows_sort_by_value_with_the_pinned_on_top_and_the_missing_last(table):
    table.sortByColumn(1, Qt.SortOrder.AscendingOrder)
    assert shown(table) == ["mean", "Pea", "fig", "apple", "?"]
    table.sortByColumn(1, Qt.SortOrder.DescendingOrder)
    assert shown(table) == ["mean", "apple", "fig", "Pea", "?"]


def test_rows_that_are_added_go_where_they_belong(table):
    nan = float("nan")
    new = [Fruit("kiwi", 7), Fruit("??", nan), Fruit("melon", 99), Fruit("nut", 0)]
    for row in new[:2]:
        table.rows.append(row)
    assert shown(table)[-2:] == ["kiwi", "??"]
    table.sortByColumn(1, Qt.SortOrder.DescendingOrder)
    for row in new[2:]:
        table.rows.append(row)
    expected = ["mean", "melon", "apple", "kiwi", "fig", "Pea", "nut", "?", "??"]
    assert shown(table) == expected
    table.sortByColumn(1, Qt.SortOrder.AscendingOrder)
    assert shown(table) == ["mean", *reversed(expected[1:-2]), "?", "??"]
    assert [r.name for r in table.rows.given][-4:] == [r.name for r in new]


def test_the_current_row_stays_current_when_sorted(table):
    table.select(lambda row: row.name == "fig")
    table.sortByColumn(1, Qt.SortOrder.AscendingOrder)
    assert table.currentIndex().data() == "fig"


def test_a_row_that_changes_goes_where_it_belongs_and_stays_chosen(table, qtbot):
    table.sortByColumn(1, Qt.SortOrder.AscendingOrder)
    fig = next(row for row in table.rows.given if row.name == "fig")
    table.select(lambda row: row is fig)
    table.rows.replace(fig, Fruit("date", 3))  # which belongs where the fig was
    assert shown(table) == ["mean", "Pea", "date", "apple", "?"]
    date = next(row for row in table.rows.given if row.name == "date")
    table.rows.replace(date, Fruit("melon", 99))
    assert shown(table) == ["mean", "Pea", "apple", "melon", "?"]
    assert table.currentIndex().data() == "melon"
    assert [row.name for row in table.rows.given] == ["mean", "apple", "melon", "?", "Pea"]
    table.found.set_search("melon")
    assert shown(table) == ["mean", "melon"]
    table.rows.replace(table.rows.rows[3], Fruit("plum", 98))
    assert shown(table) == ["mean"]  # what no longer passes is gone


def test_what_is_pinned_changes_and_the_rest_stays_chosen(table):
    table.select(lambda row: row.name == "fig")
    table.sortByColumn(1, Qt.SortOrder.AscendingOrder)
    rest = ["Pea", "fig", "apple", "?"]
    for names in (["sum"], ["mean", "least", "most"], [], ["all"]):
        table.rows.set_pinned([Fruit(name, 50) for name in names])
        assert shown(table) == [*names, *rest]
        assert table.rows.pinned == len(names)
        assert table.currentIndex().data() == "fig"
    table.sortByColumn(1, Qt.SortOrder.DescendingOrder)
    assert shown(table) == ["all", "apple", "fig", "Pea", "?"]


def test_a_range_may_be_open_at_either_end(show, qtbot):
    span = show(Span())
    assert span.is_open()
    assert span.bounds() == (-math.inf, math.inf)
    with qtbot.waitSignal(span.changed):
        span.low.setText("0.25")
    assert span.bounds() == (0.25, math.inf)
    span.high.setText("-")  # half of a number
    assert span.bounds() == (0.25, math.inf)
    span.high.setText("-1e2")
    assert span.bounds() == (0.25, -100)
    span.clear()
    assert span.is_open()


def test_search_finds_every_word_in_any_case(table):
    table.found.set_search("pe")
    assert shown(table) == ["mean", "Pea"]
    table.found.set_search("")
    assert len(shown(table)) == 5


def test_a_click_or_enter_opens_a_row_but_not_a_pinned_one(table, qtbot):
    opened = []
    table.opened.connect(opened.append)
    table.setCurrentIndex(table.model().index(2, 0))
    qtbot.keyClick(table, Qt.Key.Key_Return)
    assert [r.name for r in opened] == ["fig"]
    for row in (0, 1):
        where = table.visualRect(table.model().index(row, 0)).center()
        qtbot.mouseClick(table.viewport(), Qt.MouseButton.LeftButton, pos=where)
    assert [r.name for r in opened] == ["fig", "apple"]


def test_a_hundred_thousand_rows_are_no_burden(table):
    table.rows.set_rows([Fruit(f"fruit {i}", i % 97) for i in range(100_000)])
    assert table.model().rowCount() == 100_000


# --- curves -----------------------------------------------------------------------------------


@pytest.mark.parametrize("values", [(), (0.5,), (0.5, 0.5), (1.0, float("nan"), 0.2)])
def test_a_curve_draws_whatever_there_is(values, show):
    curve = show(Curve("Loss"))
    curve.set_lines([Line("training", values), Line("validation", values)])
    assert not curve.grab().isNull()


def test_a_curve_says_its_latest_values(qapp):
    curve = Curve("Loss")
    curve.set_lines([Line("training", (0.5, 0.25))])
    assert curve.accessibleName() == "Loss: training 0.250"

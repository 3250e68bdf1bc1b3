"""The parts of the Segment view: signals out, setters in."""

from __future__ import annotations

from typing import Any

import pytest
from qtpy.QtCore import Qt

from napari_unet.config import CleanUp
from napari_unet.labelling import OWN
from napari_unet.widgets.views.segment import SegmentView


@pytest.fixture
def view(show: Any) -> SegmentView:
    shown: SegmentView = show(SegmentView())
    return shown


def told(signal: Any) -> list[Any]:
    """Return a list that grows with what a signal tells."""
    found: list[Any] = []
    signal.connect(lambda *args: found.append(*args or (None,)))
    return found


# --- thresholds -------------------------------------------------------------------------------


def test_one_class_has_one_slider_and_several_have_one_each(view):
    assert view.slider.isVisible()
    view.set_thresholds(("core", "oedema"), (0.3, OWN), "")
    assert not view.slider.isVisible()
    core, oedema = view.thresholds.rows
    assert (core.slider.value(), core.number.value()) == (30, 0.3)
    assert oedema.number.text() == "auto"
    assert oedema.value() == OWN
    view.set_threshold(0.4, "", 0.5)
    assert view.slider.isVisible()
    assert view.thresholds.rows == []


def test_no_thresholds_stand_for_the_likeliest(view):
    view.set_thresholds(("core", "oedema"), (), "")
    assert [row.value() for row in view.thresholds.rows] == [OWN, OWN]


def test_every_move_tells_the_thresholds_of_all_classes(view):
    found = told(view.thresholds_changed)
    view.set_thresholds(("core", "oedema"), (), "")
    core, oedema = view.thresholds.rows
    core.slider.setValue(20)
    oedema.number.setValue(0.75)
    oedema.number.stepBy(-76)  # below nothing is "auto" again
    assert found == [(0.2, OWN), (0.2, 0.75), (0.2, OWN)]


def test_a_slider_that_nobody_had_moved_counts_when_it_is_grasped(view, qtbot):
    found = told(view.thresholds_changed)
    view.set_thresholds(("core",), (), "")
    view.thresholds.rows[0].slider.sliderPressed.emit()
    assert found == [(0.5,)]


def test_rows_stay_while_their_values_change(view):
    view.set_thresholds(("core", "oedema"), (), "")
    rows = list(view.thresholds.rows)
    view.set_thresholds(("core", "oedema"), (0.2, 0.3), "")
    assert view.thresholds.rows == rows
    assert [row.value() for row in rows] == [0.2, 0.3]


@pytest.mark.parametrize("how", ["button", "double click"])
def test_the_way_back_to_the_models_own(how, view, qtbot):
    found = told(view.threshold_changed)
    view.set_threshold(0.5, "", own=0.42)
    row = view.thresholds.lone
    if how == "button":
        qtbot.mouseClick(row.reset, Qt.MouseButton.LeftButton)
    else:
        qtbot.mouseDClick(row.slider, Qt.MouseButton.LeftButton)
    assert found[-1] == 0.42
    assert row.value() == 0.42
    assert not row.reset.isEnabled()
    assert "0.42" in row.reset.toolTip()


def test_a_class_goes_back_to_auto(view, qtbot):
    found = told(view.thresholds_changed)
    view.set_thresholds(("core", "oedema"), (0.3, 0.4), "")
    qtbot.mouseClick(view.thresholds.rows[1].reset, Qt.MouseButton.LeftButton)
    assert found == [(0.3, OWN)]


def test_the_keyboard_moves_the_threshold(view, qtbot):
    found = told(view.threshold_changed)
    view.set_threshold(0.5, "", own=0.5)
    view.slider.setFocus()
    qtbot.keyClick(view.slider, Qt.Key.Key_Right)
    qtbot.keyClick(view.slider, Qt.Key.Key_PageUp)
    qtbot.keyClick(view.thresholds.lone.reset, Qt.Key.Key_Space)
    assert found == [0.51, 0.56, 0.5]


def test_what_cannot_be_moved_says_why(view, qtbot):
    found = told(view.thresholds_changed)
    view.set_thresholds(("core",), (0.3,), "Segment first.")
    row = view.thresholds.rows[0]
    assert view.threshold_note.plain == row.slider.toolTip() == "Segment first."
    assert not row.reset.isEnabled()
    qtbot.mouseDClick(row.slider, Qt.MouseButton.LeftButton)
    assert found == []


# --- clean-up and objects ---------------------------------------------------------------------


def test_clean_up_is_told_once_per_change_and_comes_back_as_it_was(view):
    found = told(view.cleanup_changed)
    view.cleaning.form.fields["fill_holes"].box.setChecked(True)
    view.cleaning.form.fields["min_size"].spin.setValue(40)
    assert found == [CleanUp(fill_holes=True), CleanUp(fill_holes=True, min_size=40)]
    wanted = CleanUp(smooth=1.25, largest=True, objects="watershed")
    view.set_cleanup(wanted)
    assert view.cleaning.form.value() == wanted
    assert len(found) == 2


def test_a_closed_fold_tells_that_labels_are_cleaned_up(view):
    assert "on" not in view.cleaning.button.text()
    assert not view.cleaning.reset.isEnabled()
    view.set_cleanup(CleanUp(smooth=1.0))
    assert "(on)" in view.cleaning.button.text()
    found = told(view.cleanup_changed)
    view.cleaning.reset.click()
    assert found == [CleanUp()]
    assert "(on)" not in view.cleaning.button.text()


def test_objects_are_counted_measured_and_saved(view):
    measured, saved = told(view.measure_wanted), told(view.export_wanted)
    view.set_objects("12 objects.")
    assert view.objects.text.plain == "12 objects."
    view.objects.measure.click()
    view.objects.export.click()
    assert (len(measured), len(saved)) == (1, 1)
    view.set_no_result("Segment the image first.")
    for button in (view.objects.measure, view.objects.export, view.more.probability):
        assert not button.isEnabled()
    assert view.objects.measure.toolTip() == "Segment the image first."
    view.set_no_result("")
    assert view.objects.measure.isEnabled()
    assert view.more.uncertainty.isEnabled()


# --- how the network is asked -----------------------------------------------------------------


def test_the_plain_view_stays_plain(view):
    assert not any(fold.content.isVisible() for fold in (view.cleaning, view.objects, view.more))
    assert not view.stale.isVisible()


def test_parts_axes_and_averages_are_chosen(view):
    view.more.set_open(True)
    more = view.more
    wheres, axes, averages = map(told, (more.where_chosen, more.axis_chosen, more.average_chosen))
    view.set_wheres([("whole", "the whole image"), ("slice", "the shown slice")], "slice")
    view.set_axes([(0, "z"), (2, "x")], 2)
    view.set_average("flips")
    assert (view.more.where.key(), view.more.axis.key(), view.more.average.key()) == (
        *("slice", "2", "flips"),
    )
    for choice, key in ((view.more.where, "whole"), (view.more.axis, "0")):
        choice.set_key(key)
        choice.activated.emit(choice.currentIndex())
    view.more.average.set_key("turns")
    view.more.average.activated.emit(0)
    assert (wheres, axes, averages) == (["whole"], [0], ["turns"])


def test_there_is_no_choice_of_axes_where_there_is_none(view):
    view.more.set_open(True)
    label = view.more.choices.labelForField(view.more.axis)
    assert not view.more.axis.isVisible()
    assert not label.isVisible()
    view.set_axes([(0, "z")], 0)
    assert view.more.axis.isVisible()
    assert label.isVisible()


def test_maps_are_asked_for(view):
    probability, uncertainty = (
        told(view.more.probability_wanted),
        told(view.more.uncertainty_wanted),
    )
    view.more.probability.click()
    view.more.uncertainty.click()
    assert (len(probability), len(uncertainty)) == (1, 1)


def test_what_is_stale_can_be_made_again(view):
    wanted = told(view.segment_wanted)
    view.set_stale("The image changed since these labels were made.")
    assert view.stale.isVisible()
    view.stale.button.click()
    assert len(wanted) == 1
    view.set_reason("Busy: training.")
    assert not view.stale.button.isEnabled()
    view.set_stale("")
    assert not view.stale.isVisible()

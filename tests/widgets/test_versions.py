"""The list of versions, alone."""

from __future__ import annotations

from pathlib import Path

import pytest
from qtpy.QtCore import Qt

from napari_unet.data.corrections import Version
from napari_unet.widgets.versioning import Listed
from napari_unet.widgets.views.versions import VersionsFold


def version(number, role="prediction", **more):
    path = Path(f"/w/{number:04d}.{role}.tif")
    known = {"added": 143, "removed": 20, "based_on": number - 1, "model": "net", **more}
    return Version(number, path, "2026-01-02T03:04:05+00:00", role, "me@here", "c", **known)


@pytest.fixture
def fold(show):
    return show(VersionsFold())


def several(**more):
    known = {"counting": (("reference", 1), ("prediction", 3)), "size": 1200, "all": 3_400_000}
    versions = (version(3, dice=0.8125), version(2), version(1, "reference"))
    return Listed("c", versions, **{**known, **more})


def texts(fold):
    model = fold.table.found
    return [
        [model.index(row, column).data() for column in range(model.columnCount())]
        for row in range(model.rowCount())
    ]


def choose(fold, number):
    fold.table.select_all(lambda v: v.number == number)


def test_it_says_what_will_appear(fold):
    assert "Open a case" in fold.counts.plain
    fold.set_listed(Listed("c"), "")
    assert "saved here by itself" in fold.counts.plain
    assert not fold.table.isVisible() and not fold.delete.isVisible()


def test_versions_are_listed_with_what_changed_and_what_counts(fold):
    fold.set_listed(several(), "")
    rows = texts(fold)
    assert [row[0] for row in rows] == ["3", "2", "1"]
    assert [row[2] for row in rows] == ["prediction", "", "reference"]
    assert rows[0][3:5] == ["+143 −20", "0.812"]
    assert fold.counts.plain == "Prediction: version 3, corrected\nReference: version 1"
    assert "1.2 kB" in fold.room.plain and "3.4 MB" in fold.room.plain
    assert "Versions (3)" in fold.button.text()
    tip = fold.table.found.index(0, 0).data(Qt.ItemDataRole.ToolTipRole)
    assert "painted on the prediction, on version 2" in tip and "labels by net" in tip


def test_one_version_may_count_as_both(fold):
    counting = (("reference", 3), ("prediction", 3))
    fold.set_listed(several(counting=counting, follows=True), "")
    assert texts(fold)[0][2] == "both"
    assert fold.follow.isChecked() and "your corrected prediction" in fold.counts.plain


def test_buttons_say_why_they_cannot_be_used(fold):
    fold.set_listed(several(), "")
    assert not fold.prediction.isEnabled() and "Choose a version" in fold.prediction.toolTip()
    choose(fold, 3)
    assert "prediction already" in fold.prediction.toolTip()
    assert fold.reference.isEnabled()
    assert not fold.delete.isEnabled() and "counts" in fold.delete.toolTip()
    choose(fold, 2)
    assert fold.prediction.isEnabled() and fold.delete.isEnabled()
    assert not fold.undo.isEnabled() and "nothing to undo" in fold.undo.toolTip()
    fold.set_listed(several(), "version 2 deleted")
    assert fold.undo.isEnabled() and fold.undo.toolTip() == "Undo: version 2 deleted"
    fold.set_listed(several(counting=(("reference", None), ("prediction", None))), "")
    assert not fold.no_reference.isEnabled() and not fold.follow.isEnabled()


def test_a_damaged_version_can_only_be_deleted(fold):
    fold.set_listed(Listed("c", (version(1, damage="it has 3 bytes, not 9"),)), "")
    assert texts(fold)[0][2] == "damaged"
    choose(fold, 1)
    assert not fold.prediction.isEnabled() and "3 bytes" in fold.prediction.toolTip()
    assert fold.delete.isEnabled()


def test_what_a_person_does_is_told(fold, qtbot):
    fold.set_listed(several(), "something")
    choose(fold, 2)
    for button, signal, told in (
        (fold.prediction, fold.restore_wanted, ["prediction", 2]),
        (fold.reference, fold.restore_wanted, ["reference", 2]),
        (fold.no_prediction, fold.restore_wanted, ["prediction", None]),
        (fold.no_reference, fold.restore_wanted, ["reference", None]),
        (fold.delete, fold.delete_wanted, [version(2)]),
        (fold.follow, fold.follow_wanted, [True]),
        (fold.undo, fold.undo_wanted, []),
    ):
        with qtbot.waitSignal(signal, timeout=1000) as heard:
            button.click()
        assert heard.args == told


def test_what_could_not_be_saved_stands_there_and_can_be_tried_again(fold, qtbot):
    fold.set_state("Saved 14:03, version 3", "")
    assert fold.state.plain == "Saved 14:03, version 3" and not fold.again.isVisible()
    fold.set_state("", "The disk is full.")
    assert "The disk is full." in fold.error.plain and fold.again.isVisible()
    with qtbot.waitSignal(fold.again_wanted, timeout=1000):
        fold.again.click()


def test_it_fits_into_300_pixels(fold):
    fold.set_listed(several(), "version 2 deleted")
    assert fold.minimumSizeHint().width() <= 290

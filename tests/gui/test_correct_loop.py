"""The loop in a real window with a real engine: score, paint, keep, improve, compare, choose."""

from __future__ import annotations

import numpy as np
import pytest
from qtpy.QtCore import Qt

from bench import SLOW, click, open_folder, train
from napari_unet.data import corrections
from napari_unet.data.sample import write_sample
from napari_unet.session import PLANNED
from napari_unet.widgets.training import model_path

SECONDS = 0.05  # minutes of improving, as the form counts


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return write_sample(tmp_path_factory.mktemp("data") / "loop", 6, 3, 64)


def test_the_loop(viewer, bench, folder, qtbot, monkeypatch, picture):
    session = open_folder(bench, folder, qtbot, monkeypatch)
    desk, correct = bench.correct.desk, bench.correct
    train(bench, qtbot, epochs=8)
    qtbot.waitUntil(lambda: "train" not in session.busy, timeout=SLOW)
    old = model_path("loop")
    assert session.model.path == str(old), bench.train.view.strip.text.plain
    before = old.read_bytes()

    worst = evaluate_and_open_the_worst(bench, qtbot)
    picture("loop-1-worst-opened")
    shown = paint_towards_the_reference(viewer, bench, qtbot, worst)
    picture("loop-2-painted")
    keep_as_reference(bench, folder, qtbot, worst.name)
    picture("loop-3-kept")
    after_reopening_it_is_there(viewer, bench, qtbot, worst.name, shown)

    find_next(bench, qtbot, worst.name)
    picture("loop-4-next")
    new = improve(bench, qtbot, picture)
    assert session.improved.old == str(old)
    assert session.improved.new == str(new)
    assert [s.name for s in session.improved.before] == [s.name for s in session.improved.after]
    subsets = session.subsets
    assert {subsets[s.name] for s in session.improved.after} == {"test"}
    assert session.model.path == str(old)  # until somebody chooses
    view = correct.learning.improve
    assert "images" in view.words.plain
    correct.view.area.ensureWidgetVisible(view.new)
    picture("loop-5-compared")
    viewer.theme = "light"
    picture("loop-5-compared-light")
    viewer.theme = "dark"

    click(qtbot, view.new)
    assert session.model.path == str(new)
    assert not view.result.isVisible()
    assert "is selected" in correct.view.strip.text.plain
    assert old.read_bytes() == before
    assert new.is_file()
    picture("loop-6-chosen")
    assert desk.session is session


def evaluate_and_open_the_worst(bench, qtbot):
    """Score all cases; open the worst of those that may be learned from, by Enter in the table."""
    bench.tabs.setCurrentWidget(bench.evaluate)
    view, session = bench.evaluate.view, bench.evaluate.desk.session
    qtbot.waitUntil(lambda: session.split_source != PLANNED, timeout=SLOW)
    qtbot.keyClick(view.subset, Qt.Key.Key_End)
    assert view.subset.key() == "all"
    click(qtbot, view.evaluate.button)
    qtbot.waitUntil(
        lambda: session.sheet is not None and session.sheet.summary is not None, timeout=SLOW
    )
    learned = [
        s for s in session.sheet.scores if session.subsets[s.name] == "train" and not s.empty
    ]
    worst = min(learned, key=lambda s: s.dice)
    table = view.scores.table
    table.select(lambda line: line.name == worst.name)
    qtbot.keyClick(table, Qt.Key.Key_Return)
    qtbot.waitUntil(
        lambda: session.case is not None and session.case.name == worst.name, timeout=SLOW
    )
    qtbot.waitUntil(lambda: segmentation(bench) is not None, timeout=SLOW)
    return worst


def segmentation(bench):
    """Return the layer of the open case's labels, once they are there."""
    correcting = bench.correct.correcting
    judged = correcting.judges.prediction
    ready = correcting.counting is not None and correcting.counting.ready
    return judged if judged is not None and ready else None


def paint_towards_the_reference(viewer, bench, qtbot, worst):
    """Paint what was missed, stroke by stroke, and watch the scores rise in dock and table."""
    bench.tabs.setCurrentWidget(bench.correct)
    correcting, session = bench.correct.correcting, bench.correct.desk.session
    qtbot.waitUntil(lambda: segmentation(bench) is not None, timeout=SLOW)
    layer, reference = segmentation(bench), correcting.judges.reference
    assert correcting.scores.now.dice == pytest.approx(worst.dice, abs=1e-6)
    click(qtbot, bench.correct.view.painting.paint)
    assert viewer.layers.selection.active is layer
    seen = [correcting.scores.now.dice]
    wrong = np.argwhere(np.asarray(layer.data) != np.asarray(reference.data))
    assert len(wrong)
    layer.brush_size = 1
    for part in np.array_split(wrong, 3):
        for value in (0, 1):
            pixels = part[np.asarray(reference.data)[tuple(part.T)] == value]
            if len(pixels):
                layer.data_setitem(tuple(pixels.T), value)
        qtbot.waitUntil(lambda last=seen[-1]: correcting.scores.now.dice > last, timeout=SLOW)
        seen.append(correcting.scores.now.dice)
    assert seen == sorted(seen)
    assert seen[-1] == 1.0
    in_table = lambda: {s.name: s.dice for s in session.sheet.scores}[worst.name]  # noqa: E731
    qtbot.waitUntil(lambda: in_table() == 1.0, timeout=SLOW)
    return np.asarray(layer.data).copy()


def keep_as_reference(bench, folder, qtbot, name):
    """Wait until the correction is a version, and let it be the reference."""
    keeper, session = bench.correct.desk.keeper, bench.correct.desk.session
    qtbot.waitUntil(lambda: bool(corrections.versions(folder, name)), timeout=SLOW)
    bench.correct.versions.set_open(True)
    qtbot.waitUntil(lambda: not keeper.saver.error, timeout=SLOW)
    bench.correct.desk.versioner.follow(True)
    qtbot.waitUntil(
        lambda: session.case is not None and session.case.correction is not None, timeout=SLOW
    )
    assert name in corrections.corrected(folder)
    assert session.case.correction.is_file()


def after_reopening_it_is_there(viewer, bench, qtbot, name, painted):
    """Go to another case and back: what was painted is shown, and no network is asked."""
    desk, session = bench.correct.desk, bench.correct.desk.session
    other = next(c.name for c in session.dataset.cases if c.name != name)
    desk.open_case_named(other)
    qtbot.waitUntil(lambda: session.case.name == other, timeout=SLOW)
    desk.loader.open_case(next(c for c in session.dataset.cases if c.name == name))
    qtbot.waitUntil(lambda: session.case.name == name, timeout=SLOW)

    def back():
        layer = segmentation(bench)
        return layer is not None and np.array_equal(np.asarray(layer.data), painted)

    qtbot.waitUntil(back, timeout=SLOW)


def find_next(bench, qtbot, name):
    """Rank the cases; the corrected one is ticked off and last."""
    learning, session = bench.correct.learning, bench.correct.desk.session
    learning.next_fold.set_open(True)
    bench.correct.view.area.ensureWidgetVisible(learning.next.action.button)
    click(qtbot, learning.next.action.button)
    qtbot.waitUntil(lambda: session.ranking is not None and session.ranking.finished, timeout=SLOW)
    assert len(session.ranking.cases) == len(session.dataset)
    assert session.ranking.cases[-1].name == name
    table = learning.next.table
    qtbot.waitUntil(lambda: table.model().rowCount() == len(session.dataset), timeout=SLOW)
    ticks = [table.model().index(i, 2).data() for i in range(table.model().rowCount())]
    qtbot.waitUntil(lambda: table.model().index(len(ticks) - 1, 2).data() == "✓", timeout=SLOW)
    bench.correct.view.area.ensureWidgetVisible(table)


def improve(bench, qtbot, picture):
    """Go on training for seconds; return the new model's file."""
    learning, session = bench.correct.learning, bench.correct.desk.session
    learning.improve_fold.set_open(True)
    view = learning.improve
    bench.correct.view.area.ensureWidgetVisible(view.action.button)
    assert "1 corrected case" in view.data.plain
    view.minutes.setValue(SECONDS)
    new = model_path(view.name.text())
    assert new.name.startswith("loop-improved")
    click(qtbot, view.action.button)
    qtbot.waitUntil(lambda: len(session.curve) >= 1, timeout=SLOW)
    bench.correct.view.area.ensureWidgetVisible(view.running)
    picture("loop-5-improving")
    qtbot.waitUntil(lambda: "train" not in session.busy, timeout=SLOW)
    assert session.improved is not None, bench.correct.view.strip.text.plain
    return new

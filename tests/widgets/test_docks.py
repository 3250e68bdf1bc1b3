"""Docks of one viewer: one desk for all of them, and none that outlives its widget."""

from __future__ import annotations

import numpy as np
from napari.utils._proxies import PublicOnlyProxy

from napari_unet.events import SegmentArrayFinished
from napari_unet.widgets import DatasetDock, SegmentDock, WorkbenchDock
from napari_unet.widgets.desk import desk_of


def finished(level: int, shape=(8, 8), classes=("tumour",)) -> SegmentArrayFinished:
    planes = np.zeros((max(len(classes), 1), *shape), np.uint8)
    planes[0, :4] = level
    return SegmentArrayFinished(planes, 0.5, 0.1, classes)


def segment(dock, engines, qtbot, *script):
    engines.interactive.script = list(script)
    dock.view.segment.button.click()
    qtbot.waitUntil(lambda: not dock.desk.session.busy)


def test_all_docks_of_a_viewer_share_one_desk(viewer, desk, show):
    first = show(DatasetDock(PublicOnlyProxy(viewer)))
    second = show(SegmentDock(PublicOnlyProxy(viewer)))
    assert first.desk is second.desk is desk


def test_two_viewers_have_two_desks(viewer, desk):
    from napari.components import ViewerModel

    assert desk_of(ViewerModel()) is not desk


def test_a_closed_dock_hears_nothing_any_more(viewer, opened, qtbot):
    dock = DatasetDock(viewer)
    dock.deleteLater()
    qtbot.wait(10)
    assert not dock._heard
    opened.session.fail("dataset", "nobody shows this")
    opened.session.set_case(opened.session.dataset.cases[0])


def test_a_case_that_returns_shows_its_labels_without_the_network(
    viewer, opened, show, qtbot, engines, write_model
):
    opened.use_model(str(write_model()), "segment")
    dock = show(SegmentDock(viewer))
    cases = opened.session.dataset.cases
    for case in (cases[0], cases[1], cases[0]):
        opened.loader.open_case(case)
        qtbot.waitUntil(lambda case=case: opened.session.case is case)
        if case is cases[0] and not engines.interactive.jobs:
            segment(dock, engines, qtbot, finished(150, (32, 32)))
    assert len(engines.interactive.jobs) == 1
    assert viewer.layers[f"{cases[0].name} · m"].data.sum() == 4 * 32
    assert "12.50%" in dock.view.result.plain


def test_the_workbench_tabs_the_docks(viewer, desk, show):
    dock = show(WorkbenchDock(viewer))
    tabs = [dock.tabs.tabText(i) for i in range(dock.tabs.count())]
    assert tabs == ["Data", "Train", "Segment", "Batch", "Correct", "Scores", "Runs", "Models"]
    assert dock.dataset.desk is dock.evaluate.desk is desk


def test_one_can_segment_while_it_trains(
    viewer, opened, scan, show, qtbot, engines, wait, write_model
):
    opened.use_model(str(write_model()), "segment")
    dock = show(WorkbenchDock(viewer))
    engines.train.script = [wait]
    dock.train.view.train.clicked.emit()
    qtbot.waitUntil(lambda: bool(engines.train.jobs))
    engines.interactive.script = [finished(150)]
    dock.segment.view.segment.clicked.emit()
    qtbot.waitUntil(lambda: bool(opened.segmenter.answers.found.text))
    assert set(opened.session.busy) == {"train"}
    opened.trainer.stop()
    qtbot.waitUntil(lambda: not opened.session.busy)

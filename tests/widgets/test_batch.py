"""The Batch dock: many files at once, with a fake engine and once with a real one."""

import math
from pathlib import Path

import numpy as np
import pytest
from skimage.io import imread, imsave

from models import bright_model
from napari_unet import workspace
from napari_unet.config import CleanUp
from napari_unet.events import (
    CaseDone,
    ClassSize,
    Progress,
    Segmented,
    SegmentFilesFinished,
)
from napari_unet.widgets.docks.batch import BatchDock
from napari_unet.widgets.views.batch import NO_IMAGES, NO_RESULTS, BatchView, problem, rows_of
from scans import scan


def done(name, *sizes, error="", skipped=False):
    labels = "" if error else f"/out/{name}"
    return Segmented(f"/in/{name}", labels, "", "m", 0.5, 1.0, sizes, skipped, error)


AREA = ClassSize("tumour", 40, 0.25, 2, area=12.5)
VOLUME = ClassSize("tumour", 4000, 0.5, 1, volume=7500.0)
UNKNOWN = ClassSize("tumour", 4, 0.1, 1)
RESULTS = (
    done("a.png", AREA),
    done("b.nii", VOLUME, skipped=True),
    done("c.png", error="it is damaged"),
)


def event(result):
    return CaseDone(result.image, path=result.labels, error=result.error, segmented=result)


# --- the view -----------------------------------------------------------------------------------


def test_an_empty_view_says_what_to_do(show):
    view = show(BatchView())
    assert view.chosen.plain == NO_IMAGES
    assert view.summary.plain == NO_RESULTS
    assert not view.export.isEnabled()
    assert not view.show_folder.isEnabled()
    assert view.minimumSizeHint().width() <= 300


def cells(view, row):
    return [column.show(row) for column in view.table.rows.columns]


def test_rows_show_sizes_and_failures(show):
    view = show(BatchView())
    view.set_results(RESULTS, "two")
    first, second, third = view.table.rows.rows
    assert cells(view, first)[:6] == ["a.png", "12.5 mm²", "40", "25 %", "2", "tumour"]
    assert cells(view, second)[1] == "7.5 ml"
    assert cells(view, third)[:3] == ["⚠ c.png", "–", "–"]
    assert cells(view, third)[-1] == "it is damaged"
    assert problem(done("x.png", error="/in/x.png cannot be read.")) == "cannot be read."
    assert view.table.rows.columns[0].tooltip(second).endswith("(there already)")
    (unknown,) = rows_of([done("d.png", UNKNOWN)])
    assert cells(view, unknown)[1] == "–"
    assert math.isnan(view.table.rows.columns[1].key(unknown))


def hidden(view):
    table = view.table
    return {c.title for i, c in enumerate(table.rows.columns) if table.isColumnHidden(i)}


def test_columns_that_say_nothing_are_hidden(show):
    view = show(BatchView())
    view.set_results([done("d.png", UNKNOWN)], "one")
    assert hidden(view) == {"Size", "Class", "Time", "Problem"}
    view.add_result(RESULTS[2], "two")
    assert hidden(view) == {"Size", "Class", "Time"}
    view.add_result(done("e.tif", AREA, ClassSize("cyst", 1, 0.1, 1, time=3)), "three")
    assert hidden(view) == set()


def test_settings_are_those_chosen(show):
    view = show(BatchView())
    view.cleanup.form.set_value(CleanUp(min_size=9))
    view.subset.set_key("test")
    view.again.setChecked(True)
    view.workers.setText(" dask://h:1 ")
    job = view.settings()
    assert (job.cleanup.min_size, job.subset, job.again, job.workers) == (
        9,
        "test",
        True,
        "dask://h:1",
    )
    assert not job.probabilities


# --- the dock -----------------------------------------------------------------------------------


@pytest.fixture
def dock(desk, viewer, show, write_model):
    desk.session.select_model(write_model())
    return show(BatchDock(viewer))


def wait_idle(qtbot, desk):
    qtbot.waitUntil(lambda: not desk.session.busy, timeout=10_000)


def test_what_is_missing_is_said(dock, desk, dataset):
    assert "Choose images first" in dock.view.start.reason.plain
    assert not dock.view.dataset.isEnabled()
    desk.session.set_dataset(dataset)
    dock.view.dataset.click()
    assert dock.view.chosen.plain == f"The data set {dataset.root.name}, 12 cases"
    assert str(workspace.home()) in dock.view.out.plain
    assert dock.view.start.reason.plain == ""
    desk.session.model = None
    desk.session.model_changed.emit()
    assert "Train a model first" in dock.view.start.reason.plain


def test_a_run_fills_the_table(dock, desk, engines, qtbot, tmp_path):
    finished = SegmentFilesFinished(("/out/a.png",), {}, 1.0)
    engines.train.script = [Progress(1, 3, "segmenting", 60.0), *map(event, RESULTS), finished]
    desk.batcher.choose([str(tmp_path / "a.png"), str(tmp_path / "b.nii")])
    assert "and 1 more" in dock.view.chosen.plain
    desk.session.set_threshold(0.7)
    dock.view.start.button.click()
    wait_idle(qtbot, desk)
    (job,) = engines.train.jobs
    assert job.inputs == (str(tmp_path / "a.png"), str(tmp_path / "b.nii"))
    assert (job.threshold, job.out) == (0.7, str(workspace.results_dir(tmp_path)))
    assert dock.view.summary.plain.startswith("1 segmented by m, 1 there already, 1 failed")
    assert len(dock.view.table.rows.rows) == 3
    assert desk.session.sheet is None


def test_a_failure_is_explained_on_a_click(dock, desk):
    desk.batcher.open(RESULTS[2])
    assert dock.view.strip.text.plain == "c.png: it is damaged"


def test_a_run_can_be_stopped_and_keeps_its_rows(dock, desk, engines, qtbot, wait, tmp_path):
    engines.train.script = [event(RESULTS[0]), wait, event(RESULTS[1])]
    desk.batcher.choose([str(tmp_path)])
    dock.view.start.button.click()
    qtbot.waitUntil(lambda: len(desk.batcher.results) == 1, timeout=10_000)
    assert "Busy" in dock.view.start.reason.plain
    dock.view.running.button.click()
    wait_idle(qtbot, desk)
    assert len(dock.view.table.rows.rows) == 1


def test_the_table_is_saved(dock, desk, qtbot, tmp_path, monkeypatch):
    desk.batcher.results = list(RESULTS)
    desk.batcher.restarted.emit()
    target = tmp_path / "t.csv"
    monkeypatch.setattr(
        "napari_unet.widgets.docks.batch.QFileDialog.getSaveFileName",
        lambda *_: (str(target), ""),
    )
    dock.view.export.click()
    qtbot.waitUntil(target.exists, timeout=10_000)
    assert target.read_text().count("\n") == 4


# --- a real engine ------------------------------------------------------------------------------


def test_files_are_segmented_and_shown(viewer, show, qtbot, tmp_path):
    from napari_unet.widgets.desk import desk_of

    (tmp_path / "in").mkdir()
    for i in range(2):
        imsave(tmp_path / f"in/{i}.png", np.roll(scan(), i, 0), check_contrast=False)
    (tmp_path / "in" / "bad.png").write_bytes(b"none")
    desk = desk_of(viewer)
    try:
        desk.session.select_model(bright_model(tmp_path / "b.unet.safetensors"))
        dock = show(BatchDock(viewer))
        desk.batcher.choose([str(tmp_path / "in")])
        dock.view.start.button.click()
        qtbot.waitUntil(lambda: not desk.session.busy, timeout=120_000)
        assert dock.view.summary.plain.startswith("2 segmented by b, 1 failed")
        out = Path(desk.batcher.out)
        assert sorted(p.name for p in out.glob("*.png")) == ["0.png", "1.png"]
        good = next(r for r in desk.batcher.results if r.image.endswith("1.png"))
        desk.batcher.open(good)
        qtbot.waitUntil(lambda: len(viewer.layers) == 2, timeout=20_000)
        image, labels = viewer.layers
        assert image.name == "1.png"
        assert "stale" not in labels.name
        assert np.array_equal(labels.data, imread(out / "1.png") // 255)
        desk.batcher.open(next(r for r in desk.batcher.results if r.image.endswith("0.png")))
        qtbot.waitUntil(lambda: viewer.layers[0].name == "0.png", timeout=20_000)
        assert len(viewer.layers) == 2
    finally:
        desk.close()

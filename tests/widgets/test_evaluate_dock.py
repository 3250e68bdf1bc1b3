"""The Scores dock: evaluations, their table, and two layers compared."""

from __future__ import annotations

import numpy as np
import pytest
from qtpy.QtWidgets import QFileDialog

from napari_unet.events import CaseDone, CaseScore, EvaluateFinished, SegmentArrayFinished
from napari_unet.jobs import EvaluateJob
from napari_unet.metrics import summarise
from napari_unet.widgets import EvaluateDock
from napari_unet.widgets.views.score_lines import MEASURES


def score(name: str, dice: float = 0.5) -> CaseScore:
    return CaseScore(name, "p", dice, dice, 0.9, dice, dice, empty=False)


def test_evaluation_fills_the_table_and_a_row_opens_its_case(
    viewer, opened, show, qtbot, engines, write_model
):
    dock = show(EvaluateDock(viewer))
    assert "Train a model" in dock.view.evaluate.reason.plain
    opened.use_model(str(write_model()), "evaluate")
    assert "not trained on this dataset" in dock.view.evaluate.reason.plain
    dock.view.subset.set_key("all")
    dock.view.subset.chosen.emit("all")
    names = [c.name for c in opened.session.dataset.cases[:3]]
    scores = tuple(map(score, names, (0.9, 0.2, 0.5)))
    done = EvaluateFinished("m", "all", 0.5, scores, summarise(scores), 1.0)
    engines.train.script = [*(CaseDone(s.name, s) for s in scores), done]
    planes = np.zeros((1, 32, 32), np.uint8)
    planes[0, :4] = 150
    engines.interactive.script = [SegmentArrayFinished(planes, 0.5, 0.1, ("tumour",))]
    dock.view.evaluate.button.click()
    qtbot.waitUntil(lambda: not opened.session.busy)
    assert engines.train.jobs == [
        EvaluateJob(str(opened.session.dataset.root), opened.session.model.path, "all")
    ]
    assert "3 images of 1 patient." in dock.view.summary.plain
    table = dock.view.scores.table
    table.opened.emit(next(line for line in table.rows.rows if line.name == names[1]))
    qtbot.waitUntil(lambda: bool(opened.segmenter.answers.found.text))
    assert opened.session.case.name == names[1]
    assert [layer.name for layer in viewer.layers] == [
        names[1],
        f"{names[1]} · m",
        f"{names[1]} · reference",
    ]


def test_scores_of_a_case_that_is_not_open_say_so(viewer, opened, show):
    dock = show(EvaluateDock(viewer))
    dock.view.scores.case_wanted.emit("images/elsewhere")
    assert "images/elsewhere is not in the open dataset" in dock.view.strip.text.plain


def test_a_table_is_saved_as_csv(viewer, opened, show, qtbot, engines, write_model, tmp_path):
    opened.use_model(str(write_model()), "evaluate")
    dock = show(EvaluateDock(viewer))
    dock.view.subset.set_key("all")
    engines.train.script = [CaseDone("c", score("c"))]
    dock.view.evaluate.clicked.emit()
    qtbot.waitUntil(lambda: opened.session.sheet is not None and bool(opened.session.sheet.scores))
    path = tmp_path / "scores.csv"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(path), ""))
        dock.view.export.click()
    qtbot.waitUntil(lambda: "Saved" in dock.view.strip.text.plain)
    assert "c" in path.read_text()
    opened.scorer.export(str(tmp_path / "no" / "folder\0" / "x.csv"), [score("c")])
    qtbot.waitUntil(lambda: "Saved" not in dock.view.strip.text.plain)


def test_two_layers_are_compared(viewer, desk, show, qtbot):
    a, b = np.zeros((2, 8, 8), np.uint8)
    a[:4], b[2:6] = 1, 1
    place = {"scale": (2, 1), "units": ("mm", "mm")}
    viewer.add_labels(a, name="mine", **place)
    viewer.add_labels(b, name="truth", **place)
    viewer.add_labels(np.zeros((4, 4), np.uint8), name="small")
    dock = show(EvaluateDock(viewer))
    layers = dock.view.layers
    layers.prediction.set_key("mine")
    layers.reference.set_key("truth")
    layers.reference.chosen.emit("truth")
    layers.compare.button.click()
    qtbot.waitUntil(lambda: bool(layers.table.rows.rows))
    told = {m.key: layers.table.model().index(i, 1).data() for i, m in enumerate(MEASURES)}
    assert told["dice"] == "0.5000"
    assert told["iou"] == "0.3333"
    assert told["hd95"] == "4.00"  # two rows of two millimetres
    assert told["volume_difference"] == "0"
    titles = [layers.table.model().index(i, 0).data() for i in range(len(MEASURES))]
    assert titles[5:8] == ["HD95 mm", "MSD mm", "Found mm²"]
    viewer.layers["mine"].paint((0, 0), 0)
    qtbot.waitUntil(lambda: not layers.table.rows.rows)
    layers.compare_wanted.emit("mine", "small")
    qtbot.waitUntil(dock.view.strip.isVisible)
    assert "8×8" in dock.view.strip.text.plain

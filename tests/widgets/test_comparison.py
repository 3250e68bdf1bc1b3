"""Models and readers compared: what is said, what is shown, what is asked for."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from qtpy.QtCore import Qt
from qtpy.QtWidgets import QFileDialog

from napari_unet.events import CaseDone, CaseScore, Compared, Paired
from napari_unet.jobs import CompareJob
from napari_unet.library import Entry
from napari_unet.widgets import EvaluateDock
from napari_unet.widgets.views.compare_layers import LayersView
from napari_unet.widgets.views.compare_models import ModelsView
from napari_unet.widgets.views.comparison import lines, words
from napari_unet.widgets.views.score_lines import BY_KEY

NAN = float("nan")


def score(name: str, dice: float, error: str = "") -> CaseScore:
    return CaseScore(name, "p", dice, dice, dice, dice, dice, empty=False, error=error)


OLD = (score("c0", 0.5), score("c1", 0.7), score("c2", 0.9))
NEW = (score("c0", 0.6), score("c1", 0.9), score("c2", NAN, error="there is no such mask"))
PAIR = Paired("new", "old", "dice", 2, 0.15, 0.1, 0.2, 0.004, 2, 0, 0)
FOUND = Compared(
    ("old", "new"),
    ("model", "reader"),
    (OLD, NEW),
    (PAIR,),
    ((1.0, 0.8), (0.8, 1.0)),
    left_out={"third": "it does not fit the images."},
)


def test_a_difference_is_told_in_words():
    text = words(PAIR)
    assert "new did better than old: Dice +0.150 on average over 2 images" in text
    assert "95 % interval +0.100 to +0.200" in text
    assert "Chance alone would rarely do that (p = 0.004)." in text
    worse = words(replace(PAIR, mean=-0.01, p=0.4, low=NAN, high=NAN))
    assert "new did worse than old: Dice −0.010" in worse
    assert "one patient only" in worse
    assert "neither is shown to be better" in worse
    nearer = words(replace(PAIR, score="hd95", mean=-2.0))
    assert "did better" in nearer  # outlines that lie closer
    assert "p < 0.001" in words(replace(PAIR, p=1e-9))
    assert "equal on all 2 images" in words(replace(PAIR, mean=0.0, better=0, worse=0, equal=2))
    assert "no scored image in common" in words(replace(PAIR, n=0))


def test_only_cases_that_all_have_are_summed_up():
    pinned, cases = lines(FOUND, BY_KEY["dice"])
    assert [line.name for line in cases] == ["c0", "c1", "c2"]
    assert pinned[0].values == pytest.approx((0.6, 0.75))  # without c2, which one of them lacks
    failed = replace(FOUND, scores=(OLD, (NEW[2],) * 3))
    assert lines(failed, BY_KEY["dice"])[0] == []


def entries(*names: str) -> list[Entry]:
    return [Entry(name, f"/models/{name}.unet.safetensors") for name in names]


def test_what_is_ticked_is_compared_and_stays_ticked(show):
    view, wanted = show(ModelsView()), []
    view.compare_wanted.connect(lambda *chosen: wanted.append(chosen))
    view.set_models([*entries("a", "b"), Entry("c", "/models/c", error="damaged")])
    assert view.list.count() == 2
    view.list.item(1).setCheckState(Qt.CheckState.Checked)
    view.add_reader("/masks/doctor")
    view.add_reader("/masks/doctor")
    view.set_models(entries("new", "a", "b"))
    assert view.list.count() == 4
    view.compare.button.click()
    assert wanted == [(("/models/b.unet.safetensors",), ("/masks/doctor",))]
    assert not view.remove.isEnabled()
    view.list.setCurrentRow(3)
    view.remove.click()
    assert view.chosen() == (("/models/b.unet.safetensors",), ())


def test_a_comparison_is_shown_case_by_case_and_a_row_opens_its_case(show, qtbot):
    view = show(ModelsView(), 300, 900)
    view.set_compared(FOUND, "This comparison belongs to another dataset.")
    result = view.result
    assert "another dataset" in result.stale.plain
    assert "third was left out: it does not fit the images." in result.words.plain
    model = result.table.model()
    cells = [[model.index(i, j).data() for j in range(4)] for i in range(model.rowCount())]
    assert cells == [
        ["mean", "0.600", "0.750", "+0.150"],
        ["± std", "0.141", "0.212", ""],
        ["median", "0.600", "0.750", ""],
        ["c0", "0.500", "0.600", "+0.100"],
        ["c1", "0.700", "0.900", "+0.200"],
        ["c2", "0.900", "–", "–"],
    ]
    assert model.index(5, 2).data(Qt.ItemDataRole.ToolTipRole) == "there is no such mask"
    agreement = result.agreement.model()
    assert [agreement.index(0, j).data() for j in range(3)] == ["old", "", "0.800"]
    with qtbot.waitSignal(view.case_wanted) as told:
        result.table._open(model.index(4, 0))
    assert told.args == ["c1"]


def test_the_engine_compares_and_the_sheet_stays_as_it_is(
    viewer, desk, dataset, show, qtbot, engines, write_model, monkeypatch
):
    dock = show(EvaluateDock(viewer), 300, 1200)
    models = dock.view.models
    assert "Open a folder" in models.compare.reason.plain
    for name in ("a", "b"):
        write_model(name)
    desk.session.set_dataset(dataset)
    desk.look()
    assert "Tick at least two" in models.compare.reason.plain
    for i in range(2):
        models.list.item(i).setCheckState(Qt.CheckState.Checked)
    dock.view.subset.set_key("all")
    dock.view.subset.chosen.emit("all")
    assert models.compare.reason.plain == ""
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *_: "/masks/doctor")
    models.add.click()
    found = replace(FOUND, folder=str(dataset.root))
    engines.train.script = [CaseDone("c0", OLD[0]), found]
    models.compare.button.click()
    qtbot.waitUntil(lambda: desk.session.comparison == found)
    qtbot.waitUntil(lambda: not desk.session.busy)
    paths = tuple(m.path for m in desk.session.models)
    assert engines.train.jobs == [
        CompareJob(str(dataset.root), paths, ("/masks/doctor",), "all"),
    ]
    assert desk.session.sheet is None
    assert "new did better than old" in models.result.words.plain
    assert models.result.stale.plain == ""
    desk.session.set_dataset(None)
    desk.session.set_dataset(replace(dataset, root=dataset.root / "other"))
    assert "another dataset" in models.result.stale.plain


def test_a_comparison_can_be_cancelled_and_its_failure_is_read(
    viewer, desk, dataset, show, qtbot, engines, write_model, wait
):
    from napari_unet.errors import DataError

    dock = show(EvaluateDock(viewer), 300, 1200)
    dock.view.models_fold.set_open(True)
    models = [str(write_model(name)) for name in ("a", "b")]
    desk.session.set_dataset(dataset)
    desk.look()
    engines.train.script = [wait]
    desk.comparer.start(models, (), "all")
    qtbot.waitUntil(dock.view.models.running.isVisible)
    assert not dock.view.running.isVisible()
    dock.view.models.running.button.click()
    qtbot.waitUntil(lambda: not desk.session.busy)
    engines.train.script = [DataError("The folder holds no masks.")]
    desk.comparer.start(models, (), "all")
    qtbot.waitUntil(lambda: "holds no masks" in dock.view.strip.text.plain)
    assert not dock.view.models.running.isVisible()


# --- layers -----------------------------------------------------------------------------------


def test_two_layers_are_compared_and_one_is_not_enough(show):
    view, wanted = show(LayersView()), []
    view.compare_wanted.connect(lambda a, b: wanted.append((a, b)))
    view.errors_wanted.connect(lambda a, b: wanted.append((a, b)))
    view.set_layers(["a"], "", "")
    assert "Two Labels layers are needed" in view.compare.reason.plain
    assert not view.errors.button.isEnabled()
    view.set_layers(["a", "b"], "a", "b")
    view.compare.button.click()
    view.set_layers(["a", "b"], "a", "a")  # a person's choice stays
    view.errors.button.click()
    assert wanted == [("a", "b")] * 2
    view.reference.set_key("a")
    view.reference.chosen.emit("a")
    assert "different" in view.compare.reason.plain


def test_where_two_layers_differ_is_shown_as_a_layer(viewer, desk, show, qtbot):
    labels = np.zeros((2, 8, 8), np.uint8)
    labels[0, :4], labels[1, 2:6] = 1, 1
    for name, data in zip(("mine", "truth"), labels, strict=True):
        viewer.add_labels(data, name=name)
    dock = show(EvaluateDock(viewer))
    dock.view.layers.errors_wanted.emit("mine", "truth")
    qtbot.waitUntil(lambda: "errors" in viewer.layers)
    errors = viewer.layers["errors"].data
    assert [len(set(row)) for row in errors] == [1] * 8
    assert len({errors[0, 0], errors[3, 0], errors[5, 0], errors[7, 0]}) == 4
    assert "errors" not in desk.layers.label_names()


def test_each_class_of_two_layers_has_a_column(show):
    view = show(LayersView())
    per_class = {"1": {"dice": 0.25}, "2": {"dice": 0.75}}
    view.set_compared(replace(OLD[0], per_class=per_class, hd95=1.5, unit="mm"))
    model = view.table.model()
    assert [model.index(0, j).data() for j in range(4)] == ["Dice", "0.5000", "0.2500", "0.7500"]
    assert model.index(5, 1).data() == "1.50"
    assert view.note.plain == ""
    view.set_compared(replace(OLD[0], hd95=NAN))
    assert "No distances" in view.note.plain
    view.set_compared(replace(OLD[0], empty=True))
    assert "Neither layer" in view.note.plain
    view.set_compared(None)
    assert not view.table.isVisible()

"""The views: signals out, setters in, and nothing cut off in a narrow dock."""

from __future__ import annotations

import re
from dataclasses import replace
from itertools import pairwise

import pytest
from napari.qt import get_stylesheet
from qtpy.QtCore import QMimeData, QPointF, Qt, QUrl
from qtpy.QtGui import QDropEvent
from qtpy.QtWidgets import (
    QFileDialog,
    QInputDialog,
    QLabel,
    QPushButton,
    QScrollBar,
    QTableView,
    QWidget,
)

from napari_unet.config import Recipe, SplitConfig
from napari_unet.data.cases import COLOUR, LabelRule, LeftOut, Unpaired
from napari_unet.data.masks.survey import MaskAudit, MaskValue
from napari_unet.events import (
    AuditFinished,
    CaseScore,
    Compared,
    EpochEnd,
    Finding,
    Offer,
    Paired,
    Plan,
)
from napari_unet.library import read_entry
from napari_unet.runs import RunRecord
from napari_unet.session import ImageFacts
from napari_unet.session.history import history_of
from napari_unet.widgets.layer_pairs import LayerFacts
from napari_unet.widgets.parts.fold import Fold
from napari_unet.widgets.views.dataset import DatasetView
from napari_unet.widgets.views.evaluate import EvaluateView
from napari_unet.widgets.views.fetch import FetchDialog, Known
from napari_unet.widgets.views.pairing import PairDialog
from napari_unet.widgets.views.runs import RunsView
from napari_unet.widgets.views.segment import SegmentView
from napari_unet.widgets.views.train import TrainView

NAN = float("nan")
SCORES = tuple(
    CaseScore(f"images/case_{i:03d}", f"patient-{i // 3}", d, d / 2, 0.9, d, d, empty=i == 3)
    for i, d in enumerate((0.5, 0.9, 0.2, 1.0))
)
FAILED = CaseScore("images/bad", "p", NAN, NAN, NAN, NAN, NAN, empty=False, error="cut short")


def cells(table, column=0):
    model = table.model()
    return [model.index(i, column).data() for i in range(model.rowCount())]


# --- dataset ----------------------------------------------------------------------------------


def test_an_empty_dataset_view_says_what_to_do(show):
    view = show(DatasetView())
    assert "Choose a folder" in view.summary.plain
    assert not view.cases.table.isVisible()


def test_pairs_are_shown_with_patient_subset_and_reason(show, dataset):
    view = show(DatasetView())
    view.set_dataset(replace(dataset, unpaired=(Unpaired(dataset.root / "x.png", "no mask"),)))
    view.set_subsets({c.name: "test" for c in dataset.cases[:2]}, "Split planned")
    assert "12 grey images" in view.summary.plain
    assert "4 patients" in view.summary.plain
    assert cells(view.cases.table, 1)[0] == "patient-0"
    assert cells(view.cases.table, 2)[:3] == ["test", "test", ""]
    assert "_mask" in cells(view.cases.table, 3)[0]
    assert view.split.plain == "Split planned: 2 test."
    assert "x.png: no mask" in view.notes_text.plain
    assert view.notes.button.text().endswith("2 notes")


def test_a_case_is_asked_for_by_click_search_and_steps(show, dataset, qtbot):
    view = show(DatasetView())
    view.set_dataset(dataset)
    wanted, steps = [], []
    view.cases.case_wanted.connect(lambda case: wanted.append(case.name))
    view.cases.step_wanted.connect(steps.append)
    view.cases.search.setText("patient-3 case_010")
    assert cells(view.cases.table) == ["images/case_010"]
    view.cases.table.setCurrentIndex(view.cases.table.model().index(0, 0))
    qtbot.keyClick(view.cases.table, Qt.Key.Key_Enter)
    view.cases.set_steps("", "This is the last case.")
    view.cases.previous.click()
    view.cases.next.click()
    assert wanted == ["images/case_010"]
    assert steps == [-1]
    assert view.cases.next.toolTip() == "This is the last case."


def tagged(dataset):
    """The dataset with a tumour type for every case, and one pair that is a guess."""
    kinds = ("glioma", "meningioma", "pituitary")
    cases = [
        replace(c, tags={"type": kinds[i % 3]}, confidence=0.5 if i == 7 else 1.0)
        for i, c in enumerate(dataset.cases)
    ]
    return replace(dataset, cases=tuple(cases))


def test_columns_appear_when_they_have_something_to_say(show, dataset):
    view = show(DatasetView())
    view.set_dataset(dataset)
    plain = [c.title for c in view.cases.table.rows.columns]
    assert plain == ["Case", "Patient", "Subset", "Paired because"]
    view.set_dataset(tagged(dataset))
    titles = [c.title for c in view.cases.table.rows.columns]
    assert titles == [
        "Case",
        "Patient",
        "Subset",
        "To look at",
        "type",
        "Sure",
        "Paired because",
    ]
    assert cells(view.cases.table, 5)[7] == "50%"
    assert cells(view.cases.table, 3)[7] == "pair to be checked"


def test_cases_are_filtered_by_subset_patient_tag_and_problem(show, dataset, qtbot):
    view = show(DatasetView())
    view.set_dataset(tagged(dataset))
    view.set_subsets({c.name: "train" for c in dataset.cases[:6]}, "Split planned")
    cases = view.cases
    cases.set_problems({"images/case_002": ("mask is blank",), "images/case_003": ("same image",)})
    shown = []
    cases.shown_changed.connect(lambda found: shown.append([c.name[-3:] for c in found]))
    assert not cases.bar.isVisible()
    qtbot.mouseClick(cases.filter_button, Qt.MouseButton.LeftButton)
    choices = cases.facets.choices
    assert [choices["Subset"].itemText(i) for i in range(3)] == [
        "all subsets",
        "train (6)",
        "in none (6)",
    ]
    for title, value in (("Subset", "train"), ("type", "meningioma")):
        choices[title].set_key(value)
        choices[title].chosen.emit(value)
    assert [name[-3:] for name in cells(cases.table)] == ["001", "004"]
    assert cases.count.plain == "2 of 12 cases"
    assert cases.filter_button.text() == "Filter (2)"
    cases.table.sortByColumn(0, Qt.SortOrder.DescendingOrder)
    qtbot.waitUntil(lambda: shown[-1:] == [["004", "001"]])
    qtbot.mouseClick(cases.all_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: len(shown[-1]) == 12)
    assert not cases.bar.isVisible()
    cases.show_only({"To look at": "mask is blank"})
    assert cells(cases.table) == ["images/case_002"]
    cases.show_only({"Patient": "patient-2"})
    assert [c.name[-3:] for c in reversed(cases.shown())] == ["006", "007", "008"]


def test_a_value_that_is_not_given_can_be_filtered_by(show, dataset):
    view = show(DatasetView())
    first, second, *rest = dataset.cases
    some = (replace(first, tags={"age": "9"}), replace(second, tags={"age": "10"}), *rest)
    view.set_dataset(replace(dataset, cases=some))
    choice = view.cases.facets.choices["age"]
    texts = [choice.itemText(i) for i in range(choice.count())]
    assert texts == ["any age", "9 (1)", "10 (1)", "not given (10)"]
    view.cases.show_only({"age": choice.itemData(3)})
    assert len(view.cases.shown()) == 10


def test_what_can_be_done_with_cases_is_in_their_menu(show, dataset, qapp, monkeypatch):
    view = show(DatasetView())
    view.set_dataset(dataset)
    cases, left, repaired = view.cases, [], []
    cases.menus.leave_out_wanted.connect(lambda cases, why: left.append((len(cases), why)))
    cases.menus.pair_wanted.connect(lambda case: repaired.append(case.name))
    monkeypatch.setattr(QInputDialog, "getItem", lambda *_: ("  mask is wrong ", True))

    def choose(count, text):
        menu = cases.menus.of([r.case for r in cases.table.rows.rows[:count]], dataset.cases)
        next(a for a in menu.actions() if a.text().startswith(text)).trigger()
        menu.deleteLater()

    choose(1, "Leave out")
    choose(3, "Leave out 3 cases")
    choose(1, "Change mask")
    choose(2, "Copy paths")
    assert left == [(1, "mask is wrong"), (3, "mask is wrong")]
    assert repaired == ["images/case_000"]
    paths = [str(c.image) for c in dataset.cases[:2]]
    assert qapp.clipboard().text().splitlines() == paths


def test_alt_and_the_arrows_go_through_the_cases(show, dataset, qtbot):
    view, steps = show(DatasetView()), []
    view.set_dataset(dataset)
    view.cases.step_wanted.connect(steps.append)
    view.cases.set_steps("", "")
    view.activateWindow()
    view.cases.search.setFocus()
    qtbot.waitUntil(view.cases.search.hasFocus)
    alt = Qt.KeyboardModifier.AltModifier
    qtbot.keyClick(view.cases.search, Qt.Key.Key_Right, alt)
    qtbot.keyClick(view.cases.search, Qt.Key.Key_Left, alt)
    assert steps == [1, -1]
    assert "Alt+Right" in view.cases.next.toolTip()
    # Several rows are chosen with Shift without opening any of them.
    opened = []
    view.cases.case_wanted.connect(opened.append)
    table = view.cases.table
    for row, key in ((1, Qt.KeyboardModifier.NoModifier), (3, Qt.KeyboardModifier.ShiftModifier)):
        at = table.visualRect(table.model().index(row, 0)).center()
        qtbot.mouseClick(table.viewport(), Qt.MouseButton.LeftButton, key, at)
    assert [c.name for c in opened] == ["images/case_001"]
    assert len(table.chosen()) == 3


def test_a_dropped_folder_or_file_opens_the_folder(show, tmp_path):
    view, chosen = show(DatasetView()), []
    view.folder_chosen.connect(chosen.append)
    file = tmp_path / "scan.png"
    file.touch()
    for path in (tmp_path, file, tmp_path / "gone"):
        mime = QMimeData()
        mime.setUrls([QUrl.fromLocalFile(str(path))])
        buttons, keys = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
        view.dropEvent(QDropEvent(QPointF(5, 5), Qt.DropAction.CopyAction, mime, buttons, keys))
    assert chosen == [str(tmp_path)] * 2


def test_while_a_folder_is_read_no_other_can_be_chosen(show):
    view = show(DatasetView())
    view.set_opening("Reading brains …")
    assert not view.browse_button.isEnabled()
    assert view.summary.plain == view.browse_button.toolTip() == "Reading brains …"


# --- the check of the data ------------------------------------------------------------------

FOUND = (
    Finding(
        "shape",
        "error",
        "2 of 12 cases differ in size from their mask.",
        "Mend the pairs, or leave such cases out.",
        ("images/case_001", "images/case_004"),
        ("image 8 × 8, mask 9 × 9", "image 8 × 8, mask 8 × 9"),
    ),
    Finding("copies", "warning", "2 images are the same.", "", ("images/case_002",)),
    Finding("blank", "info", "3 masks are blank: they count as cases.", "", ("images/case_003",)),
    Finding("classes", "info", "Foreground is 1.3 % of all pixels."),
)


def test_findings_filter_the_table_and_grave_ones_can_be_left_out(
    show, dataset, qtbot, monkeypatch
):
    view, left = show(DatasetView()), []
    view.set_dataset(dataset)
    view.check.set_open(True)
    problems = {"images/case_001": ("shape",), "images/case_002": ("copies",)}
    view.set_audit(AuditFinished("/data", 12, FOUND, {}, 1.0), problems)
    assert view.check.button.text().endswith("2 to look at")
    assert "1 to be mended, 1 to be looked at, 2 good to know" in view.audit.summary.plain
    cards = view.audit.cards
    assert [c.leave_button.isVisible() for c in cards] == [True, False, False, False]
    assert [c.show_button.isVisible() for c in cards] == [True, True, True, False]
    assert "mask 9 × 9" in cards[0].toolTip()
    view.area.ensureWidgetVisible(cards[0].show_button)
    qtbot.mouseClick(cards[0].show_button, Qt.MouseButton.LeftButton)
    assert cells(view.cases.table) == ["images/case_001", "images/case_004"]
    assert view.cases.count.plain == "2 of 12 cases: shape"
    assert cells(view.cases.table, 3)[0] == "shape"
    asked = []
    monkeypatch.setattr(
        QInputDialog, "getItem", lambda *a: (asked.append(a[3][0]), (a[3][0], True))[1]
    )
    view.cases.menus.leave_out_wanted.connect(lambda cases, why: left.append((len(cases), why)))
    qtbot.mouseClick(cards[0].leave_button, Qt.MouseButton.LeftButton)
    assert left == [(2, "shape")]
    view.cases.all_button.click()
    assert len(cells(view.cases.table)) == 12
    view.set_audit(None, {})
    assert not view.audit.cards
    assert view.check.button.text().endswith("Check data")


def test_cases_left_out_are_listed_and_can_be_put_back(show, dataset, qtbot):
    view, back = show(DatasetView()), []
    view.set_dataset(dataset)
    assert not view.left_out.isVisible()
    gone = (LeftOut("images/x", "damaged"), LeftOut("images/y", "shown twice"))
    view.set_dataset(replace(dataset, left_out=gone), same=True)
    view.left_out.set_open(True)
    assert view.left_out.button.text().endswith("2 left out by hand")
    assert "damaged" in view.left_out.list.item(0).text()
    view.left_out.put_back_wanted.connect(back.append)
    view.left_out.list.setCurrentRow(1)
    view.area.ensureWidgetVisible(view.left_out.back)
    qtbot.mouseClick(view.left_out.back, Qt.MouseButton.LeftButton)
    view.left_out.list.clearSelection()
    qtbot.mouseClick(view.left_out.back, Qt.MouseButton.LeftButton)
    assert back == [["images/y"], ["images/x", "images/y"]]


def test_an_amended_dataset_is_filtered_as_before(show, dataset):
    view = show(DatasetView())
    view.set_dataset(dataset)
    view.cases.show_only({"Patient": "patient-0"})
    view.set_dataset(replace(dataset, cases=dataset.cases[1:]), same=True)
    assert cells(view.cases.table) == ["images/case_001", "images/case_002"]


# --- pairs, patients, the split ---------------------------------------------------------------


def test_the_split_can_be_changed_and_a_leak_is_said_by_name(show, dataset, qtbot, monkeypatch):
    view, wanted = show(DatasetView()), []
    view.set_dataset(dataset)
    panel = view.manage.panel
    panel.split_changed.connect(wanted.append)
    panel.form.fields["folds"].spin.setValue(5)
    assert wanted[-1].folds == 5
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_: ("/data/split.json", ""))
    panel.use_file.click()
    assert wanted[-1].file == "/data/split.json"
    notes = ("A leak: patient-1 is in train and test.", "2 cases are not in the split.")
    view.manage.set_split(wanted[-1], notes)
    view.manage.set_open(True)
    assert view.manage.button.text().endswith("look here")
    assert "patient-1" in panel.notes.text.plain
    assert "/data/split.json" in panel.file.plain
    assert not panel.form.isEnabled()
    panel.no_file.click()
    assert wanted[-1].file == ""
    view.manage.set_split(SplitConfig(), ())
    assert not panel.notes.isVisible()


def test_patients_are_said_by_hand(show, dataset, qapp, monkeypatch):
    view, said = show(DatasetView()), []
    view.set_dataset(dataset)
    view.cases.menus.patients_wanted.connect(said.append)
    monkeypatch.setattr(QInputDialog, "getItem", lambda *a: (f"{a[3][0]} b", True))
    menu = view.cases.menus.of(dataset.cases[:2], dataset.cases)
    for text in ("Same patient", "Each a patient"):
        next(a for a in menu.actions() if a.text().startswith(text)).trigger()
    menu.deleteLater()
    names = [c.name for c in dataset.cases[:2]]
    assert said == [dict.fromkeys(names, "patient-0 b"), {n: n for n in names}]


def test_a_mask_is_chosen_among_the_files_without_a_pair_and_all_masks(owned, dataset, qtbot):
    stray = dataset.root / "stray.png"
    listed = (Unpaired(stray, "no image found for it"), Unpaired(dataset.root / "x.csv", "a table"))
    case = dataset.cases[2]
    dialog = PairDialog(case, replace(dataset, unpaired=listed))
    owned.append(dialog)
    first = cells(dialog.table)[:3]
    assert first == ["masks/case_002_mask.png", "stray.png", "masks/case_000_mask.png"]
    assert len(cells(dialog.table)) == 13
    assert [c.path for c in dialog.table.chosen()] == [case.mask]
    dialog.table.clearSelection()
    assert not dialog.use.isEnabled()
    dialog.search.setText("stray")
    dialog.table.selectRow(0)
    dialog.use.click()
    assert dialog.masks == (stray,)
    assert dialog.result() == PairDialog.DialogCode.Accepted
    dialog.masks = ()
    dialog.apart.click()
    assert dialog.masks == ()


# --- classes ----------------------------------------------------------------------------------


def test_values_are_shown_with_their_share_and_named_by_a_person(show, dataset, qtbot):
    view, asked, wanted = show(DatasetView()), [], []
    view.classes.values_wanted.connect(lambda: asked.append(1))
    view.classes.classes_wanted.connect(lambda names, colours: wanted.append((names, colours)))
    view.set_dataset(dataset)
    assert view.classes.button.text().endswith("Classes: foreground")
    qtbot.mouseClick(view.classes.button, Qt.MouseButton.LeftButton)
    assert asked
    red = COLOUR | 0xFF0000
    values = (
        MaskValue(0, 0.9, "background"),
        MaskValue(red, 0.02, "red", "#ff0000"),
        MaskValue(1, 0.08, "class 1"),
    )
    audit = MaskAudit(64, 5, values, dataset.labels, "as proposed", ())
    view.classes.set_values(audit)
    table = view.classes.table
    texts = [[table.item(i, j).text() for j in range(3)] for i in range(3)]
    assert texts == [["0", "90.00%", ""], ["1", "8.00%", "class 1"], ["#ff0000", "2.00%", "red"]]
    assert "64 masks" in view.classes.more.plain
    assert "2 rarer values" in view.classes.more.plain
    table.item(1, 2).setText("liver")
    view.classes.use.click()
    assert wanted == [({0: "", 1: "liver", red: "red"}, {red: "#ff0000"})]
    # What a person chose stands in the table, not what is proposed.
    chosen = replace(
        dataset,
        labels=LabelRule(threshold=0.5, names=("organ",)),
        notes=("classes as chosen by hand: …",),
    )
    view.set_dataset(chosen, same=True)
    view.classes.set_values(audit)
    assert [table.item(i, 2).text() for i in range(2)] == ["", "organ"]
    assert view.classes.again.isVisible()


# --- downloads --------------------------------------------------------------------------------

BRAINS = Known("brains", "Brain tumours", "3064 slices", "CC BY 4.0", 880_000_000)


def test_size_and_licence_are_shown_before_anything_is_downloaded(show, qtbot):
    dialog, wanted = show(FetchDialog([BRAINS]), width=480, height=480), []
    dialog.look_up_wanted.connect(lambda source: wanted.append(("look", source)))
    dialog.fetch_wanted.connect(lambda source: wanted.append(("fetch", source)))
    assert "880 MB · CC BY 4.0" in dialog.list.item(0).text()
    assert not dialog.look_up.button.isEnabled()
    assert not dialog.download.isVisible()
    dialog.list.setCurrentRow(0)
    qtbot.mouseClick(dialog.look_up.button, Qt.MouseButton.LeftButton)
    dialog.set_running("Asking", None, stopping=False)
    assert not dialog.look_up.button.isEnabled()
    dialog.set_idle()
    dialog.set_offer(
        Offer("brains", "Brain tumours", (), 880_000_000, "CC BY 4.0", "https://x", "/home/brains")
    )
    assert "Licence: CC BY 4.0" in dialog.offer.plain
    qtbot.mouseClick(dialog.download.button, Qt.MouseButton.LeftButton)
    assert wanted == [("look", "brains"), ("fetch", "brains")]
    # Another address: the offer is no longer that of what is chosen.
    qtbot.keyClicks(dialog.address, "https://a")
    assert dialog.source() == "https://a"
    assert not dialog.download.isVisible()
    dialog.set_message("There is no such file.")
    assert dialog.strip.isVisible()


# --- evaluate ---------------------------------------------------------------------------------


def test_scores_come_in_one_by_one_and_are_summed_up_at_the_end(show, qtbot):
    view = show(EvaluateView())
    assert "Evaluate a model" in view.summary.plain
    for n in range(1, 5):
        view.set_scores(SCORES[:n], {}, False, "")
    table = view.scores.table
    assert cells(table, 1)[-4:] == ["0.500", "0.900", "0.200", "1.000"]
    qtbot.waitUntil(lambda: "4 images so far, mean Dice 0.650" in view.summary.plain)
    view.set_scores(SCORES, {}, True, "")
    qtbot.waitUntil(lambda: cells(table, 1)[:3] == ["0.650", "0.370", "0.700"])
    assert cells(table)[:3] == ["mean", "± std", "median"]
    qtbot.waitUntil(lambda: "4 images of 2 patients" in view.summary.plain)
    assert "1 without foreground" in view.summary.plain
    view.set_scores((), {}, False, "")
    view.set_scores(SCORES[:1], {}, False, "")  # the next evaluation begins
    assert cells(table)[3:] == ["images/case_000"]


def test_the_worst_come_first_on_demand_and_failures_last(show):
    view = show(EvaluateView())
    scores = (*SCORES, FAILED)
    view.set_scores(scores, {}, True, "")
    view.scores.table.sortByColumn(1, Qt.SortOrder.AscendingOrder)
    shown = ["0.200", "0.500", "0.900", "1.000", "–"]
    assert cells(view.scores.table, 1)[3:] == shown
    assert "1 could not be scored" in view.summary.plain


def test_stale_scores_are_marked(show):
    view = show(EvaluateView())
    view.set_scores(SCORES, {}, True, "These scores belong to another dataset.")
    assert view.stale.isVisible()
    assert "another dataset" in view.stale.plain


def test_nothing_is_saved_before_there_are_scores(show):
    view = show(EvaluateView())
    assert not view.exports.isVisible()
    view.set_scores(SCORES, {}, False, "")
    view.set_report_reason("The evaluation was not completed.")
    assert view.export.isEnabled()
    assert not view.report.isEnabled()
    assert "not completed" in view.report.toolTip()


# --- segment and train ------------------------------------------------------------------------


def test_the_threshold_is_told_once_per_move(show):
    view, told = show(SegmentView()), []
    view.threshold_changed.connect(told.append)
    view.set_threshold(0.37, "")
    assert view.slider.value() == 37
    assert view.number.value() == 0.37
    view.slider.setValue(60)
    view.number.setValue(0.25)
    assert told == [0.6, 0.25]
    view.set_threshold(0.5, "Segment first.")
    assert not view.slider.isEnabled()
    assert view.threshold_note.plain == view.slider.toolTip() == "Segment first."


def test_a_model_is_described_by_its_card(show, write_model, tmp_path):
    view = show(SegmentView())
    entry = read_entry(write_model("brain"))
    broken = tmp_path / "broken.unet.safetensors"
    broken.write_bytes(b"no")
    view.set_models([entry, read_entry(broken)], entry)
    assert "Finds tumour in grey images" in view.model.card.plain
    assert "trained on 40 cases of brains" in view.model.card.plain
    assert "Validation Dice 0.873" in view.model.card.plain
    assert view.model.list.itemText(1) == "broken (unusable)"


def test_the_curve_appears_with_the_first_epoch(show):
    view = show(TrainView())
    assert not view.curves.isVisible()
    view.curves.set_histories({"": history_of([EpochEnd(1, 0.5, 0.6, 0.7, 1e-3, 1, 10, True)])})
    assert view.curves.isVisible()
    assert view.curves.dice.accessibleName() == "Dice: validation 0.700"


# --- narrow docks -----------------------------------------------------------------------------


VIEWS = [DatasetView, TrainView, SegmentView, EvaluateView, RunsView]


def filled(kind, dataset, write_model):
    """Return a view that shows everything it can show at once, with long texts."""
    view = kind()
    long = "/a/long/path/without/any/space/" + "brain_tumour_collection/" * 3 + "case_000001.png"
    view.set_message(f"{long} cannot be read as an image (truncated): copy it again.")
    view.question.ask(f"You painted on {long}.", {"Keep mine, add a new layer": lambda: None})
    entry = read_entry(write_model("a-model-with-a-rather-long-name-of-its-own-2026-01-01"))
    if isinstance(view, DatasetView):
        view.set_dataset(replace(dataset, unpaired=(Unpaired(dataset.root / long, long),)))
        view.set_subsets({c.name: "train" for c in dataset.cases}, "Split of the model")
        view.cases.set_case(dataset.cases[3], "4 of 12")
        view.set_audit(AuditFinished("/data", 12, FOUND, {}, 1.0), {})
        view.audit.set_running(f"Auditing {long}", 0.3, stopping=True)
        view.manage.set_split(SplitConfig(file=long), (f"A leak: {long} is in train and test.",))
        view.left_out.set_left_out((LeftOut(long, long),))
        view.cases.filter_button.setChecked(True)
        view.cases.show_named(["images/case_001"], long)
    elif isinstance(view, TrainView):
        view.set_data(f"Trains on {long}", can_open=True)
        view.set_source("layers")
        layers = [LayerFacts(i, f"{long} {i}", (8, 8)) for i in "ab"]
        view.pairs.set_layers(layers, layers, {"a": "a"})
        view.pairs.sparse.setChecked(True)
        view.set_name("a_rather_long_name_of_a_model_to_be_trained", "There is such a model.")
        view.set_notes([long])
        view.running.set_running(long, 0.3)
        view.running.set_state(True, paused=False, asked="", stopping=False)
        view.set_after(resume=True, longer=True)
        view.set_reason("", waits=True)
        view.set_queue([long, "b"], [long, "c"])
        view.live.set_live([long, "b"], long, on=True, hidden=long)
        view.live.show()
        view.plan.set_plan(Plan(Recipe(), long, 1, 0.1, 2.0, 3, "cpu", (long, "b")), "Changed.")
        epochs = [EpochEnd(i, 123.456, 0.5, 0.7, 1e-3, 1, 10, True) for i in range(3)]
        view.curves.set_histories({"": history_of(epochs)})
    elif isinstance(view, RunsView):
        runs = [RunRecord(f"{long} {i}", str(i), settings=long, folder=long) for i in range(3)]
        view.set_runs(runs, frozenset("012"))
        view.table.select(lambda run: run.model == "1")
    else:
        view.set_models([entry], entry)
        view.set_running(f"Evaluating {long}", 0.3, stopping=True)
        view.set_reason(f"{long} is no image.")
    if isinstance(view, SegmentView):
        view.set_images([ImageFacts("1", long, (8, 8))], "1")
        view.set_threshold(0.5, "Can be moved once the image is segmented.")
        view.set_thresholds((long, "enhancing_tumour_core", "oedema"), (0.2, -1.0, 1.0), long)
        view.set_result("foreground: 4.78% of the image, 783.2 mm² (3,133,000,000 px)")
        view.set_stale("The model changed since these labels were made.")
        view.set_objects("1,204 objects, 783.2 mm² together. Measured: see Features table.")
        view.set_working("Cleaning up …")
        view.set_wheres([("whole", long), ("shape", "inside the drawn shape")], "whole")
        view.set_axes([(0, "z (128 slices)"), (1, "y (256 slices)")], 0)
    if isinstance(view, EvaluateView):
        view.set_scores(SCORES, {}, True, "These scores belong to another dataset.")
        view.scores.filter.button.setChecked(True)
        view.scores.filter.show_named([SCORES[0].name], long)
        view.scores.fold.set_open(True)
        view.layers_fold.set_open(True)
        view.layers.set_layers([long, "b"], long, "b")
        view.layers.set_compared(SCORES[0])
        view.models_fold.set_open(True)
        view.models.set_models([entry])
        view.models.add_reader(long)
        view.models.set_reason(long)
        view.models.set_running(long, 0.3, stopping=True)
        view.reporting.set_running(long, 0.3)
        pair = Paired(long, long, "dice", 4, 0.1, 0.05, 0.15, 0.01, 4, 0, 0)
        columns = ((*SCORES,),) * 2
        view.models.set_compared(Compared((long, long), ("model",) * 2, columns, (pair,)), long)
    return view


@pytest.mark.parametrize("theme", ["dark", "light"])
@pytest.mark.parametrize("kind", VIEWS)
def test_nothing_is_cut_off_at_300_pixels(kind, theme, show, dataset, write_model, qtbot):
    view = filled(kind, dataset, write_model)
    view.setStyleSheet(get_stylesheet(theme))
    for fold in view.findChildren(Fold):
        fold.set_open(True)
    show(view, width=300, height=700)
    qtbot.wait(20)
    assert view.width() == 300
    content = view.area.widget()
    assert content.width() <= view.area.viewport().width()
    tables = view.findChildren(QTableView)
    for child in view.findChildren(QWidget):
        inside_table = any(table.isAncestorOf(child) for table in tables)
        if not child.isVisible() or inside_table or isinstance(child, QScrollBar):
            continue
        right = child.mapTo(view, child.rect().topRight()).x()
        words = f"{type(child).__name__} {child.accessibleName() or child.toolTip()!r}"
        assert right < 300, f"{words} ends at {right}"
        needs = child.minimumSizeHint().width()
        assert needs <= child.width(), f"{words} needs {needs}, has {child.width()}"


MENUS = set("FVLPWH")  # File, View, Layers, Plugins, Window, Help


@pytest.mark.parametrize("kind", VIEWS)
def test_every_alt_key_means_one_thing(kind, qapp):
    view = kind()
    texts = [w.text() for w in view.findChildren(QWidget) if isinstance(w, QLabel | QPushButton)]
    keys = [found[1].upper() for t in texts if (found := re.search(r"&(\w)", t))]
    assert keys
    assert len(keys) == len(set(keys))
    assert not MENUS & set(keys)


@pytest.mark.parametrize("kind", VIEWS)
def test_the_tab_key_reaches_everything_from_top_to_bottom(kind, show, dataset, write_model):
    view = filled(kind, dataset, write_model)
    view.set_message("")
    view.question.show_message("")
    for fold in view.findChildren(Fold):
        fold.set_open(True)
    show(view)
    reached, widget = [], view
    while (widget := widget.nextInFocusChain()) is not view:
        if widget.focusPolicy() & Qt.FocusPolicy.TabFocus and widget.isVisible():
            reached.append(widget)
    usable = {
        child
        for child in view.findChildren(QWidget)
        if child.focusPolicy() & Qt.FocusPolicy.TabFocus and child.isVisible()
    }
    assert set(reached) == usable
    tops = [w.mapTo(view, w.rect().topLeft()).y() for w in reached]
    # Neighbours in one row differ by a few pixels.
    assert all(after >= before - 12 for before, after in pairwise(tops)), tops

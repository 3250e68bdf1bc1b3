"""The table of scores: filled, sorted, filtered, grouped, stepped through and corrected."""

from __future__ import annotations

from dataclasses import replace

import pytest
from qtpy.QtCore import Qt

from napari_unet.events import CaseScore
from napari_unet.widgets.views.scores import ScoresPanel

NAN = float("nan")
DICE = (0.5, 0.9, 0.2, 0.8, 0.7, 0.95)
SCORES = tuple(
    CaseScore(
        f"c{i}",
        f"p{i // 2}",
        d,
        d / 2,
        0.9,
        d,
        d,
        empty=False,
        tags={"kind": "ab"[i % 2]},
        per_class={"cup": {"dice": d / 2}, "disc": {"dice": d}},
        hd95=10 * (1 - d),
        unit="mm",
    )
    for i, d in enumerate(DICE)
)
FAILED = CaseScore("bad", "p9", NAN, NAN, NAN, NAN, NAN, empty=False, error="cut short")


@pytest.fixture
def panel(show):
    panel = show(ScoresPanel())
    panel.set_scores(SCORES, {})
    return panel


def names(panel):
    model = panel.table.model()
    return [model.index(i, 0).data() for i in range(panel.table.rows.pinned, model.rowCount())]


def choose(choice, key):
    choice.set_key(key)
    choice.chosen.emit(key)


def test_what_comes_in_is_appended_where_it_belongs(show, qtbot):
    panel = show(ScoresPanel())
    for n in range(1, 4):
        panel.set_scores(SCORES[:n], {})
    assert names(panel) == ["c0", "c1", "c2"]
    panel.table.sortByColumn(1, Qt.SortOrder.AscendingOrder)
    panel.set_scores((*SCORES[:4], FAILED), {})
    assert names(panel) == ["c2", "c0", "c3", "c1", "bad"]
    qtbot.waitUntil(lambda: panel.table.model().index(0, 1).data() == "0.600")  # the mean


def test_a_class_that_comes_later_is_offered(show, qtbot):
    panel = show(ScoresPanel())
    panel.set_scores([replace(SCORES[0], per_class={})], {})
    assert not panel.choices.classes.isVisible()
    panel.set_scores([replace(SCORES[0], per_class={}), SCORES[1]], {})
    qtbot.waitUntil(panel.choices.classes.isVisible)
    choose(panel.choices.classes, "cup")
    assert [panel.table.model().index(i, 1).data() for i in (3, 4)] == ["–", "0.450"]


def test_a_replaced_score_moves_to_where_it_belongs(panel, qtbot):
    panel.table.sortByColumn(1, Qt.SortOrder.AscendingOrder)
    panel.table.select(lambda line: line.name == "c4")
    better = replace(SCORES[2], dice=0.85, corrected=True)
    panel.set_scores((*SCORES[:2], better, *SCORES[3:]), {"c2": SCORES[2]})
    assert names(panel) == ["c0", "c4", "c3", "c2 ✎", "c1", "c5"]
    assert [line.name for line in panel.table.chosen()] == ["c4"]  # which stays chosen
    at = names(panel).index("c2 ✎") + panel.table.rows.pinned
    index = panel.table.model().index(at, 1)
    assert index.data() == "↑0.850"
    assert "0.2000 → 0.8500" in index.data(Qt.ItemDataRole.ToolTipRole)
    expected = sum(DICE) / 6 + (0.85 - 0.2) / 6
    qtbot.waitUntil(lambda: panel.table.model().index(0, 1).data() == f"{expected:.3f}")


def test_words_facets_and_a_range_narrow_down_what_is_shown_and_summed_up(panel, qtbot):
    panel.filter.button.click()
    choose(panel.filter.facets.choices["kind"], "a")
    assert names(panel) == ["c0", "c2", "c4"]
    assert "3 of 6 images" in panel.filter.count.plain
    assert panel.table.model().index(0, 1).data() == "0.467"
    panel.filter.span.low.setText("0.4")
    qtbot.waitUntil(lambda: names(panel) == ["c0", "c4"])
    panel.filter.search.setText("p2")
    qtbot.waitUntil(lambda: names(panel) == ["c4"])
    panel.filter.all_button.click()
    assert len(names(panel)) == 6
    assert not panel.filter.bar.isVisible()


def test_marks_can_be_filtered_by(show):
    panel = show(ScoresPanel())
    empty = replace(SCORES[0], name="none", empty=True)
    panel.set_scores((*SCORES, FAILED, empty, replace(SCORES[1], name="mine", corrected=True)), {})
    panel.filter.button.click()
    marked = panel.filter.facets.choices["Marked"]
    for mark, shown in (
        ("failed", ["bad"]),
        ("both masks empty", ["none ∅"]),
        ("corrected by hand", ["mine ✎"]),
    ):
        choose(marked, mark)
        assert names(panel) == shown


def test_a_group_leads_to_its_cases_and_back(panel):
    choose(panel.choices.groups, "tag:kind")
    assert names(panel) == ["a", "b"]
    model = panel.table.model()
    titles = [model.headerData(i, Qt.Orientation.Horizontal) for i in range(3)]
    assert titles == ["kind", "n", "Dice"]
    assert [model.index(3, i).data() for i in (1, 2)] == ["3", "0.467 ± 0.252"]
    panel.table.setCurrentIndex(model.index(3, 0))
    panel.table._open(model.index(3, 0))
    assert names(panel) == ["c0", "c2", "c4"]
    assert panel.filter.count.plain.endswith(": a")
    panel.filter.all_button.click()
    assert names(panel) == ["a", "b"]
    choose(panel.choices.groups, "patient")
    assert names(panel) == ["p0", "p1", "p2"]


def test_enter_opens_a_case_and_arrows_move(panel, qtbot):
    panel.table.setCurrentIndex(panel.table.model().index(3, 0))
    qtbot.keyClick(panel.table, Qt.Key.Key_Down)
    with qtbot.waitSignal(panel.case_wanted) as told:
        qtbot.keyClick(panel.table, Qt.Key.Key_Return)
    assert told.args == ["c1"]


def test_steps_lead_from_the_worst_to_the_best_of_what_is_shown(panel, qtbot):
    told = []
    panel.case_wanted.connect(told.append)
    panel.case_wanted.connect(panel.set_case)
    assert not panel.steps.worse.isEnabled()
    for _ in range(3):
        panel.steps.better.click()
    panel.steps.worse.click()
    assert told == ["c2", "c0", "c4", "c0"]
    assert panel.steps.position.text().startswith("2 of 6")
    panel.filter.show_named(["c0", "c1"], "some")
    panel.steps.better.click()
    assert told[-1] == "c1"
    assert not panel.steps.better.isEnabled()
    assert "No image shown is better" in panel.steps.better.toolTip()
    choose(panel.choices.measures, "hd95")  # of which less is better
    panel.set_case("")
    panel.steps.better.click()
    assert told[-1] == "c0"


def test_a_click_on_a_bar_shows_its_cases_and_the_open_one_is_marked(panel, qtbot):
    panel.fold.set_open(True)
    shown = panel.distribution
    qtbot.waitUntil(lambda: shown.histogram.counts.sum() == 6)
    panel.set_case("c1")
    assert shown.histogram._mark.isVisible()
    assert shown.histogram._mark.value() == 0.9
    plot = shown.histogram
    bar = plot.box.mapViewToScene(plot.pg.Point(0.72, 0.2))
    qtbot.mouseClick(
        plot.canvas.viewport(), Qt.MouseButton.LeftButton, pos=plot.canvas.mapFromScene(bar)
    )
    assert names(panel) == ["c4"]
    assert "Dice 0.700 to 0.750" in panel.filter.count.plain
    qtbot.wait(10)
    assert shown.histogram.counts.sum() == 6  # the bar is shown among all others
    panel.filter.all_button.click()
    choose(panel.choices.groups, "tag:kind")
    qtbot.waitUntil(lambda: shown.boxes.names == ("a", "b"))
    shown.boxes.picked.emit(1)
    assert names(panel) == ["c1", "c3", "c5"]


def test_columns_are_chosen_and_stay_sorted(panel, qtbot):
    panel.table.sortByColumn(1, Qt.SortOrder.DescendingOrder)
    action = next(a for a in panel.choices.menu.actions() if a.data() == "patient")
    with qtbot.waitSignal(panel.choices.columns_chosen) as told:
        action.trigger()
    assert told.args == [("dice", "iou", "hd95", "patient")]
    titles = [column.title for column in panel.table.rows.columns]
    assert titles == ["Image", "Dice", "IoU", "HD95 mm", "Patient"]
    assert names(panel)[0] == "c5"
    panel.set_columns(("iou", "tag:kind", "tag:of another data set"))
    assert [c.title for c in panel.table.rows.columns] == ["Image", "IoU", "kind"]


def test_another_evaluation_forgets_the_filters(panel):
    panel.filter.show_named(["c0"], "one")
    panel.set_scores((), {})
    panel.set_scores(SCORES[1:2], {})
    assert names(panel) == ["c1"]

"""Scores as lines: what sums them up, groups, classes, and how they are written."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from napari_unet.events import CaseScore
from napari_unet.metrics import summarise
from napari_unet.widgets.views import score_columns
from napari_unet.widgets.views.score_columns import Units, columns, units_of, written
from napari_unet.widgets.views.score_lines import (
    BY_KEY,
    case_line,
    class_names,
    group_lines,
    overview,
    summary_lines,
    values_of,
    worst_first,
)

NAN = float("nan")


def score(i: int, dice: float, **more: object) -> CaseScore:
    known = {"hd95": 10 * (1 - dice), "volume": 100.0 * i, "reference_volume": 90.0, "unit": "mm"}
    kept = {"tags": {"kind": "ab"[i % 2]}, **known, **more}
    return CaseScore(f"c{i}", f"p{i // 2}", dice, dice / 2, 0.9, dice, dice, False, **kept)  # type: ignore[arg-type]


FAILED = CaseScore("bad", "p9", NAN, NAN, NAN, NAN, NAN, False, error="cut short")
SCORES = [score(i, d) for i, d in enumerate((0.5, 0.9, 0.2, 0.8, 0.7))]


def test_what_sums_up_agrees_with_the_metrics():
    lines = [case_line(s) for s in (*SCORES, FAILED)]
    mean, std, median = summary_lines(lines)
    told = summarise((*SCORES, FAILED))
    for line, kind in ((mean, "mean"), (std, "std"), (median, "median")):
        for key in ("dice", "iou", "recall"):
            assert line.values[key] == pytest.approx(told[kind][key])
    assert mean.counts["dice"] == 5
    seen = overview((*SCORES, FAILED))
    patients = told["patients"]
    assert (seen.images, seen.patients, seen.failed) == (5, patients["count"], 1)
    assert seen.apart == 0
    assert overview([*SCORES, replace(SCORES[0], hd95=NAN)]).apart == 1
    assert overview([replace(SCORES[0], hd95=NAN)]).apart == 0  # distances were not measured
    assert seen.mean == pytest.approx(patients["mean"]["dice"])
    assert seen.std == pytest.approx(patients["std"]["dice"])


def test_undefined_values_are_left_out_and_a_failure_has_none():
    lines = [case_line(replace(SCORES[0], hd95=NAN)), case_line(SCORES[1]), case_line(FAILED)]
    mean = summary_lines(lines)[0]
    assert mean.values["hd95"] == pytest.approx(SCORES[1].hd95)
    assert mean.counts["hd95"] == 1
    assert all(math.isnan(v) for v in lines[2].values.values())
    assert summary_lines(lines[2:]) == summary_lines([]) == []


def test_groups_have_their_own_mean_and_spread():
    lines = [case_line(s) for s in SCORES]
    groups = {g.name: g for g in group_lines(lines, "tag:kind")}
    assert set(groups) == {"a", "b"}
    assert groups["a"].cases == ("c0", "c2", "c4")
    own = np.array([0.5, 0.2, 0.7])
    assert groups["a"].values["dice"] == pytest.approx(own.mean())
    assert groups["a"].spread["dice"] == pytest.approx(own.std(ddof=1))
    assert [g.name for g in group_lines(lines, "patient")] == ["p0", "p1", "p2"]
    untagged = [case_line(replace(SCORES[0], tags={}))]
    assert [g.name for g in group_lines(untagged, "tag:kind")] == ["not given"]


def test_a_class_is_shown_alone_and_not_where_it_does_not_occur():
    both = {"cup": {"dice": 0.3, "volume": 5.0, "reference_volume": 7.0}, "disc": {"dice": 0.9}}
    here, absent = replace(SCORES[0], per_class=both), replace(SCORES[1], per_class={"disc": {}})
    assert class_names([here, absent]) == ("cup", "disc")
    assert class_names(SCORES) == ()
    values = values_of(here, "cup")
    assert (values["dice"], values["volume_difference"]) == (0.3, -2.0)
    assert math.isnan(values["pixel_accuracy"])
    line = case_line(absent, name="cup")
    assert line.empty
    assert math.isnan(line.values["dice"])


@pytest.mark.parametrize(
    ("key", "order"),
    [
        ("dice", ["c2", "c0", "c4", "c3", "c1", "bad"]),
        ("hd95", ["c2", "c0", "c4", "c3", "c1", "bad"]),
        ("volume_difference", ["c4", "c3", "c2", "c0", "c1", "bad"]),
    ],
)
def test_the_worst_come_first_and_undefined_ones_last(key, order):
    lines = [case_line(s) for s in (FAILED, *SCORES)]
    lines[1] = case_line(score(0, 0.5, volume=20.0))
    assert [line.name for line in worst_first(lines, BY_KEY[key])] == order


def test_units_stand_in_titles_unless_they_differ():
    hd95, volume = BY_KEY["hd95"], BY_KEY["volume"]
    assert Units("mm", 3).title(volume) == "Found mm³"
    assert Units("mm", 2).title(volume) == "Found mm²"
    assert Units().title(volume) == "Found px"
    assert units_of(SCORES).title(hd95) == "HD95 mm"
    mixed = units_of([*SCORES, replace(SCORES[0], unit="px")])
    assert mixed.title(hd95) == "HD95"
    assert units_of([FAILED]) == Units()


def test_values_are_written_as_short_as_they_can_be_told():
    hd95, more = BY_KEY["hd95"], BY_KEY["volume_difference"]
    assert written(BY_KEY["dice"], 0.98765) == "0.988"
    assert [written(BY_KEY["volume"], v) for v in (3.0, 3.25)] == ["3", "3.25"]
    texts = {0.0: "0.00", 1.234: "1.23", 12.34: "12.3", 1234.5: "1,234"}
    assert {v: written(hd95, v) for v in texts} == texts
    assert written(more, 12.0) == "+12"
    assert written(hd95, NAN) == "–"


def test_a_corrected_case_tells_what_its_score_was():
    now = replace(SCORES[0], dice=0.8, corrected=True)
    line = case_line(now, SCORES[0])
    name, dice, iou = columns(("dice", "iou"), (), Units("mm", 2))
    assert score_columns.CORRECTED in name.show(line)
    assert dice.show(line) == "↑0.800"
    assert iou.show(line) == "0.250"
    assert "Dice 0.5000 → 0.8000" in name.tooltip(line)
    assert "IoU 0.2500\n" in name.tooltip(line)
    failed_before = case_line(now, FAILED)
    assert dice.show(failed_before) == "0.800"

from __future__ import annotations

import numpy as np
import pytest

from napari_unet.metrics import DISTANCES, SCORES, group, score_masks, summarise
from napari_unet.report import breakdown, elide, table
from scored import empty, failed, masks, scored


@pytest.mark.parametrize(
    "scores",
    [
        scored(),
        [*scored(3), empty(), failed()],
        [score_masks(masks(1), masks(2), name="n" * 300, patient="p" * 300)],
        [failed(error="x" * 300)],
        [empty()],
    ],
)
def test_table_is_aligned_within_80_columns(scores):
    text = table(scores, summarise(scores))
    head, rule, *lines = text.splitlines()
    assert len(head) == len(rule) <= 80
    bodies = lines[: lines.index(rule)]
    assert len(bodies) == len(scores)
    for line in lines:
        assert len(line) <= 80
    numbers = [line for line in bodies if "." in line[-6:]]
    assert all(len(line) == len(rule) for line in numbers)


def totals(text):
    """Return the numbers of the lines below the second rule, by their words."""
    lines = text.splitlines()
    below = lines[max(i for i, line in enumerate(lines) if not line.strip("-")) + 1 :]
    return {line[:28].strip(): line[28:].split() for line in below if line[-1].isdigit()}


def test_table_shows_each_score_and_the_summary():
    scores = scored()
    summary = summarise(scores)
    text = table(scores, summary)
    first = text.splitlines()[2].split()
    assert first[:3] == ["folder/0", "P0", f"{scores[0].dice:.4f}"]
    assert first[-2:] == [f"{scores[0].hd95:.2f}", f"{scores[0].surface_distance:.2f}"]
    last = totals(text)

    def numbers(values):
        return [f"{values[k]:.4f}" for k in SCORES] + [f"{values[k]:.2f}" for k in DISTANCES]

    assert last["mean of 5 images"] == numbers(summary["mean"])
    assert last["median"] == numbers(summary["median"])
    assert last["standard deviation"] == numbers(summary["std"])
    assert last["mean of 3 patients"] == numbers(summary["patients"]["mean"])


def test_table_has_no_distances_where_none_were_measured():
    scores = [score_masks(masks(1), masks(2), name="a", surfaces=False)]
    text = table(scores, summarise(scores))
    assert "HD95" not in text
    assert "Area, prediction minus reference" in text


def test_table_says_in_which_unit_and_what_is_left_out():
    ball = np.zeros((4, 9, 9), int)
    ball[1:3, 2:6, 2:6] = 1
    space = {"spacing": (2.0, 0.5, 0.5), "unit": "mm"}
    scores = [score_masks(np.roll(ball, 1, 1), ball, name="a", corrected=True, **space)]
    scores.append(score_masks(np.zeros_like(ball), ball, name="b", **space))
    text = table(scores, summarise(scores))
    assert "Foreground in one mask only: 1 image, left out of distances." in text
    assert "distance are in mm." in text
    assert "Volume, prediction minus reference: -8.00 ± 11.31 mm³." in text
    assert "Corrected by hand: 1 image." in text
    assert text.splitlines()[3].endswith("-")


def test_classes_have_a_line_each():
    names = ("liver", "a very long name of some class that nobody would want to read")
    scores = [score_masks(masks(i, 2), masks(i + 9, 2), names, str(i)) for i in range(3)]
    text = table(scores, summarise(scores))
    assert text.splitlines()[-2].startswith("liver")
    assert max(map(len, text.splitlines())) <= 80


def test_groups_have_a_line_each_within_80_columns():
    groups = group([*scored(5), empty(), failed()], "patient")
    text = breakdown("patient", {name: summarise(s) for name, s in groups.items()})
    head, rule, *lines = text.splitlines()
    assert [line.split()[:2] for line in lines] == [
        ["P", "0"],
        ["P0", "2"],
        ["P1", "2"],
        ["P2", "1"],
        ["P9", "1"],
    ]
    assert lines[0].split()[2:] == ["-"] * 4
    dice = [s.dice for s in groups["P0"]]
    assert f"{np.mean(dice):.3f} ± {np.std(dice, ddof=1):.3f}" in lines[1]
    assert {len(line) for line in (head, rule, *lines)} == {len(rule)}
    assert (
        len(breakdown("t", {"x" * 200: summarise(scored()), "": summarise([])}).split("\n")[0])
        <= 80
    )


def test_table_counts_empty_and_failed_images():
    scores = [*scored(2), empty(), failed()]
    text = table(scores, summarise(scores))
    assert "broken.png is truncated" in text
    assert "No foreground in either mask: 1 image, counted as 1." in text
    assert "Could not be scored, left out: 1 image." in text


def test_table_omits_the_patient_where_nobody_is_told_apart():
    scores = [score_masks(masks(1), masks(2), name="a", patient="a")]
    assert "patient" not in table(scores, summarise(scores))


def test_elide_keeps_both_ends():
    assert elide("short", 5) == "short"
    assert elide("abcdefghij", 5) == "ab…ij"
    assert len(elide("abcdefghij", 6)) == 6

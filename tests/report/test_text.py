from __future__ import annotations

import pytest

from napari_unet.metrics import SCORES, score_masks, summarise
from napari_unet.report import elide, table
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


def test_table_shows_each_score_and_the_summary():
    scores = scored()
    summary = summarise(scores)
    lines = table(scores, summary).splitlines()
    assert lines[2].split()[:3] == ["folder/0", "P0", f"{scores[0].dice:.4f}"]
    last = {" ".join(words.split()[:-5]): words.split()[-5:] for words in lines[-4:]}
    assert last["mean of 5 images"] == [f"{summary['mean'][k]:.4f}" for k in SCORES]
    assert last["median"] == [f"{summary['median'][k]:.4f}" for k in SCORES]
    assert last["standard deviation"] == [f"{summary['std'][k]:.4f}" for k in SCORES]
    assert last["mean of 3 patients"] == [f"{summary['patients']['mean'][k]:.4f}" for k in SCORES]


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

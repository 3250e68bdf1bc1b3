from __future__ import annotations

import csv

import pytest

from napari_unet.events import Compared
from napari_unet.metrics import MEASURES, agreement, paired, score_masks, summarise
from napari_unet.report.compared import compared_text, write_compared
from scored import failed, masks


@pytest.fixture
def done() -> Compared:
    """Two models and a reader, who lacks the last case."""
    columns = [
        [
            score_masks(
                masks(i + 50 * k), masks(i), name=f"c{i}", patient=f"P{i // 2}", tags={"t": "x"}
            )
            for i in range(6)
        ]
        for k in range(3)
    ]
    columns[2][5] = failed("c5", "nobody drew it")
    return Compared(
        columns=("old", "new", "anna"),
        kinds=("model", "model", "reader"),
        scores=tuple(map(tuple, columns)),
        paired=tuple(paired(columns[0], c, name=n) for c, n in zip(columns[1:], "ab", strict=True)),
        agreement=agreement([[masks(k)] for k in range(3)]),
        summaries=tuple(map(summarise, columns)),
        left_out={"x.unet.safetensors": "It learned from volumes."},
    )


def test_csv_holds_every_score_of_every_column(done, tmp_path):
    write_compared(tmp_path / "c.csv", done)
    with (tmp_path / "c.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert [(r["name"], r["patient"], r["t"]) for r in rows][4] == ("c4", "P2", "x")
    for name, column in zip(done.columns, done.scores, strict=True):
        for row, score in zip(rows, column, strict=True):
            assert row[f"error {name}"] == score.error
            if not score.error:
                found = [float(row[f"{k} {name}"]) for k in MEASURES]
                assert found == [getattr(score, k) for k in MEASURES]
    assert rows[5]["dice anna"] == ""


def test_text_tells_means_differences_and_agreement(done):
    text = compared_text(done)
    lines = text.splitlines()
    assert lines[2].split()[:2] == ["old", "6"]
    assert lines[4].split()[:3] == ["anna", "(reader)", "5"]
    assert f"{done.summaries[1]['mean']['dice']:.3f} ± " in lines[3]
    assert "HD95, the 95 % Hausdorff distance, is in px." in text
    assert text.count("Wilcoxon") == 2
    assert f"{done.agreement[0][1]:.3f}" in text
    assert "x.unet.safetensors is left out: It learned from volumes." in text
    assert max(map(len, lines)) <= 80

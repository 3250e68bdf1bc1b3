from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest

from napari_unet.metrics import MEASURES, score_masks
from napari_unet.report import write_csv
from scored import failed, masks, scored


def read(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as f:
        return list(csv.DictReader(f))


def test_csv_gives_back_the_exact_numbers(tmp_path):
    scores = scored()
    write_csv(tmp_path / "new folder" / "scores.csv", scores)
    rows = read(tmp_path / "new folder" / "scores.csv")
    facts = ["unit", "dims", "empty", "corrected"]
    assert list(rows[0]) == ["name", "patient", *MEASURES, *facts, "error"]
    for row, score in zip(rows, scores, strict=True):
        assert (row["name"], row["patient"], row["empty"]) == (score.name, score.patient, "false")
        assert [float(row[k]) for k in MEASURES] == [getattr(score, k) for k in MEASURES]
        assert (row["unit"], row["dims"], row["corrected"]) == ("px", "2", "false")


def test_csv_keeps_tags_and_awkward_text(tmp_path):
    tagged = score_masks(masks(1), masks(2), name='a,"b"\nä', tags={"tumor": "2", "dice": "x"})
    write_csv(tmp_path / "s.csv", [tagged, *scored(1)])
    first, second = read(tmp_path / "s.csv")
    assert first["name"] == 'a,"b"\nä'
    assert (first["tumor"], second["tumor"]) == ("2", "")
    assert first["tag dice"] == "x"
    assert float(first["dice"]) == tagged.dice


def test_csv_has_columns_per_class_only_for_several(tmp_path):
    names = ("liver", "tumour")
    both = score_masks(masks(1, 2), masks(2, 2), names, "both")
    one = score_masks(masks(1), masks(2), names, "one")
    write_csv(tmp_path / "s.csv", [both, one])
    rows = read(tmp_path / "s.csv")
    assert float(rows[0]["dice tumour"]) == both.per_class["tumour"]["dice"]
    assert float(rows[1]["iou liver"]) == one.per_class["liver"]["iou"]
    assert float(rows[0]["hd95 tumour"]) == both.per_class["tumour"]["hd95"]
    assert float(rows[1]["volume liver"]) == one.per_class["liver"]["volume"]
    assert rows[1]["dice tumour"] == ""


def test_csv_leaves_scores_of_failed_cases_blank(tmp_path):
    write_csv(tmp_path / "s.csv", [failed()])
    (row,) = read(tmp_path / "s.csv")
    assert row["error"] == "broken.png is truncated"
    assert not any(row[k] for k in (*MEASURES, "empty", "unit"))


def test_csv_leaves_distances_to_nothing_blank_and_keeps_the_unit(tmp_path):
    some, nothing = np.ones((2, 3, 4), int), np.zeros((2, 3, 4), int)
    space = {"spacing": (3.0, 0.1, 0.1), "unit": "µm", "corrected": True}
    write_csv(tmp_path / "s.csv", [score_masks(nothing, some, name="a", **space)])
    (row,) = read(tmp_path / "s.csv")
    assert (row["hd95"], row["surface_distance"]) == ("", "")
    assert (row["unit"], row["dims"], row["corrected"]) == ("µm", "3", "true")
    assert float(row["volume_difference"]) == pytest.approx(-24 * 0.03)


def test_csv_without_cases_is_a_header(tmp_path):
    write_csv(tmp_path / "s.csv", [])
    assert read(tmp_path / "s.csv") == []
    assert (tmp_path / "s.csv").read_text(encoding="utf-8").startswith("name,patient,dice")


def test_an_earlier_csv_survives_a_failed_write(tmp_path, monkeypatch):
    path = tmp_path / "s.csv"
    write_csv(path, scored(2))
    before = path.read_bytes()

    def full(*_args: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(csv.DictWriter, "writerows", full)
    with pytest.raises(OSError, match="No space"):
        write_csv(path, scored(5))
    assert path.read_bytes() == before
    assert [p.name for p in tmp_path.iterdir()] == ["s.csv"]

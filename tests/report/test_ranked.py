import csv

import pytest

from napari_unet.errors import DiskError
from napari_unet.events import Ranked, RankedCase
from napari_unet.report.ranked import COLUMNS, SHOWN, ranked_lines, write_ranked

CASES = tuple(
    RankedCase(f"c{i}", "p", 0.4, 0.5 - i / 100, f"Because {i}, says it.", corrected=i == 1)
    for i in range(SHOWN + 3)
)


def test_one_line_a_case(tmp_path):
    write_ranked(tmp_path / "r.csv", CASES)
    with (tmp_path / "r.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert list(rows[0]) == list(COLUMNS)
    assert [r["rank"] for r in rows[:2]] == ["1", "2"]
    assert rows[0]["why"] == "Because 0, says it."
    assert rows[1]["corrected"] == "True"


def test_a_file_that_cannot_be_written(tmp_path):
    (tmp_path / "r.csv").mkdir()
    with pytest.raises(DiskError, match=r"r\.csv"):
        write_ranked(tmp_path / "r.csv", CASES)


def test_the_terminal_shows_the_first():
    lines = ranked_lines(Ranked("m", CASES, "Not calibrated.", {"x": "damaged"}))
    assert lines[1] == "   1  0.50    0.40  c0: Because 0, says it."
    assert "c1 (corrected)" in lines[2]
    assert lines[-3:] == [
        "… and 3 more: --csv writes all of them.",
        "Not calibrated.",
        "x could not be segmented: damaged",
    ]

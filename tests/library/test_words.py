"""The library in words."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

from napari_unet.library import read_entry
from napari_unet.library.changing import Removed
from napari_unet.library.listing import Entry
from napari_unet.library.words import about, score_lines, table, trash
from napari_unet.runs import save_scores
from sessions import write_model

PEOPLE = {"patients": {"count": 3}}
SUMMARY = {"mean": {"dice": 0.75, "iou": 0.6}, "std": {"dice": 0.1, "iou": 0.2}, "images": 7}


def test_a_line_a_model_with_scores_only_where_there_are_some():
    path = write_model("scored")
    save_scores(path, "test", "data", SUMMARY)
    plain = read_entry(write_model("plain"))
    lines = table([read_entry(path), plain]).splitlines()
    assert lines[1].split()[:3] == ["scored", "0.750", "0.600"]
    assert lines[2].split()[:3] == ["plain", "-", "-"]
    assert table([]) == "No models."
    assert table([plain], [[plain, replace(plain, name="x")]]).endswith("plain and x.")


def test_scores_of_subsets_and_of_the_groups_in_a_card():
    entry = read_entry(write_model("m"))
    told = {"val_dice": 0.8, "subsets": {"test": SUMMARY}, "kind": {"glioma": SUMMARY | PEOPLE}}
    entry = replace(entry, card=replace(entry.card, scores=told))
    assert score_lines(entry).splitlines() == [
        "test scores   Dice 0.750 ± 0.100, IoU 0.600 ± 0.200 (7 images)",
        "glioma scores Dice 0.750 ± 0.100, IoU 0.600 ± 0.200 (7 images of 3 patients)",
    ]


def test_how_a_model_was_trained_and_on_whom_it_was_tested_is_told():
    card = read_entry(write_model("m")).card
    assert about(card) == ""
    card = replace(card, training={"command": "napari-unet train d"}, data={"test_people": ["7"]})
    assert about(card).splitlines() == ["trained with  napari-unet train d", "tested on     7"]
    assert about(replace(card, training={}, data={"test_people": 7})) == ""


def test_what_a_stranger_wrote_neither_breaks_lines_nor_the_program():
    entry = read_entry(write_model("m"))
    odd = {"subsets": {"test": {"mean": 3, "std": None, "images": "many"}}, "groups": {"x": [1]}}
    about_it = {"summary": "one\ntwo\x1b[31m", "more": ["a", 1]}
    entry = replace(entry, card=replace(entry.card, scores=odd, about=about_it))
    assert table([entry]).count("\n") == 1
    assert "\x1b" not in table([entry]) + about(entry.card) + score_lines(entry)
    assert "Dice - ± -" in score_lines(entry)
    broken = Entry("b\x1b[2J", "/b", error="no\nmodel")
    assert table([broken]).splitlines()[1].endswith("no model")


def test_long_texts_are_wrapped_under_their_titles():
    entry = read_entry(write_model("m"))
    card = replace(entry.card, about={"not_for": "diagnosis " * 20, "own": "word", "use": ""})
    lines = about(card).splitlines()
    assert lines[0].startswith("not for       diagnosis")
    assert lines[1].startswith(" " * 14 + "diagnosis")
    assert lines[-1] == "own           word"
    assert max(map(len, lines)) <= 100


def test_the_trash_tells_what_was_removed_when(tmp_path):
    (tmp_path / "m.unet.safetensors").write_bytes(b"x" * 2_000_000)
    line = trash([Removed("m", tmp_path, datetime(2026, 1, 2, 12, tzinfo=UTC))]).splitlines()[1]
    assert line.startswith("m     2026-01-02")
    assert "2.0 MB" in line
    assert trash([]) == "Nothing is in the trash."

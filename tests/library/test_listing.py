"""The list of models, and searching it."""

from __future__ import annotations

import json
from dataclasses import replace

from napari_unet import library
from napari_unet.card import read_card
from napari_unet.library import entries, read_entry, scores, search
from napari_unet.library.listing import Entry
from napari_unet.runs import save_scores
from napari_unet.workspace import models_dir
from sessions import write_model


def test_own_models_are_listed_newest_first_and_the_boxed_last(boxed):
    write_model("old", age=100)
    write_model("new")
    write_model("new.last")
    (models_dir() / "broken.unet.safetensors").write_bytes(b"no model")
    listed = entries()
    assert [e.name for e in listed] == ["broken", "new", "old", "brain-tumor"]
    assert [e.boxed for e in listed] == [False, False, False, True]
    assert "broken" in listed[0].error
    assert listed[0].card is None
    assert listed[-1].size == boxed.stat().st_size


def test_a_card_is_read_again_once_its_file_has_changed(monkeypatch):
    read = []
    monkeypatch.setattr(
        "napari_unet.library.listing.read_card", lambda p: read.append(p) or read_card(p)
    )
    path = write_model("m", age=50)
    assert read_entry(path) == read_entry(path)
    assert len(read) == 1
    assert read_entry(write_model("m", channels=3)).card.network.in_channels == 3
    assert len(read) == 2


def test_models_are_found_by_name_class_data_and_description():
    plain = read_entry(write_model("first"))
    labels = replace(plain.card.labels, names=("nucleus",))
    about = {"summary": "Cells in tissue"}
    data = {"folder": "dsb2018"}
    card = replace(plain.card, name="other", labels=labels, about=about, data=data)
    other = Entry("other", "/models/other", card)
    damaged = Entry("damaged", "/models/damaged", error="no model")
    among = [plain, other, damaged]
    assert search("FIRST", among) == [plain]
    for text in ("nucleus", "dsb", "tissue CELLS"):
        assert search(text, among) == [other]
    assert search("damaged", among) == [damaged]
    assert search("", among) == among
    assert search("first nucleus", among) == []
    assert search("first") == [plain]


def test_scores_of_an_evaluation_come_before_those_in_the_card():
    path = write_model("m")
    told = {"subsets": {"test": {"mean": {"dice": 0.5}}, "val": {"mean": {"dice": 0.4}}, "x": 3}}
    entry = read_entry(path)
    entry = replace(entry, card=replace(entry.card, scores=told))
    assert set(scores(entry)) == {"test", "val"}
    save_scores(path, "test", "data", {"mean": {"dice": 0.75}})
    assert scores(entry)["test"]["mean"]["dice"] == 0.75
    assert scores(entry)["val"]["mean"]["dice"] == 0.4
    assert scores(replace(entry, card=None, error="gone")) == {}


def test_what_a_stranger_put_in_place_of_scores_is_left_out():
    entry = read_entry(write_model("m"))
    for told in ({"subsets": [1]}, {"subsets": "much"}, json.loads('{"subsets": {"test": 1}}')):
        assert scores(replace(entry, card=replace(entry.card, scores=told))) == {}


def test_the_box_of_the_package_is_where_the_library_says():
    assert library.BOXED.parent.name == "library"

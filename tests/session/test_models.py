"""The models there are, and which one fits."""

from __future__ import annotations

from dataclasses import replace

import pytest

from napari_unet.card import SUFFIX, ModelCard
from napari_unet.config import PreprocessConfig, UNetConfig
from napari_unet.data.cases import LabelRule
from napari_unet.errors import ModelError
from napari_unet.session import Session, misfit
from sessions import IMAGE, write_model


def test_models_are_listed_newest_first_and_the_newest_that_fits_is_suggested():
    write_model("old", age=100)
    write_model("colour", channels=3)
    session = Session()
    session.refresh_models()
    assert [m.name for m in session.models] == ["colour", "old"]
    session.suggest_model(IMAGE)
    assert session.model is not None
    assert session.model.name == "old"
    session.suggest_model(replace(IMAGE, channels=3))
    assert session.model.name == "colour"


def test_what_comes_with_the_program_is_suggested_for_images_of_its_kind_only(
    tmp_path, monkeypatch
):
    write_model("boxed").rename(tmp_path / f"boxed{SUFFIX}")
    monkeypatch.setattr("napari_unet.library.names.BOXED", tmp_path)
    session = Session()
    session.refresh_models()
    colour, told = replace(IMAGE, channels=3), []
    session.model_changed.connect(lambda: told.append(session.model))
    for image in (IMAGE, replace(IMAGE, shape=(5, 8, 8)), None):
        session.suggest_model(image)
        assert session.model is not None
        assert session.model.boxed
    session.suggest_model(colour)
    assert session.model is told[-1] is None
    session.select_model(tmp_path / f"boxed{SUFFIX}")
    session.suggest_model(colour)  # picked by a person: it stays
    assert session.model is not None
    write_model("own")
    session.refresh_models()
    session.picked = False
    session.suggest_model(IMAGE)
    assert session.model.name == "own"


def test_a_picked_model_is_not_replaced_by_a_suggestion():
    write_model("a", age=100)
    picked = write_model("b", channels=3)
    session = Session()
    session.refresh_models()
    session.select_model(picked)
    session.suggest_model(IMAGE)
    assert session.model is not None
    assert session.model.name == "b"


def test_a_file_that_is_no_model_is_refused_and_the_selection_stays(tmp_path):
    session = Session()
    session.select_model(write_model())
    bad = tmp_path / "holiday.jpg"
    bad.write_bytes(b"no model at all")
    with pytest.raises(ModelError, match=r"holiday\.jpg"):
        session.select_model(bad)
    assert session.model is not None
    assert session.model.name == "m"


def test_a_browsed_model_stays_listed(tmp_path):
    here = write_model("here")
    there = tmp_path / f"there{SUFFIX}"
    there.write_bytes(here.read_bytes())
    session = Session()
    session.select_model(there)
    session.refresh_models()
    assert {m.name for m in session.models} == {"here", "there"}
    there.unlink()
    session.refresh_models()
    assert session.model is None


@pytest.mark.parametrize(
    ("wanted", "given", "fits"),
    [
        *[(1, 1, True), (1, 3, True), (1, 4, True), (3, 3, True), (3, 4, True), (3, 1, True)],
        *[(2, 1, False), (2, 3, False), (1, 2, False)],
    ],
)
def test_what_fits_what(wanted, given, fits):
    card = ModelCard("m", UNetConfig(in_channels=wanted), PreprocessConfig(), LabelRule())
    problem = misfit(card, replace(IMAGE, channels=given))
    assert (problem == "") is fits
    kinds = {1: "grey", 2: "2-channel", 3: "colour"}
    if not fits:
        assert f"{kinds[wanted]} images, but scan is {kinds[given]}" in problem


def test_a_model_of_volumes_needs_one():
    card = ModelCard("m", UNetConfig(dims=3), PreprocessConfig(size=(8, 16, 16)), LabelRule())
    assert "learned from volumes, but scan is a single picture" in misfit(card, IMAGE)
    assert misfit(card, replace(IMAGE, shape=(5, 16, 16))) == ""


def test_neighbouring_slices_are_no_colours():
    seen = PreprocessConfig(neighbours=1)
    card = ModelCard("m", UNetConfig(in_channels=3), seen, LabelRule())
    assert misfit(card, replace(IMAGE, channels=1)) == ""
    assert "grey images" not in misfit(card, replace(IMAGE, channels=3))
    assert "but scan is 2-channel" in misfit(card, replace(IMAGE, channels=2))


def test_a_line_is_no_image():
    card = ModelCard("m", UNetConfig(), PreprocessConfig(), LabelRule())
    assert "no image" in misfit(card, replace(IMAGE, shape=(5,)))

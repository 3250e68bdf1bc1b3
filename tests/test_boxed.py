"""The model that comes with the package: what its card has to say, and that it says the truth."""

import json
import runpy
import subprocess
import sys
from pathlib import Path
from statistics import fmean

import pytest

from napari_unet.api import segment
from napari_unet.card import read_card, read_picture
from napari_unet.data.dataset import open_dataset
from napari_unet.data.formats import read_case
from napari_unet.library import BOXED, find, verify
from napari_unet.metrics import score_masks
from napari_unet.schema import to_json

MODEL = BOXED / "brain-tumor.unet.safetensors"
KINDS = {"meningioma", "glioma", "pituitary"}


@pytest.fixture(scope="module")
def card():
    return read_card(MODEL)


def test_it_is_small_whole_and_found_by_its_name(monkeypatch):
    monkeypatch.setattr("napari_unet.library.names.BOXED", BOXED)  # empty in other tests
    assert find("brain-tumor") == MODEL
    assert MODEL.stat().st_size <= 10_000_000
    assert verify("brain-tumor").gave[0] == 1
    assert read_picture(MODEL)


def test_it_takes_grey_pictures_and_finds_tumours(card):
    assert (card.image_channels, card.network.dims, card.classes) == (1, 2, ("tumor",))


def test_its_card_says_what_people_have_to_know(card):
    assert "not a medical device" in card.about["not_for"]
    assert card.about["licence"] == "CC-BY-4.0"
    assert "Jun Cheng" in card.about["attribution"]
    assert all(card.about[key] for key in ("summary", "use", "limits", "data", "authors", "cite"))
    assert card.training["command"].startswith("napari-unet train brain_tumor --minutes ")
    assert len(card.training["history"]) >= card.scores["epoch"]


def test_the_script_that_rebuilds_it_trains_as_its_card_says(card):
    tool = runpy.run_path(str(Path(__file__).parent.parent / "tools" / "box_model.py"))
    assert card.training["recipe"]["optim"]["minutes"] == tool["MINUTES"][-1]
    assert card.training["command"] == tool["words"](tool["MINUTES"])
    assert card.about == tool["ABOUT"]


def test_reading_it_does_not_load_torchs_compiler():
    code = (
        "import sys; from napari_unet.unet.file import load_model; "
        "load_model(sys.argv[1]); assert 'torch._dynamo' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code, str(MODEL)], check=True)


def test_its_card_has_scores_with_spread_of_unseen_people(card):
    test = card.scores["subsets"]["test"]
    people = card.data["test_people"]
    assert test["images"] == card.data["subsets"]["test"]
    assert test["patients"]["count"] == len(people) == len(set(people))
    kinds = card.scores["tumor_type"]
    assert kinds.keys() == KINDS
    assert sum(kind["images"] for kind in kinds.values()) == test["images"]
    for summary in (test, *kinds.values()):
        for value in ("dice", "iou"):
            assert 0 < summary["mean"][value] < 1
            assert 0 < summary["std"][value] < 1


def test_no_path_of_a_machine_is_in_it(card):
    text = json.dumps(to_json(card))
    assert not [word for word in ("/home", "/work", "/tmp", "/root", "C:\\") if word in text]


def test_it_does_on_people_it_never_saw_what_its_card_says(card, real_data):
    """The first slice of each of them: the mean of so few varies, but not beyond bounds."""
    dataset = open_dataset(real_data("brain_tumor"))
    unseen = dict.fromkeys(card.data["test_people"])
    for case in reversed(dataset.cases):
        if case.patient in unseen:
            unseen[case.patient] = case
    found = []
    for case in unseen.values():
        image, reference = read_case(case, dataset.labels, 1)
        found.append(score_masks(segment(image, MODEL), reference).dice)
    assert fmean(found) > card.scores["subsets"]["test"]["patients"]["mean"]["dice"] - 0.15

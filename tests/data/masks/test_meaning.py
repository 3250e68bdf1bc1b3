"""What a person says of the masks' values: proposed, checked, kept, and used when opening."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from napari_unet.data.cases import COLOUR, LabelRule
from napari_unet.data.dataset import open_dataset
from napari_unet.data.formats import read_reference
from napari_unet.data.masks.meaning import load_rule, rule_from, save_rule
from napari_unet.errors import DataError
from napari_unet.workspace import dataset_file


@pytest.fixture
def folder(tmp_path):
    """Masks of two organs, 1 and 2, in every image."""
    for i in range(4):
        mask = np.zeros((16, 16), np.uint8)
        mask[2:8, 2:10], mask[10:12, 2:6] = 1, 2
        for name, array in (("images", mask * 90 + i), ("masks", mask)):
            (tmp_path / name).mkdir(exist_ok=True)
            Image.fromarray(array).save(tmp_path / name / f"{i}.png")
    return tmp_path


@pytest.mark.parametrize(
    ("names", "rule"),
    [
        ({0: "", 255: "tumour"}, LabelRule(127.5, (), ("tumour",))),
        ({0: "", 1: "organ", 2: "organ"}, LabelRule(0.5, (), ("organ",))),
        ({0: "", 1: "liver", 2: "spleen"}, LabelRule(0.0, (1, 2), ("liver", "spleen"))),
        ({0: "cell", 255: " "}, LabelRule(0.0, (0,), ("cell",))),
    ],
)
def test_names_become_a_rule(names, rule):
    assert rule_from(names) == rule


def test_colours_are_classes_by_their_value_and_are_kept(folder):
    red, green = COLOUR | 0xFF0000, COLOUR | 0x00FF00
    rule = rule_from({COLOUR: "", red: "liver"}, {red: "#ff0000"})
    assert rule == LabelRule(0.0, (red,), ("liver",), ("#ff0000",))
    both = rule_from({red: "a", green: "b"}, {red: "#ff0000", green: "#00ff00"})
    save_rule(folder, both)
    assert load_rule(folder) == both


@pytest.mark.parametrize(
    ("names", "words"),
    [
        ({0: "", 1: ""}, "at least one"),
        ({0: "", 1: "a", 2: "b", 3: "a"}, "called a"),
        ({0.5: "a", 1: "b"}, "whole numbers"),
    ],
)
def test_names_that_make_no_rule_are_refused(names, words):
    with pytest.raises(DataError, match=words):
        rule_from(names)


def test_a_dataset_is_opened_with_the_classes_that_were_chosen(folder):
    assert open_dataset(folder).labels.classes == 2
    save_rule(folder, rule_from({0: "", 1: "", 2: "tumour"}))
    dataset = open_dataset(folder)
    assert dataset.labels.names == ("tumour",)
    assert any(note.startswith("classes as chosen by hand") for note in dataset.notes)
    assert read_reference(dataset.cases[0], dataset.labels).sum() == 8
    assert open_dataset(folder, edited=False).labels.classes == 2
    save_rule(folder, None)
    save_rule(folder, None)
    assert load_rule(folder) is None


@pytest.mark.parametrize("text", ["{", '{"format": 9}', '{"format": 1, "names": []}'])
def test_a_damaged_file_is_named(folder, text):
    path = dataset_file(folder, "classes")
    path.parent.mkdir(parents=True)
    path.write_text(text)
    with pytest.raises(DataError, match=r"classes\.json"):
        load_rule(folder)

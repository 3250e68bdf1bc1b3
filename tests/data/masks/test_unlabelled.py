"""Pixels of which nobody said what they are, from the mask's file to the scores."""

from pathlib import Path

import numpy as np
import pytest
import torch

from napari_unet.cli import main
from napari_unet.config import PreprocessConfig
from napari_unet.data.cases import IGNORE, Case, LabelRule
from napari_unet.data.dataset import open_dataset, require_trainable, say_unlabelled
from napari_unet.data.formats import read_reference
from napari_unet.data.masks.labels import apply_rule, describe_rule
from napari_unet.data.masks.meaning import (
    UNLABELLED,
    load_rule,
    rule_from,
    save_rule,
    scribble_rule,
    with_unlabelled,
)
from napari_unet.data.masks.rules import find_rule
from napari_unet.data.masks.survey import audit_masks
from napari_unet.errors import DataError
from napari_unet.metrics import score_masks
from napari_unet.unet.preprocess import prepare

STROKES = np.array([[0, 0, 1, 1], [2, 2, 0, 3]], np.uint8)


def test_the_convention_of_scribbles():
    rule = scribble_rule(("cell", "nucleus"))
    assert apply_rule(STROKES, rule).tolist() == [[255, 255, 0, 0], [1, 1, 255, 2]]
    assert rule.classes == 2
    assert describe_rule(rule).endswith("not labelled where it is 0")


@pytest.mark.parametrize("dtype", [np.uint8, np.int16, np.int32, np.float32])
def test_values_that_a_type_cannot_hold_are_nowhere(dtype):
    rule = LabelRule(threshold=1.5, unlabelled=(0, 300, -1))
    assert apply_rule(STROKES.astype(dtype), rule).tolist() == [[255, 255, 0, 0], [1, 1, 255, 1]]


def test_what_is_left_is_found_anew():
    assert find_rule([STROKES.clip(max=2)], unlabelled=[0])[0] == LabelRule(1.5, unlabelled=(0,))
    rule, _ = find_rule([STROKES], unlabelled=[0])
    assert (rule.values, rule.unlabelled) == ((2, 3), (0,))
    with pytest.raises(DataError, match="Without what is not labelled the masks hold 1"):
        find_rule([STROKES.clip(max=1)], unlabelled=[0])


def test_a_value_of_255_beside_classes_is_ignored_by_itself():
    mask = np.repeat(np.repeat(np.array([[0, 1], [2, 255]], np.uint8), 20, 0), 20, 1)
    rule, notes = find_rule([mask])
    assert (rule.values, rule.unlabelled) == ((1, 2), (255,))
    assert any("not labelled" in note for note in notes)


def test_a_person_can_name_it_in_the_table_of_values():
    rule = rule_from({0: UNLABELLED, 1: "", 2: "cell"})
    assert rule == LabelRule(threshold=1.5, names=("cell",), unlabelled=(0,))
    assert {v.value: v.meaning for v in audit_masks([STROKES]).values}[0] == "background"
    with pytest.raises(DataError, match="whole numbers"):
        rule_from({0.5: UNLABELLED, 1: "", 2: "cell"})
    with pytest.raises(DataError, match="nothing is left"):
        with_unlabelled(LabelRule(values=(1,), names=("a",)), [1])


def test_it_is_kept(tmp_path):
    save_rule(tmp_path, scribble_rule(("cell",)))
    assert load_rule(tmp_path) == scribble_rule(("cell",))


def test_scores_leave_it_out():
    reference = np.array([[1, 1, 0, IGNORE, IGNORE]], np.uint8)
    score = score_masks(np.array([[1, 0, 0, 1, 0]]), reference, ignore=IGNORE)
    assert score.dice == pytest.approx(2 / 3)
    assert score.pixel_accuracy == pytest.approx(2 / 3)
    both = score_masks(np.array([[1, 2, 0]]), np.array([[1, 2, IGNORE]]), "ab", ignore=IGNORE)
    assert both.dice == 1


def test_a_class_wins_over_a_mask_that_says_nothing(tmp_path):
    paths = [tmp_path / "0.npy", tmp_path / "1.npy"]
    np.save(paths[0], np.array([[0, 0, 1, 2]], np.uint8))
    np.save(paths[1], np.array([[2, 0, 0, 1]], np.uint8))
    case = Case("a", Path(), paths[0], "", "", masks=tuple(paths))
    assert read_reference(case, scribble_rule(("cell",))).tolist() == [[1, 255, 0, 1]]


def test_thin_strokes_survive_being_made_smaller():
    labels = np.full((96, 96), IGNORE, np.uint8)
    labels[10], labels[:, 50] = 0, 1
    _, fit = prepare(np.zeros((96, 96), np.uint8), PreprocessConfig(size=(32, 32)))
    small = fit.labels(labels)
    assert set(torch.unique(small).tolist()) == {0, 1, IGNORE}
    assert (small[:, 16] == 1).sum() >= 31
    assert (small == IGNORE).float().mean() > 0.9


@pytest.fixture
def folder(tmp_path):
    for part, array in (("images", STROKES * 50), ("masks", STROKES.clip(max=2))):
        (tmp_path / part).mkdir()
        for i in range(4):
            np.save(tmp_path / part / f"{i}.npy", np.kron(array, np.ones((8, 8), np.uint8)))
    return tmp_path


def test_saying_so_from_the_command_line(folder, capsys):
    assert main(["inspect", str(folder), "--unlabelled", "0"]) == 0
    assert "not labelled where it is 0" in capsys.readouterr().out
    dataset = open_dataset(folder)
    assert dataset.labels.unlabelled == (0,)
    require_trainable(dataset)
    assert main(["inspect", str(folder), "--unlabelled"]) == 0
    assert open_dataset(folder).labels.unlabelled == ()


def test_strokes_of_one_class_only_teach_nothing(folder):
    for i in range(4):
        np.save(folder / "masks" / f"{i}.npy", np.array([[0, 1], [2, 0]]).repeat(16, 0) % 2)
    with pytest.raises(DataError):
        say_unlabelled(open_dataset(folder), [0])

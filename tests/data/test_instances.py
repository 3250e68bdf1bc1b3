from pathlib import Path

import numpy as np
import pytest

from napari_unet.data.cases import IGNORE, Case, LabelRule
from napari_unet.data.instances import are_ids, components, read_objects


def case(tmp_path, *masks):
    paths = []
    for i, mask in enumerate(masks):
        paths.append(tmp_path / f"{i}.npy")
        np.save(paths[-1], mask)
    return Case("a", Path(), paths[0], "", "", masks=tuple(paths) if len(paths) > 1 else ())


def test_ids_tell_objects_apart_that_touch(tmp_path):
    mask = np.zeros((8, 8), np.uint16)
    mask[:4], mask[4:] = 300, 7
    found = read_objects(case(tmp_path, mask), LabelRule())
    assert np.unique(found).tolist() == [7, 300]


def test_without_ids_what_touches_is_one(tmp_path):
    mask = np.zeros((8, 8), np.uint8)
    mask[:2], mask[5:, :3], mask[5:, 4:] = 255, 255, 255
    found = read_objects(case(tmp_path, mask), LabelRule(threshold=127.5))
    assert [int((found == i).sum()) for i in range(4)] == [64 - 37, 16, 9, 12]


def test_a_file_for_each_object(tmp_path):
    masks = np.zeros((2, 8, 8), np.uint8)
    masks[0, :4], masks[1, 4:] = 255, 255
    found = read_objects(case(tmp_path, *masks), LabelRule(threshold=127.5))
    assert (found[:4] == 1).all()
    assert (found[4:] == 2).all()


def test_classes_are_objects_of_their_own_and_nobody_s_pixels_are_none():
    classes = np.array([[1, 2, 2, 0, 1, IGNORE]], np.uint8)
    assert components(classes).tolist() == [[1, 3, 3, 0, 2, 0]]


@pytest.mark.parametrize(
    ("stored", "rule", "ids"),
    [
        ([0, 1, 2], LabelRule(), True),
        ([0, 1, 1], LabelRule(), False),
        ([0, 100, 255], LabelRule(threshold=127.5), False),
        ([0.0, 1.0, 2.0], LabelRule(), False),
        ([0, 1, 2], LabelRule(values=(1, 2), names=("a", "b")), False),
    ],
)
def test_which_values_are_ids(stored, rule, ids):
    assert are_ids(np.array(stored), rule) is ids

"""Cases are shown as they are understood when they are shown, not when they were asked for."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from napari_unet.data.cases import LabelRule
from napari_unet.data.dataset import open_dataset
from napari_unet.data.sample import write_sample
from napari_unet.widgets.layer_tags import REFERENCE


@pytest.fixture
def opened(desk, tmp_path):
    desk.session.set_dataset(open_dataset(write_sample(tmp_path / "brains", 3, 2, 32)))
    return desk


def test_a_case_that_was_being_read_while_its_classes_changed_is_read_again(opened, qtbot):
    session, known = opened.session, opened.session.dataset
    then = []
    opened.loader.open_case(known.cases[0], lambda: then.append(1))
    session.amend_dataset(replace(known, labels=LabelRule(values=(0, 255), names=("a", "b"))))
    amended = session.dataset
    qtbot.waitUntil(lambda: bool(then), timeout=20_000)
    assert session.case == known.cases[0] and then == [1]
    assert opened.loader.opened.shown.key == opened.layers.open_case()
    assert opened.loader.shelf.get(next(iter(keys(opened, amended)))) is opened.loader.opened
    assert set(np.unique(opened.layers.hand.find(REFERENCE).data)) == {1, 2}


def keys(desk, dataset):
    """Return the keys of what is on the shelf as it is understood in a data set."""
    return [key for key in desk.loader.shelf._kept if dataset.labels in key]


def test_a_case_that_was_left_out_while_it_was_read_is_not_shown(opened, viewer, qtbot):
    session, known = opened.session, opened.session.dataset
    first, *others = known.cases
    opened.loader.open_case(first)
    session.amend_dataset(replace(known, cases=tuple(others)))
    qtbot.waitUntil(lambda: len(opened.loader.shelf) > 0, timeout=20_000)
    qtbot.wait(50)
    assert session.case is None and not viewer.layers


def test_a_case_of_a_folder_that_is_no_more_open_is_not_shown(opened, viewer, tmp_path, qtbot):
    first = opened.session.dataset.cases[0]
    opened.loader.open_case(first)
    opened.session.set_dataset(open_dataset(write_sample(tmp_path / "others", 3, 2, 32)))
    qtbot.waitUntil(lambda: len(opened.loader.shelf) > 0, timeout=20_000)
    qtbot.wait(50)
    assert opened.session.case is None and not viewer.layers

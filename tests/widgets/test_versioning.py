"""What is asked of a case's versions takes its time: by then another case may be open."""

from __future__ import annotations

import threading

import numpy as np
import pytest

from napari_unet.data import corrections
from napari_unet.data.dataset import open_dataset
from napari_unet.data.sample import write_sample
from napari_unet.widgets.layer_tags import REFERENCE


@pytest.fixture
def cases(desk, tmp_path, qtbot):
    """Return two cases, the first one open; two versions of its reference are kept."""
    root = write_sample(tmp_path / "brains", 2, 2, 32)
    first, second, *_ = open_dataset(root).cases
    for value in (0, 1):
        labels = np.full((32, 32), value, np.uint8)
        corrections.save(root, first.name, labels, "reference")
    desk.session.set_dataset(open_dataset(root))
    show(desk, first, qtbot)
    return first, second


def show(desk, case, qtbot):
    desk.loader.open_case(case)
    qtbot.waitUntil(lambda: desk.session.case is not None and desk.session.case.name == case.name)


def over(desk, qtbot):
    """Wait until the thread has done all that it was given."""
    ends = []
    desk.keeper.saver.thread.run(lambda: None, ends.append, ends.append)
    qtbot.waitUntil(lambda: len(ends) == 1)


@pytest.fixture
def busy(desk, cases, qtbot):
    """Keep the thread busy until what this returns is set."""
    over(desk, qtbot)
    go = threading.Event()
    desk.keeper.saver.thread.run(lambda: go.wait(10), lambda _: None, lambda _: None)
    yield go
    go.set()


def known(desk, name):
    return next(case for case in desk.session.dataset.cases if case.name == name)


def test_a_version_counts_and_that_is_undone(desk, cases, qtbot):
    first, _ = cases
    choose = lambda: desk.versioner.restore("reference", 1)  # noqa: E731
    for act, value in ((choose, 0), (desk.versioner.undo, 1)):
        act()
        over(desk, qtbot)
        over(desk, qtbot)
        assert (desk.layers.hand.find(REFERENCE).data == value).all()
        version = corrections.current(desk.session.dataset.root, first.name, "reference")
        assert version.number == value + 1
        assert known(desk, first.name).correction == version.path
    assert not desk.versioner.can_undo


def test_a_version_that_was_chosen_counts_though_its_case_was_left_meanwhile(
    desk, cases, busy, qtbot
):
    first, second = cases
    desk.versioner.restore("reference", 1)
    show(desk, second, qtbot)
    shown = desk.layers.hand.find(REFERENCE).data.copy()
    busy.set()
    over(desk, qtbot)
    over(desk, qtbot)
    version = corrections.current(desk.session.dataset.root, first.name, "reference")
    assert version.number == 1
    assert known(desk, first.name).correction == version.path
    assert known(desk, second.name).correction is None
    assert (desk.layers.hand.find(REFERENCE).data == shown).all()
    assert not desk.versioner.can_undo  # that would be another case's
    show(desk, first, qtbot)
    assert not desk.layers.hand.find(REFERENCE).data.any()


def test_what_was_deleted_of_a_case_that_was_left_is_not_undone_in_another(
    desk, cases, busy, qtbot
):
    _, second = cases
    desk.versioner.delete(desk.versioner.listed.versions[-1])
    show(desk, second, qtbot)
    busy.set()
    over(desk, qtbot)
    assert not desk.versioner.can_undo
    assert desk.versioner.listed.case == second.name


def test_versions_of_a_case_that_was_closed_meanwhile_are_not_listed(desk, cases, busy, qtbot):
    desk.versioner.look()
    desk.folders.close()
    busy.set()
    over(desk, qtbot)
    assert desk.versioner.listed.case == ""

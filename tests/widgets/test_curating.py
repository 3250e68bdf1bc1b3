"""Decisions about a data set: all of them count, and only for the folder they were made about."""

from __future__ import annotations

import threading

import pytest

from napari_unet.data.dataset import open_dataset
from napari_unet.data.sample import write_sample
from napari_unet.widgets.amending import Amender


@pytest.fixture
def dataset(tmp_path):
    return open_dataset(write_sample(tmp_path / "brains", 3, 2, 32))


@pytest.fixture
def opened(desk, dataset):
    desk.session.set_dataset(dataset)
    return desk


def test_cases_that_are_left_out_one_right_after_the_other_are_both_gone(opened, dataset, qtbot):
    first, second, *_ = dataset.cases
    opened.curator.leave_out([first], "blurred")
    opened.curator.leave_out([second], "blurred")
    qtbot.waitUntil(lambda: second not in opened.session.dataset.cases, timeout=20_000)
    assert first not in opened.session.dataset.cases
    assert {c.name for c in opened.session.dataset.left_out} == {first.name, second.name}


def test_a_change_waits_for_the_one_before(opened, dataset, qtbot):
    amender, go, seen = Amender(opened.session, opened.folders), threading.Event(), []

    def slow(known):
        go.wait(10)
        seen.append("slow")
        return known

    def quick(known):
        seen.append("quick")
        return known

    amender.amend("one", slow)
    amender.amend("two", quick)
    qtbot.wait(50)
    assert seen == []
    go.set()
    qtbot.waitUntil(lambda: seen == ["slow", "quick"])


def test_a_change_that_fails_is_said_and_the_next_one_is_made(opened, qtbot):
    amender, seen = Amender(opened.session, opened.folders), []

    def bad(known):
        raise ValueError("not this")

    amender.amend("one", bad)
    amender.amend("two", lambda known: seen.append(1) or known)
    qtbot.waitUntil(lambda: bool(seen))
    assert "not this" in opened.session.messages["dataset"].text


def test_what_is_decided_about_a_folder_does_not_bring_it_back(opened, dataset, tmp_path, qtbot):
    other = open_dataset(write_sample(tmp_path / "others", 3, 2, 32))
    amender, go, done = Amender(opened.session, opened.folders), threading.Event(), []

    def slow(known):
        go.wait(10)
        done.append(known)
        return known

    amender.amend("one", slow)
    amender.amend("two", slow)
    opened.session.set_dataset(other)
    go.set()
    qtbot.waitUntil(lambda: bool(done))
    qtbot.wait(50)
    assert opened.session.dataset is other
    assert done == [dataset]  # the second was not begun


def test_values_of_masks_are_told_of_the_open_folder_only(opened, dataset, qtbot):
    told = []
    opened.curator.values_found.connect(told.append)
    opened.curator.look_at_masks()
    opened.session.set_dataset(None)
    qtbot.wait(200)
    opened.session.set_dataset(dataset)
    assert not told
    opened.curator.look_at_masks()
    qtbot.waitUntil(lambda: len(told) == 1, timeout=20_000)

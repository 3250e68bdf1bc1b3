"""From a result to labels: at once, or in a thread, of which the newest wish counts."""

from __future__ import annotations

import threading
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from napari_unet.cleaning import clean
from napari_unet.config import CleanUp
from napari_unet.labelling import OWN, label_image
from napari_unet.session import Result, Session
from napari_unet.session.kept import Kept
from napari_unet.widgets import relabelling
from napari_unet.widgets.relabelling import Labelled, Relabeller, Wish, make

NUMBERED = CleanUp(min_size=3, objects="components")


def result(shape: tuple[int, ...] = (1, 20, 30), image: str = "i") -> Result:
    planes = np.random.default_rng(0).integers(0, 256, shape, np.uint8)
    names = ("a", "b", "c")[: max(shape[0] - 1, 1)]
    return Result(image, "m", 0.0, Kept(planes), names, 0.5)


@pytest.fixture
def relabeller(qapp: Any) -> Relabeller:
    return Relabeller(Session())


@pytest.fixture
def told(relabeller: Relabeller) -> list[Labelled]:
    found: list[Labelled] = []
    relabeller.ready.connect(found.append)
    return found


def test_small_images_are_labelled_at_once(relabeller):
    one = result()
    labelled = relabeller.labels(one, 0.5)
    assert np.array_equal(labelled.labels, label_image(one.probabilities, 0.5))
    assert labelled.pixels == (int(labelled.labels.sum()),)
    cleaned = relabeller.labels(one, 0.5, cleanup=CleanUp(fill_holes=True))
    assert np.array_equal(cleaned.labels, clean(labelled.labels, CleanUp(fill_holes=True)))
    assert cleaned.classes is None


def test_several_classes_and_their_objects(relabeller):
    several = result((3, 20, 30))
    labelled = relabeller.labels(several, 0.5, (0.6, OWN), NUMBERED)
    plain = label_image(several.probabilities, 0.5, (0.6, OWN))
    assert np.array_equal(labelled.labels, clean(plain, NUMBERED))
    assert labelled.labels.dtype == np.uint16
    kept = clean(plain, CleanUp(min_size=3))
    assert labelled.pixels == (np.count_nonzero(kept == 1), np.count_nonzero(kept == 2))
    for at in np.argwhere(labelled.labels):
        assert labelled.classes[labelled.labels[tuple(at)] - 1] == kept[tuple(at)]


def test_slices_and_thick_voxels_are_passed_on(relabeller):
    volume = result((1, 4, 12, 12))
    smooth = CleanUp(smooth=1.0, largest=True)
    plain = label_image(volume.probabilities, 0.5)
    for spacing, planes in (((4.0, 1.0, 1.0), False), ((), True)):
        labelled = relabeller.labels(volume, 0.5, (), smooth, spacing, planes)
        assert np.array_equal(labelled.labels, clean(plain, smooth, spacing or None, planes))


def test_what_takes_long_is_done_in_a_thread(relabeller, told, monkeypatch, qtbot):
    monkeypatch.setattr(relabelling, "CLEANED", 100)
    assert relabeller.labels(result(), 0.5, cleanup=NUMBERED) is None
    qtbot.waitUntil(lambda: bool(told))
    assert np.array_equal(told[0].labels, make(told[0].wish).labels)
    assert relabeller.note == ""


def test_a_watershed_is_never_waited_for(relabeller, told, qtbot):
    assert relabeller.labels(result(), 0.5, cleanup=CleanUp(objects="watershed")) is None
    qtbot.waitUntil(lambda: bool(told))


class Slow:
    """Stands in for `make`: every call waits until it is let go, and is noted."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.wishes: list[Wish] = []
        self.error: Exception | None = None
        self._gate = threading.Semaphore(0)
        monkeypatch.setattr(relabelling, "CLEANED", 0)
        monkeypatch.setattr(relabelling, "make", self._make)

    def let_go(self, times: int = 1) -> None:
        self._gate.release(times)

    def _make(self, wish: Wish) -> Labelled:
        if wish.quick:
            return Labelled(wish, None)
        self.wishes.append(wish)
        assert self._gate.acquire(timeout=10)
        if self.error is not None:
            raise self.error
        return Labelled(wish, None)


@pytest.fixture
def slow(monkeypatch: pytest.MonkeyPatch) -> Slow:
    return Slow(monkeypatch)


def test_of_many_wishes_the_newest_is_done_next(relabeller, told, slow, qtbot):
    one = result()
    relabeller.labels(one, 0.1, cleanup=NUMBERED)
    qtbot.waitUntil(lambda: len(slow.wishes) == 1)
    for threshold in (0.2, 0.3, 0.4):
        assert relabeller.labels(one, threshold, cleanup=NUMBERED) is None
    slow.let_go(2)
    qtbot.waitUntil(lambda: len(told) == 2)
    assert [w.threshold for w in slow.wishes] == [0.1, 0.4]
    assert [x.wish.threshold for x in told] == [0.1, 0.4]  # so labels follow a moving slider


def test_moves_in_quick_succession_are_one(relabeller, told, slow, qtbot):
    slow.let_go(5)
    for threshold in (0.1, 0.2, 0.3):
        relabeller.labels(result(), threshold, cleanup=NUMBERED)
    qtbot.waitUntil(lambda: bool(told))
    assert [w.threshold for w in slow.wishes] == [0.3]


def test_labels_of_another_image_are_not_shown_late(relabeller, told, slow, qtbot):
    relabeller.labels(result(image="first"), 0.5, cleanup=NUMBERED)
    qtbot.waitUntil(lambda: len(slow.wishes) == 1)
    relabeller.labels(result(image="second"), 0.5, cleanup=NUMBERED)
    slow.let_go(2)
    qtbot.waitUntil(lambda: bool(told))
    assert [x.wish.result.image for x in told] == ["second"]


def test_what_was_quick_comes_before_what_was_slow(relabeller, told, slow, qtbot):
    relabeller.labels(result(), 0.5, cleanup=NUMBERED)
    qtbot.waitUntil(lambda: len(slow.wishes) == 1)
    assert relabeller.labels(result(), 0.5) is not None
    slow.let_go()
    qtbot.waitUntil(lambda: not relabeller._running)
    assert told == []


@pytest.mark.parametrize("when", ["running", "waiting"])
def test_an_image_that_was_closed_is_awaited_no_longer(when, relabeller, told, slow, qtbot):
    relabeller.labels(result(), 0.5, cleanup=NUMBERED)
    if when == "running":
        qtbot.waitUntil(lambda: len(slow.wishes) == 1)
    relabeller.forget("another")
    relabeller.forget("i")
    slow.let_go()
    qtbot.wait(relabelling.PAUSE + 50)
    qtbot.waitUntil(lambda: not relabeller._running)
    assert told == []
    assert len(slow.wishes) == (when == "running")


def test_a_long_clean_up_says_so_and_then_no_more(relabeller, told, slow, qtbot):
    notes: list[str] = []
    relabeller.note_changed.connect(lambda: notes.append(relabeller.note))
    relabeller._slow.setInterval(20)
    relabeller.labels(result(), 0.5, cleanup=NUMBERED)
    qtbot.waitUntil(lambda: bool(notes))
    slow.let_go()
    qtbot.waitUntil(lambda: bool(told))
    assert notes == ["Cleaning up …", ""]


def test_what_goes_wrong_is_said_in_the_widget(relabeller, slow, qtbot):
    slow.error = MemoryError("no room")
    relabeller.labels(result(), 0.5, cleanup=NUMBERED)
    slow.let_go()
    qtbot.waitUntil(lambda: "segment" in relabeller.session.messages)
    assert relabeller.session.messages["segment"].kind == "error"
    slow.error = None
    relabeller.labels(result(), 0.4, cleanup=NUMBERED)  # it goes on working
    slow.let_go()
    qtbot.waitUntil(lambda: len(slow.wishes) == 2)


def test_a_store_is_labelled_lazily_and_not_cleaned_up(relabeller, tmp_path):
    import zarr

    planes = np.random.default_rng(0).integers(0, 256, (1, 4, 8, 8), np.uint8)
    zarr.create_array(str(tmp_path / "p"), data=planes, chunks=(1, 1, 8, 8))
    stored = replace(result(), kept=None, store=str(tmp_path / "p"))
    labelled = relabeller.labels(stored, 0.5, cleanup=NUMBERED)
    assert not isinstance(labelled.labels, np.ndarray)
    assert labelled.pixels == ()
    assert "Too large" in relabeller.note
    found = labelled.labels[1].compute(scheduler="synchronous")
    assert np.array_equal(found, label_image(planes, 0.5)[1])
    relabeller.labels(stored, 0.5)
    assert relabeller.note == ""

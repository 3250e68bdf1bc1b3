"""From a kept result to labels: at once where that is quick, else in a thread."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from threading import Thread
from typing import Any

import numpy as np
from numpy.typing import NDArray
from psygnal import Signal
from qtpy.QtCore import QObject, Qt

from napari_unet.cleaning import number, tidy
from napari_unet.config import CleanUp
from napari_unet.errors import readable
from napari_unet.labelling import count_classes
from napari_unet.session import Result, Session
from napari_unet.widgets.parts.qt import Signal as QtSignal
from napari_unet.widgets.parts.timing import single_shot

PAUSE = 40  # milliseconds in which several moves of a slider become one
SLOW = 1000  # milliseconds after which it is said that something is being done
# What is done at once: so many probabilities compared, so many pixels cleaned up (20 ms or so).
COMPARED, CLEANED = 1 << 26, 1 << 18


@dataclass(frozen=True)
class Wish:
    """Which labels are wanted of a result; see `label_image` and `clean`."""

    result: Result
    threshold: float
    thresholds: tuple[float, ...] = ()
    cleanup: CleanUp = field(default_factory=CleanUp)
    spacing: tuple[float, ...] = ()
    planes: bool = False

    @property
    def quick(self) -> bool:
        """Whether nobody notices how long it takes."""
        if self.result.lazy:
            return True
        pixels = math.prod(self.result.shape[1:])
        if self.cleanup:
            return pixels <= CLEANED and self.cleanup.objects != "watershed"
        return pixels * self.result.shape[0] <= COMPARED


@dataclass(frozen=True)
class Labelled:
    """Labels that were wished for.

    ``labels`` is uint8; if objects are numbered uint16, or int32 where that is too small: then
    ``classes[i]`` is the class of the object ``i + 1``, else ``classes`` is None. ``pixels`` are
    those of each class; empty where labels are lazy, since nobody has counted them.
    """

    wish: Wish
    labels: Any
    classes: NDArray[Any] | None = None
    pixels: tuple[int, ...] = ()


def make(wish: Wish) -> Labelled:
    """Make labels. Lazy ones are not cleaned up: what is connected is not known of a part."""
    result, cleanup = wish.result, wish.cleanup
    labels = result.labels(wish.threshold, wish.thresholds)
    if result.lazy:
        return Labelled(wish, labels)
    spacing, planes = wish.spacing or None, wish.planes
    labels = tidy(labels, cleanup, spacing, planes)
    pixels = tuple(count_classes(labels, len(result.classes)).tolist())
    if cleanup.objects == "classes":
        return Labelled(wish, labels, None, pixels)
    objects, classes = number(labels, cleanup.objects == "watershed", spacing, planes)
    if len(classes) <= np.iinfo(np.uint16).max:
        # napari shows these as they are; wider ones it translates for every drawing.
        return Labelled(wish, objects.astype(np.uint16), classes, pixels)
    return Labelled(wish, objects, classes, pixels)


class Relabeller:
    """Labels results; of what is wished while it works, the newest is done next."""

    ready = Signal(object)  # Labelled, of a wish that was not quick
    note_changed = Signal()

    def __init__(self, session: Session) -> None:
        self.session = session
        self.note = ""  # what a person has to know: that it takes a while, or cannot be done
        self._thread = _Thread()
        self._thread.over.connect(self._done, Qt.ConnectionType.QueuedConnection)
        self._now: Wish | None = None  # whose labels are awaited
        self._next: Wish | None = None
        self._running = False
        self._pause = single_shot(PAUSE, self._start)
        self._slow = single_shot(SLOW, lambda: self._say("Cleaning up …"))

    def labels(
        self,
        result: Result,
        threshold: float,
        thresholds: Sequence[float] = (),
        cleanup: CleanUp | None = None,
        spacing: Sequence[float] | None = None,
        planes: bool = False,
    ) -> Labelled | None:
        """Return labels, or None if they take a while: `ready` then tells them.

        Parameters
        ----------
        result, threshold, thresholds
            See `Result.labels`.
        cleanup, spacing, planes
            See `cleaning.clean`.
        """
        cleanup = cleanup or CleanUp()
        wish = Wish(
            result, threshold, tuple(thresholds), cleanup, tuple(map(float, spacing or ())), planes
        )
        if wish.quick:
            self.drop()
            if result.lazy and cleanup:
                self._say("Too large to be cleaned up: these labels are made where you look.")
            return make(wish)
        self._next = wish
        if not self._running:
            self._pause.start()
        return None

    def drop(self) -> None:
        """Await nothing any more: what is under way is not wanted."""
        self._now = self._next = None
        self._pause.stop()
        if not self._running:
            self._say("")

    def forget(self, image: str) -> None:
        """Await nothing of an image that changed or was closed."""
        if self._now is not None and self._now.result.image == image:
            self._now = None
        if self._next is not None and self._next.result.image == image:
            self.drop()

    # --- inside -------------------------------------------------------------------------------

    def _start(self) -> None:
        wish, self._next = self._next, None
        if wish is None or self.session.closed:
            return
        self._now, self._running = wish, True
        if not self._slow.isActive() and not self.note:
            self._slow.start()
        self._thread.run(lambda: make(wish))

    def _done(self, labelled: Labelled | Exception) -> None:
        """Show what was made, even if there is a newer wish: so labels follow a moving slider."""
        wanted, newer = self._now, self._next
        self._running, self._now = False, None
        if newer is not None:
            self._start()
        else:
            self._slow.stop()
            self._say("")
        if isinstance(labelled, Exception):
            self.session.fail("segment", readable(labelled))
            return
        another = newer is not None and newer.result is not labelled.wish.result
        if labelled.wish is wanted and not another and not self.session.closed:
            self.ready.emit(labelled)

    def _say(self, note: str) -> None:
        if note != self.note:
            self.note = note
            self.note_changed.emit()


class _Thread(QObject):
    """Does something in a thread that nobody waits for, not even at the end of the program.

    When its window is closed, napari waits some seconds for its own workers. Nothing that is
    computed here can be interrupted, and nothing of it is worth waiting for.
    """

    over = QtSignal(object)  # what was computed, or the exception

    def run(self, work: Callable[[], Any]) -> None:
        """Call ``work`` and tell what came of it."""
        Thread(target=self._work, args=(work,), daemon=True).start()

    def _work(self, work: Callable[[], Any]) -> None:
        found: Any
        try:
            found = work()
        except Exception as error:
            found = error
        with contextlib.suppress(RuntimeError):  # the program has ended meanwhile
            self.over.emit(found)

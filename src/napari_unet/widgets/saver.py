"""Writing what a person painted, in a thread and in order: drafts, and versions."""

from __future__ import annotations

import weakref
from collections import Counter
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from numpy.typing import NDArray
from psygnal import Signal

from napari_unet.data import corrections
from napari_unet.data.cases import IGNORE, Case, Dataset
from napari_unet.data.corrections import Draft, Role, Told, Version
from napari_unet.data.scan import Scan
from napari_unet.errors import UnetError, readable
from napari_unet.metrics import score_masks
from napari_unet.widgets.in_order import InOrder
from napari_unet.widgets.reading import Opened

SAVING = "Saving …"


@dataclass(eq=False)
class Work:
    """One layer that is painted on, and what becomes of it.

    Attributes
    ----------
    layer : weakref.ref
        A Labels layer.
    opened : Opened
        The case that it belongs to.
    dataset : Dataset
        Where that case is from.
    role : str
        What is painted on.
    draft : Draft
        What is written between two versions.
    told : Told
        What is told of its versions.
    number : int
        The version that is painted on, 0 for what came from elsewhere; of the thread.
    painted : bool
        Whether it was since the last draft.
    drafting : bool
        Whether a draft is being written.
    """

    layer: weakref.ref[Any]
    opened: Opened
    dataset: Dataset
    role: Role
    draft: Draft
    told: Told
    number: int = 0
    painted: bool = False
    drafting: bool = False

    @property
    def case(self) -> Case:
        """The case that is corrected."""
        return self.opened.case

    @property
    def key(self) -> str:
        """What identifies the case."""
        return self.opened.shown.key

    @property
    def scan(self) -> Scan:
        """The image that is painted on."""
        return self.opened.shown.scan


@dataclass(frozen=True, eq=False)
class Saved:
    """A version that was written, and which one counts as its case's reference now."""

    work: Work
    version: Version
    reference: Version | None
    labels: NDArray[Any]


class Saver:
    """Writes drafts and versions, and says how that goes.

    ``unsaved`` holds what could not be written, by a case's key and the role: nothing of it is
    lost as long as the viewer runs.
    """

    state_changed = Signal()
    saved = Signal(object)  # Saved
    drafted = Signal(object)  # Work, whether that went well or not

    def __init__(self) -> None:
        self.thread = InOrder()
        self.state, self.error = "", ""
        self.unsaved: dict[tuple[str, Role], tuple[Work, NDArray[Any]]] = {}
        self._awaited: Counter[tuple[str, Role]] = Counter()

    def awaits(self, key: str, role: Role) -> bool:
        """Say whether a version of a case is not on the disk yet."""
        return (key, role) in self.unsaved or self._awaited[key, role] > 0

    def draft(self, work: Work, labels: NDArray[Any]) -> None:
        """Write a draft; no other of the same work until `drafted`."""
        work.painted, work.drafting = False, True

        def over(error: Exception | None = None) -> None:
            work.drafting = False
            if error is not None:
                self.fail(error)
            self.drafted.emit(work)

        told = replace(work.told, based_on=work.number)
        self.thread.run(lambda: work.draft.write(labels, work.scan, told), over, over)

    def drop_draft(self, work: Work) -> None:
        """Forget what was drafted: it was undone."""
        self.thread.run(work.draft.end, _nothing, self.fail)

    def save(
        self,
        work: Work,
        base: NDArray[Any],
        labels: NDArray[Any],
        reference: NDArray[Any] | None = None,
    ) -> None:
        """Write a version: ``labels``, painted on ``base``, compared with ``reference``."""
        place = work.key, work.role
        self._awaited[place] += 1
        self.say(SAVING)

        def save() -> Saved:
            added, removed = corrections.difference(base, labels)
            dice = None if work.told.objects else _dice(work, labels, reference)
            told = replace(work.told, based_on=work.number, added=added, removed=removed, dice=dice)
            root, name = work.dataset.root, work.case.name
            version = corrections.save(root, name, labels, work.role, work.scan, told)
            work.number = version.number
            work.draft.end()
            return Saved(work, version, corrections.current(root, name, "reference"), labels)

        def done(saved: Saved) -> None:
            self._awaited[place] -= 1
            self.unsaved.pop(place, None)
            time = datetime.now().strftime("%H:%M")
            self.say(f"Saved {time}, version {saved.version.number}")
            self.saved.emit(saved)

        def failed(error: Exception) -> None:
            self._awaited[place] -= 1
            self.unsaved[place] = work, labels
            self.fail(error)

        self.thread.run(save, done, failed)

    def try_again(self) -> None:
        """Write what could not be written."""
        for work, labels in list(self.unsaved.values()):
            self.save(work, labels, labels)

    # --- words --------------------------------------------------------------------------------

    def say(self, state: str, error: str = "") -> None:
        """Tell how it goes; what is wrong stands until it is mended."""
        if self.unsaved and not error and state != SAVING:
            return
        if (state, error) != (self.state, self.error):
            self.state, self.error = state, error
            self.state_changed.emit()

    def fail(self, error: Exception) -> None:
        """Tell what went wrong."""
        self.say("", str(readable(error)))


def _dice(work: Work, labels: NDArray[Any], reference: NDArray[Any] | None) -> float | None:
    """Return the mean Dice of the classes; None where it cannot be told."""
    if reference is None or reference.shape != labels.shape:
        return None
    names = work.dataset.labels.names
    try:
        return score_masks(labels, reference, names, ignore=IGNORE, surfaces=False).dice
    except (UnetError, ValueError, IndexError):  # labels that are no classes
        return None


def _nothing(_: object) -> None: ...

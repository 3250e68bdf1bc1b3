"""Which version of a case counts: chosen, taken back, deleted; and what there is to choose from."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from numpy.typing import NDArray
from psygnal import Signal

from napari_unet.data import corrections
from napari_unet.data.cases import Dataset
from napari_unet.data.corrections import Choice, Role, Version
from napari_unet.errors import readable
from napari_unet.session import Session
from napari_unet.widgets.keeping import Keeper
from napari_unet.widgets.reading import Opened


@dataclass(frozen=True)
class Listed:
    """What is kept of the open case.

    Attributes
    ----------
    case : str
        Its name; empty if none is open.
    versions : tuple of Version
        The newest first.
    counting : dict
        The number that counts for each role; None for the original.
    follows : bool
        Whether the corrected prediction is the reference.
    size, all : int
        Bytes of this case's versions, and of those of the whole data set.
    """

    case: str = ""
    versions: tuple[Version, ...] = ()
    counting: tuple[tuple[Role, int | None], ...] = ()
    follows: bool = False
    size: int = 0
    all: int = 0

    def number(self, role: Role) -> int | None:
        """Return the version that counts for a role."""
        return dict(self.counting).get(role)


@dataclass(frozen=True)
class _Step:
    """Something that can be undone."""

    text: str
    undo: Callable[[], Any]


class Versioner:
    """Lets a person go through the versions of the open case."""

    changed = Signal()

    def __init__(self, session: Session, keeper: Keeper) -> None:
        self.session, self.keeper, self.recaller = session, keeper, keeper.recaller
        self._thread = keeper.saver.thread
        self.listed = Listed()
        self._steps: list[_Step] = []
        keeper.changed.connect(self.look)
        keeper.layers.case_changing.connect(self._leave)

    @property
    def can_undo(self) -> str:
        """What would be undone, in words; empty if there is nothing."""
        return self._steps[-1].text if self._steps else ""

    def look(self) -> None:
        """List what there is of the open case."""
        found = self.recaller.opened()
        if found is None:
            self._listed(Listed())
            return
        root, case, key = found[0].root, found[1].case.name, found[1].shown.key

        def gather() -> Listed:
            counting: list[tuple[Role, int | None]] = []
            for role in corrections.ROLES:
                version = corrections.current(root, case, role)
                counting.append((role, version.number if version is not None else None))
            return Listed(
                case,
                tuple(reversed(corrections.versions(root, case))),
                tuple(counting),
                corrections.chosen(root, case, "reference").follow,
                corrections.bytes_of(root, case),
                corrections.bytes_of(root),
            )

        def gathered(listed: Listed) -> None:
            if self._shows(key):  # the next case may be open by now, or none
                self._listed(listed)

        self._thread.run(gather, gathered, self._failed)

    # --- what a person chooses ----------------------------------------------------------------

    def restore(self, role: Role, number: int | None) -> None:
        """Let a version count for a role, None for the original."""
        what = "the original" if number is None else f"version {number}"
        self._choose(
            f"{role}: {what}", role, lambda root, case: corrections.choose(root, case, role, number)
        )

    def follow(self, on: bool) -> None:
        """Use the corrected prediction as the reference, or what was the reference before."""
        words = "corrected prediction as reference" if on else "its own reference"
        self._choose(words, "reference", lambda root, case: corrections.follow(root, case, on))

    def delete(self, version: Version) -> None:
        """Delete a version, which can be undone while its case is open."""
        found = self.recaller.opened()
        if found is None:
            return
        root, key = found[0].root, found[1].shown.key

        def done(gone: Version) -> None:
            if self._shows(key):
                text = f"version {version.number} deleted"
                self._steps.append(_Step(text, lambda: corrections.undelete(gone)))
                self.keeper.changed.emit()

        self._thread.run(lambda: corrections.remove(root, version), done, self._failed)

    def undo(self) -> None:
        """Take the last choice or deletion back."""
        found = self.recaller.opened()
        if found is None or not self._steps:
            return
        step = self._steps.pop()

        def done(_: object) -> None:
            for role in corrections.ROLES:
                self._show(role, found)

        self._thread.run(step.undo, done, self._failed)

    # --- inside -------------------------------------------------------------------------------

    def _choose(self, text: str, role: Role, act: Callable[[Any, str], Choice]) -> None:
        found = self.recaller.opened()
        if found is None:
            return
        self.keeper.keep()  # what was painted just now is a version, too
        root, case = found[0].root, found[1].case.name

        def done(before: Choice) -> None:
            if self._shows(found[1].shown.key):
                undo = lambda: corrections.decide(root, case, role, before)  # noqa: E731
                self._steps.append(_Step(text, undo))
            self._show(role, found)

        self._thread.run(lambda: act(root, case), done, self._failed)

    def _shows(self, key: str) -> bool:
        """Say whether a case is the open one still: what was asked of it took its time."""
        found = self.recaller.opened()
        return found is not None and found[1].shown.key == key

    def _show(self, role: Role, found: tuple[Dataset, Opened]) -> None:
        """Show what counts for a role of a case by now; its reference is noted even if it is left.

        A case that comes back is read with the reference that is noted.
        """
        if role == "reference":
            self._show_reference(*found)
        elif self._shows(found[1].shown.key):
            self.recaller.show_prediction_anew()
        self.keeper.changed.emit()

    def _show_reference(self, dataset: Dataset, opened: Opened) -> None:
        from napari_unet.data.formats import read_reference

        name, key = opened.case.name, opened.shown.key

        def read() -> tuple[Version | None, NDArray[Any]]:
            version = corrections.current(dataset.root, name, "reference")
            path = version.path if version is not None else None
            case = replace(opened.case, correction=path)
            return version, read_reference(case, dataset.labels)

        def done(answer: tuple[Version | None, NDArray[Any]]) -> None:
            version, labels = answer
            self.recaller.take_reference(dataset.root, name, version)
            self.recaller.show_reference(key, labels, version)

        self._thread.run(read, done, self._failed)

    def _leave(self, key: str) -> None:
        """Delete for good what was deleted of the case that is left."""
        self._steps.clear()
        if (found := self.recaller.opened()) is not None:
            root, case = found[0].root, found[1].case.name
            self._thread.run(lambda: corrections.purge(root, case), lambda _: None, self._failed)

    def _listed(self, listed: Listed) -> None:
        if listed != self.listed:
            self.listed = listed
        self.changed.emit()

    def _failed(self, error: Exception) -> None:
        self.session.fail("correct", readable(error))

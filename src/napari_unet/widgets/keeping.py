"""Corrections save themselves: after a pause in painting, and whenever the case is left.

What is painted on the segmentation of the open case is a correction of its prediction, what is
painted on its reference one of the reference. After every stroke a draft is written, so that a
viewer that is killed loses at most the last one.
"""

from __future__ import annotations

import weakref
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from psygnal import Signal
from qtpy.QtCore import QTimer

from napari_unet.data import corrections
from napari_unet.data.cases import IGNORE, Case, Dataset
from napari_unet.data.corrections import Draft, Role, Told, Version
from napari_unet.data.scan import Scan
from napari_unet.errors import UnetError, readable
from napari_unet.metrics import score_masks
from napari_unet.session import Message, Session
from napari_unet.widgets.answers import Answers
from napari_unet.widgets.by_hand import corrected_name, what_counts
from napari_unet.widgets.in_order import InOrder
from napari_unet.widgets.layer_tags import REFERENCE, SEGMENTATION, tag_of
from napari_unet.widgets.layers import Layers
from napari_unet.widgets.loading import Loader
from napari_unet.widgets.reading import Opened, case_key
from napari_unet.widgets.segmentations import Whose

PAUSE = 1000  # milliseconds without a stroke, after which a correction is a version
SOON = 30  # milliseconds after a stroke until a draft is written
WITHIN = 1000  # milliseconds between drafts within one long stroke
STROKE = "paint"  # napari's event at the end of a stroke
PAINTED = (STROKE, "labels_update")  # and of each step of one; undo has none of its own
BY_HAND = "by hand"  # what labels are called that no selected model made


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
    number : int
        The version that is painted on, 0 for what came from elsewhere; of the thread.
    model : str
        The name of the network whose labels are corrected.
    """

    layer: weakref.ref[Any]
    opened: Opened
    dataset: Dataset
    role: Role
    draft: Draft
    number: int = 0
    model: str = ""
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
    """What the thread tells of a version: which counts as reference now, with its labels."""

    version: Version
    reference: Version | None
    labels: NDArray[Any] | None


class Keeper:
    """Keeps what a person paints on the open case of a data set."""

    state_changed = Signal()  # the words about saving
    changed = Signal()  # the versions of the open case, or which of them count
    back_to_network = Signal()  # the open case's prediction is the network's again

    def __init__(self, session: Session, layers: Layers, loader: Loader, answers: Answers) -> None:
        self.session, self.layers, self.loader, self.answers = session, layers, loader, answers
        self.thread = InOrder()
        self.state, self.error = "", ""
        self.unsaved: dict[tuple[str, Role], tuple[Work, NDArray[Any]]] = {}
        self._works: weakref.WeakKeyDictionary[Any, Work] = weakref.WeakKeyDictionary()
        self._numbers: weakref.WeakKeyDictionary[Any, int] = weakref.WeakKeyDictionary()
        self._pause, self._soon = _timer(PAUSE, self.keep), _timer(SOON, self._draft)
        self._finished = False
        layers.touched.connect(self._touched)
        layers.case_changing.connect(self._leave)
        layers.cases.editing.connect(self._switch)
        layers.segmentations.correction_replaced.connect(self._replaced)
        session.case_changed.connect(self._show)

    # --- what a person does -------------------------------------------------------------------

    def opened(self) -> tuple[Dataset, Opened] | None:
        """Return the open case of the open data set; None while there is none, or a stack."""
        dataset, opened = self.session.dataset, self.loader.opened
        if dataset is None or opened is None or self.session.case is None:
            return None
        shown = opened.shown.key == self.layers.open_case() == case_key(dataset, opened.case)
        return (dataset, opened) if shown else None

    def keep(self) -> None:
        """Save what was painted since it was saved last; returns before that is done."""
        self._pause.stop()
        self._soon.stop()
        for work in list(self._works.values()):
            self._keep(work)

    def try_again(self) -> None:
        """Save what could not be saved."""
        for work, labels in list(self.unsaved.values()):
            self._save(work, labels, labels)

    def finish(self) -> None:
        """Save what is unsaved, and wait for it: the viewer closes."""
        if not self._finished:
            self._finished = True
            self.keep()
            self.thread.finish()

    # --- following the layers -----------------------------------------------------------------

    def _touched(self, layer: Any, event: str) -> None:
        work = self._work(layer)
        if work is None:
            return
        if event == "removed":
            self._keep(work)
            del self._works[layer]
            return
        if event in PAINTED:
            work.painted = True
            if event == STROKE:
                self._soon.start(SOON)
            elif not self._soon.isActive():
                self._soon.start(WITHIN)
        self._pause.start()

    def _work(self, layer: Any) -> Work | None:
        """Return what is painted on a layer; None if it is nothing that is kept."""
        found, role = self.opened(), self._role(layer)
        if found is None or role is None:
            return None
        dataset, opened = found
        work = self._works.get(layer)
        if work is not None and (work.key, work.role) == (opened.shown.key, role):
            return work
        data = layer.data
        if not isinstance(data, np.ndarray) or data.shape != opened.shown.scan.spatial:
            return None
        number, model = self._numbers.get(layer, 0), self.session.model
        if role == "reference":
            version = corrections.current(dataset.root, opened.case.name, role)
            number = version.number if version is not None else 0
        work = self._works[layer] = Work(
            weakref.ref(layer),
            opened,
            dataset,
            role,
            Draft(dataset.root, opened.case.name, role),
            number,
            model.name if model is not None and role == "prediction" else "",
        )
        return work

    def _role(self, layer: Any) -> Role | None:
        tag, case = tag_of(layer), self.layers.open_case()
        if not case or tag.get("image") != case:
            return None
        if tag.get("role") == SEGMENTATION:
            return "prediction"
        return "reference" if tag.get("role") == REFERENCE and layer.editable else None

    def _base(self, work: Work, layer: Any) -> NDArray[Any] | None:
        """Return what a layer held before it was painted on, or what of it was saved last."""
        if work.role == "prediction":
            return self.layers.segmentations.base(layer)
        return self.layers.cases.before

    def _switch(self, on: bool) -> None:
        """Save what was painted before another layer is."""
        self.keep()

    def _forget(self, layer: Any) -> None:
        """Begin anew with a layer when it is painted on again."""
        if layer is not None:
            self._works.pop(layer, None)

    # --- drafts -------------------------------------------------------------------------------

    def _draft(self) -> None:
        for work in list(self._works.values()):
            layer = work.layer()
            if layer is None or not work.painted or work.drafting:
                continue
            work.painted, work.drafting = False, True
            self._write_draft(work, layer.data.copy())

    def _write_draft(self, work: Work, labels: NDArray[Any]) -> None:
        told = self._told(work)

        def done(_: object) -> None:
            work.drafting = False
            if work.painted and not self._soon.isActive():  # meanwhile
                self._soon.start(SOON)

        def failed(error: Exception) -> None:
            work.drafting = False
            self._fail(error)

        self.thread.run(lambda: work.draft.write(labels, work.scan, told), done, failed)

    # --- versions -----------------------------------------------------------------------------

    def _keep(self, work: Work) -> None:
        layer = work.layer()
        base = self._base(work, layer) if layer is not None else None
        work.painted = False
        if layer is None or base is None:
            return
        if np.array_equal(base, layer.data):  # nothing painted, or all of it undone
            self.thread.run(work.draft.end, _nothing, self._fail)
            return
        labels = layer.data.copy()
        if work.role == "prediction":
            by_hand = self.layers.segmentations.by_hand
            by_hand.keep(layer, labels)
            by_hand.images.add(work.key)
        else:
            self.layers.cases.before = labels
        if layer in self.layers.hand.layers:
            layer.name = corrected_name(layer.name)
        self._save(work, base, labels)

    def _save(self, work: Work, base: NDArray[Any], labels: NDArray[Any]) -> None:
        told = self._told(work)
        reference = self._shown_reference(work)
        names = work.dataset.labels.names
        self._say("Saving …")

        def save() -> Saved:
            added, removed = corrections.difference(base, labels)
            dice = None if told.objects else _dice(labels, reference, names)
            about = replace(told, based_on=work.number, added=added, removed=removed, dice=dice)
            root, name = work.dataset.root, work.case.name
            version = corrections.save(root, name, labels, work.role, work.scan, about)
            work.number = version.number
            work.draft.end()
            counts = corrections.current(root, name, "reference")
            return Saved(version, counts, labels)

        def failed(error: Exception) -> None:
            self.unsaved[work.key, work.role] = work, labels
            self._fail(error)

        self.thread.run(save, lambda saved: self._saved(work, saved), failed)

    def _saved(self, work: Work, saved: Saved) -> None:
        self.unsaved.pop((work.key, work.role), None)
        if self.session.closed:
            return
        if (layer := work.layer()) is not None:
            self._numbers[layer] = saved.version.number
        time = datetime.now().strftime("%H:%M")
        self._say(f"Saved {time}, version {saved.version.number}")
        self.take_reference(work.dataset.root, work.case.name, saved.reference)
        if work.role == "prediction" and saved.reference == saved.version:
            self.show_reference(work.key, saved.labels, saved.version)
        self.changed.emit()

    def _told(self, work: Work) -> Told:
        model = self.session.model
        numbered = work.role == "prediction" and model is not None
        objects = numbered and model is not None and self.answers.numbered(work.key, model.path)
        return Told(work.number, work.model, work.dataset.labels.classes, objects=objects)

    def _shown_reference(self, work: Work) -> NDArray[Any] | None:
        """Return the reference that a corrected prediction is compared with."""
        layer = self.layers.hand.find(REFERENCE) if work.role == "prediction" else None
        return layer.data.copy() if layer is not None else None

    def _replaced(self, image: str) -> None:
        """Let the network's labels count, which a person wanted in place of a correction."""
        self.layers.segmentations.by_hand.images.discard(image)
        self._works.clear()
        self._numbers.clear()
        if (found := self.opened()) is not None and found[1].shown.key == image:
            root, name = found[0].root, found[1].case.name
            self.thread.run(
                lambda: corrections.choose(root, name, "prediction", None),
                lambda _: self.changed.emit(),
                self._fail,
            )

    # --- cases come and go --------------------------------------------------------------------

    def _leave(self, key: str) -> None:
        """Save what was painted on the case that is left; know what there is of the next one."""
        self.keep()
        self._works.clear()
        dataset = self.session.dataset
        by_hand = self.layers.segmentations.by_hand.images
        by_hand.discard(key)
        if dataset is None or not key.startswith(f"{dataset.root}::"):
            return
        name = key.removeprefix(f"{dataset.root}::")
        if (key, "prediction") in self.unsaved or corrections.current(
            dataset.root, name, "prediction"
        ):
            by_hand.add(key)

    def _show(self) -> None:
        """Show the corrected prediction of the case that was opened."""
        found = self.opened()
        self._say("")
        if found is not None and found[1].shown.key in self.layers.segmentations.by_hand.images:
            self.show_prediction(*found)
        self.changed.emit()

    def show_prediction(self, dataset: Dataset, opened: Opened) -> None:
        """Show the corrected prediction that counts, once it is read."""
        key, name = opened.shown.key, opened.case.name
        if (kept := self.unsaved.get((key, "prediction"))) is not None:
            self._put_prediction(key, 0, kept[1])
            return

        def done(answer: tuple[corrections.Counting, NDArray[Any] | None]) -> None:
            counts, labels = answer
            for damaged in counts.passed:
                text = f"Version {damaged.number} was passed over: {damaged.damage}"
                self.session.set_message("correct", Message(text, "warning"))
            if counts.version is None or labels is None:
                self.layers.segmentations.by_hand.images.discard(key)
            else:
                self._put_prediction(key, counts.version.number, labels)

        self.thread.run(
            lambda: corrections.read_current(dataset.root, name, "prediction"), done, self._fail
        )

    def show_prediction_anew(self, dataset: Dataset, opened: Opened) -> None:
        """Show what counts as the open case's prediction by now: a correction, or a network's."""
        key, by_hand = opened.shown.key, self.layers.segmentations.by_hand
        if corrections.current(dataset.root, opened.case.name, "prediction") is not None:
            by_hand.images.add(key)
            self.show_prediction(dataset, opened)
        elif key in by_hand.images:
            by_hand.images.discard(key)
            self._works.clear()
            self.layers.segmentations.remove_corrected(key)
            self.back_to_network.emit()

    def _put_prediction(self, key: str, number: int, labels: NDArray[Any]) -> None:
        if self.session.closed or self.layers.open_case() != key:
            return
        model = self.session.model
        path, name = ("", BY_HAND) if model is None else (model.path, model.name)
        layer = self.layers.segmentations.write_corrected(Whose(key, path, name), labels)
        if layer is None:
            self.layers.segmentations.by_hand.images.discard(key)
            text = f"Version {number} was painted on an image of another size: it is not shown."
            self.session.set_message("correct", Message(text, "warning"))
            return
        self._forget(layer)
        self._numbers[layer] = number
        self.changed.emit()

    def take_reference(self, root: Path, name: str, version: Version | None) -> None:
        """Note which version stands for a case's reference, None for the mask as it came."""
        dataset = self.session.dataset
        if dataset is None or dataset.root != root:
            return
        path = version.path if version is not None else None
        case = next((c for c in dataset.cases if c.name == name), None)
        if case is not None and case.correction != path:
            self.session.replace_case(replace(case, correction=path))

    def show_reference(
        self, key: str, labels: NDArray[Any] | None, version: Version | None
    ) -> None:
        """Show other labels as the reference of the open case: a version, None for the mask."""
        found = self.opened()
        if found is None or found[1].shown.key != key or labels is None:
            return
        self._forget(self.layers.hand.find(REFERENCE))
        said = what_counts(version.path if version is not None else None)
        self.layers.cases.write_reference(labels, f"{found[1].shown.name} · reference{said}")

    # --- words --------------------------------------------------------------------------------

    def _say(self, state: str, error: str = "") -> None:
        if self.unsaved and not error and state != "Saving …":
            return  # what is wrong stands until it is mended
        if (state, error) != (self.state, self.error):
            self.state, self.error = state, error
            self.state_changed.emit()

    def _fail(self, error: Exception) -> None:
        self._say("", str(readable(error)))


def _dice(
    labels: NDArray[Any], reference: NDArray[Any] | None, names: tuple[str, ...]
) -> float | None:
    """Return the mean Dice of the classes; None where it cannot be told."""
    if reference is None or reference.shape != labels.shape:
        return None
    try:
        return score_masks(labels, reference, names, ignore=IGNORE, surfaces=False).dice
    except (UnetError, ValueError, IndexError):  # labels that are no classes
        return None


def _timer(milliseconds: int, slot: Any) -> QTimer:
    timer = QTimer()
    timer.setSingleShot(True)
    timer.setInterval(milliseconds)
    timer.timeout.connect(slot)
    return timer


def _nothing(_: object) -> None: ...

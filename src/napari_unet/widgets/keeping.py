"""Corrections save themselves: after a pause in painting, and whenever the case is left.

What is painted on the segmentation of the open case is a correction of its prediction, what is
painted on its reference one of the reference. After every stroke a draft is written, so that a
viewer that is killed loses at most the last one.
"""

from __future__ import annotations

import weakref
from typing import Any

import numpy as np
from numpy.typing import NDArray
from psygnal import Signal

from napari_unet.data import corrections
from napari_unet.data.corrections import Draft, Role, Told
from napari_unet.session import Session
from napari_unet.widgets.answers import Answers
from napari_unet.widgets.labels_names import corrected_name
from napari_unet.widgets.layer_tags import REFERENCE, SEGMENTATION, tag_of
from napari_unet.widgets.layers import Layers
from napari_unet.widgets.loading import Loader
from napari_unet.widgets.parts.timing import single_shot
from napari_unet.widgets.recalling import Recaller
from napari_unet.widgets.saver import Saved, Saver, Work

PAUSE = 1000  # milliseconds without a stroke, after which a correction is a version
SOON = 30  # milliseconds after a stroke until a draft is written
WITHIN = 1000  # milliseconds between drafts within one long stroke
STROKE = "paint"  # napari's event at the end of a stroke
PAINTED = (STROKE, "labels_update")  # and of each step of one; undo has none of its own


class Keeper:
    """Keeps what a person paints on the open case of a data set."""

    changed = Signal()  # the versions of the open case, or which of them count

    def __init__(self, session: Session, layers: Layers, loader: Loader, answers: Answers) -> None:
        self.session, self.layers, self.answers = session, layers, answers
        self.saver = Saver()
        self.recaller = Recaller(session, layers, loader, self.saver)
        self._works: weakref.WeakKeyDictionary[Any, Work] = weakref.WeakKeyDictionary()
        self._numbers: weakref.WeakKeyDictionary[Any, int] = weakref.WeakKeyDictionary()
        self._pause, self._soon = single_shot(PAUSE, self.keep), single_shot(SOON, self._draft)
        self._finished = False
        layers.touched.connect(self._touched)
        layers.case_changing.connect(self._leave)
        layers.cases.editing.connect(self._switch)
        layers.segmentations.correction_replaced.connect(self._replaced)
        session.case_changed.connect(self._show)
        self.saver.saved.connect(self._saved)
        self.saver.drafted.connect(self._drafted)
        self.recaller.put.connect(self._put)

    def keep(self) -> None:
        """Save what was painted since it was saved last; returns before that is done."""
        self._pause.stop()
        self._soon.stop()
        self._keep_all()

    def _keep_all(self) -> None:
        for work in list(self._works.values()):
            self._keep(work)

    def finish(self) -> None:
        """Save what is unsaved, and wait for it: the viewer closes."""
        if not self._finished:
            self._finished = True
            self._keep_all()  # where Python itself ends, the timers are gone already
            self.saver.thread.finish()

    # --- following the layers -----------------------------------------------------------------

    def _touched(self, layer: Any, event: str) -> None:
        if event == "removed":  # perhaps after its image, without which nothing is kept anew
            work = self._works.get(layer) or self._work(layer)
            if work is not None:
                self._keep(work)
                del self._works[layer]
            return
        work = self._work(layer)
        if work is None:
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
        found, role = self.recaller.opened(), self._role(layer)
        if found is None or role is None:
            return None
        dataset, opened = found
        work = self._works.get(layer)
        if work is not None and (work.key, work.role) == (opened.shown.key, role):
            return work
        if not isinstance(layer.data, np.ndarray):
            return None
        if layer.data.shape != opened.shown.scan.spatial:
            return None
        number = self._numbers.get(layer, 0)
        if role == "reference":
            version = corrections.current(dataset.root, opened.case.name, role)
            number = version.number if version is not None else 0
        draft = Draft(dataset.root, opened.case.name, role)
        told = self._told(role, opened.shown.key, dataset.labels.classes)
        work = Work(weakref.ref(layer), opened, dataset, role, draft, told, number)
        self._works[layer] = work
        return work

    def _role(self, layer: Any) -> Role | None:
        tag, case = tag_of(layer), self.layers.open_case()
        if not case or tag.get("image") != case:
            return None
        if tag.get("role") == SEGMENTATION:
            return "prediction"
        return "reference" if tag.get("role") == REFERENCE and layer.editable else None

    def _told(self, role: Role, key: str, classes: int) -> Told:
        model = self.session.model
        if role == "reference" or model is None:
            return Told(classes=classes)
        objects = self.answers.on_screen.numbered(key, model.path)
        return Told(model=model.name, classes=classes, objects=objects)

    # --- saving -------------------------------------------------------------------------------

    def _draft(self) -> None:
        for work in list(self._works.values()):
            layer = work.layer()
            if layer is not None and work.painted and not work.drafting:
                self.saver.draft(work, layer.data.copy())

    def _drafted(self, work: Work) -> None:
        if work.painted and not self._soon.isActive():  # meanwhile
            self._soon.start(SOON)

    def _keep(self, work: Work) -> None:
        layer = work.layer()
        base = self._base(work, layer) if layer is not None else None
        work.painted = False
        if layer is None or base is None:
            return
        if np.array_equal(base, layer.data):  # nothing painted, or all of it undone
            self.saver.drop_draft(work)
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
        self.saver.save(work, base, labels, self._compared(work))

    def _base(self, work: Work, layer: Any) -> NDArray[Any] | None:
        """Return what a layer held before it was painted on, or what of it was saved last."""
        if work.role == "prediction":
            return self.layers.segmentations.base(layer)
        return self.layers.cases.before

    def _compared(self, work: Work) -> NDArray[Any] | None:
        """Return the reference that a corrected prediction is compared with."""
        layer = self.layers.hand.find(REFERENCE) if work.role == "prediction" else None
        return np.array(layer.data) if layer is not None else None

    def _saved(self, saved: Saved) -> None:
        if self.session.closed:
            return
        work, version = saved.work, saved.version
        if (layer := work.layer()) is not None:
            self._numbers[layer] = version.number
        self.recaller.take_reference(work.dataset.root, work.case.name, saved.reference)
        if work.role == "prediction" and saved.reference == version:
            self.recaller.show_reference(work.key, saved.labels, version)
        self.changed.emit()

    # --- cases come and go --------------------------------------------------------------------

    def _switch(self, on: bool) -> None:
        """Save what was painted before another layer is."""
        self.keep()

    def _leave(self, key: str) -> None:
        """Save what was painted on the case that is left."""
        self.keep()
        self._works.clear()
        self.recaller.expect(key)

    def _show(self) -> None:
        self.saver.say("")
        self.recaller.show_prediction()
        self.changed.emit()

    def _put(self, layer: Any, number: int) -> None:
        """Begin anew with a layer that holds a version now."""
        self._works.pop(layer, None)
        self._numbers[layer] = number
        self.changed.emit()

    def _replaced(self, image: str) -> None:
        """Let the network's labels count, which a person wanted in place of a correction."""
        self.layers.segmentations.by_hand.images.discard(image)
        self._works.clear()
        self._numbers.clear()
        found = self.recaller.opened()
        if found is None or found[1].shown.key != image:
            return
        root, name = found[0].root, found[1].case.name
        self.saver.thread.run(
            lambda: corrections.choose(root, name, "prediction", None),
            lambda _: self.changed.emit(),
            self.saver.fail,
        )

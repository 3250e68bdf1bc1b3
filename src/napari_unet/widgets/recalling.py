"""Showing the corrections that count, on the open case and wherever its reference is known."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from numpy.typing import NDArray
from psygnal import Signal

from napari_unet.data import corrections
from napari_unet.data.cases import Dataset
from napari_unet.data.corrections import Version
from napari_unet.session import Message, Session
from napari_unet.widgets.labels_names import what_counts
from napari_unet.widgets.layer_tags import Whose
from napari_unet.widgets.layers import Layers
from napari_unet.widgets.loading import Loader
from napari_unet.widgets.reading import Opened, case_key
from napari_unet.widgets.saver import Saver

BY_HAND = "by hand"  # what labels are called that no selected model made


class Recaller:
    """Puts corrections into the layers of the open case."""

    put = Signal(object, int)  # a layer, and the version that it holds now
    back_to_network = Signal()  # the open case's prediction is the network's again

    def __init__(self, session: Session, layers: Layers, loader: Loader, saver: Saver) -> None:
        self.session, self.layers, self.loader, self.saver = session, layers, loader, saver

    def opened(self) -> tuple[Dataset, Opened] | None:
        """Return the open case of the open data set; None while there is none, or a stack."""
        dataset, opened = self.session.dataset, self.loader.opened
        if dataset is None or opened is None or self.session.case is None:
            return None
        shown = opened.shown.key == self.layers.open_case() == case_key(dataset, opened.case)
        return (dataset, opened) if shown else None

    def expect(self, key: str) -> None:
        """Note, before a case is shown, whether its prediction is a person's."""
        dataset, images = self.session.dataset, self.layers.segmentations.by_hand.images
        images.discard(key)
        if dataset is None or not key.startswith(f"{dataset.root}::"):
            return
        name = key.removeprefix(f"{dataset.root}::")
        there = corrections.current(dataset.root, name, "prediction") is not None
        if there or self.saver.awaits(key, "prediction"):
            images.add(key)

    # --- the prediction -----------------------------------------------------------------------

    def show_prediction(self) -> None:
        """Show the corrected prediction of the open case, if it has one, once it is read."""
        found, images = self.opened(), self.layers.segmentations.by_hand.images
        if found is None or found[1].shown.key not in images:
            return
        root, key, name = found[0].root, found[1].shown.key, found[1].case.name

        def done(answer: tuple[corrections.Counting, NDArray[Any] | None]) -> None:
            counts, labels = answer
            for damaged in counts.passed:
                self._warn(f"Version {damaged.number} was passed over: {damaged.damage}")
            if (kept := self.saver.unsaved.get((key, "prediction"))) is not None:
                self._put(key, 0, kept[1])
            elif counts.version is None or labels is None:
                images.discard(key)
            else:
                self._put(key, counts.version.number, labels)

        self.saver.thread.run(
            lambda: corrections.read_current(root, name, "prediction"), done, self.saver.fail
        )

    def show_prediction_anew(self) -> None:
        """Show what counts as the open case's prediction by now: a correction, or a network's."""
        if (found := self.opened()) is None:
            return
        dataset, opened = found
        key, images = opened.shown.key, self.layers.segmentations.by_hand.images
        if corrections.current(dataset.root, opened.case.name, "prediction") is not None:
            images.add(key)
            self.show_prediction()
        elif key in images:
            images.discard(key)
            self.layers.segmentations.remove_corrected(key)
            self.back_to_network.emit()

    def _put(self, key: str, number: int, labels: NDArray[Any]) -> None:
        if self.session.closed or self.layers.open_case() != key:
            return
        model = self.session.model
        path, name = ("", BY_HAND) if model is None else (model.path, model.name)
        layer = self.layers.segmentations.write_corrected(Whose(key, path, name), labels)
        if layer is None:
            self.layers.segmentations.by_hand.images.discard(key)
            self._warn(f"Version {number} was painted on an image of another size: not shown.")
        else:
            self.put.emit(layer, number)

    # --- the reference ------------------------------------------------------------------------

    def take_reference(self, root: Path, name: str, version: Version | None) -> None:
        """Note which version stands for a case's reference, None for the mask as it came."""
        dataset = self.session.dataset
        if dataset is None or dataset.root != root:
            return
        path = version.path if version is not None else None
        case = next((c for c in dataset.cases if c.name == name), None)
        if case is not None and case.correction != path:
            self.session.replace_case(replace(case, correction=path))

    def show_reference(self, key: str, labels: NDArray[Any], version: Version | None) -> None:
        """Show other labels as the reference of the open case: a version, None for the mask."""
        found = self.opened()
        if found is None or found[1].shown.key != key:
            return
        said = what_counts(version.path if version is not None else None)
        name = f"{found[1].shown.name} · reference{said}"
        if (layer := self.layers.cases.write_reference(labels, name)) is not None:
            self.put.emit(layer, version.number if version is not None else 0)

    def _warn(self, text: str) -> None:
        self.session.set_message("correct", Message(text, "warning"))

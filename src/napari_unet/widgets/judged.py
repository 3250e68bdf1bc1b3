"""Which two Labels layers are compared while somebody paints, and why none can be."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from napari.layers import Labels
from numpy.typing import NDArray

from napari_unet.data.cases import IGNORE
from napari_unet.session import Session
from napari_unet.tally import Tally
from napari_unet.widgets.layer_tags import ERRORS, LIVE, REFERENCE, SEGMENTATION, SPARE, tag_of
from napari_unet.widgets.layers import Layers
from napari_unet.widgets.segmenting import Segmenter

OURS = (ERRORS, LIVE, SPARE)  # what nobody compares
MOST_BYTES = 512_000_000  # of memory for following labels, the error layer included
MOST_CLASSES = 32  # more labels than this are objects

NO_PREDICTION = "Segment the image, or choose the labels to correct."
NO_REFERENCE = (
    "There is nothing to compare with: this image has no reference. Open a case that has one, or "
    "choose a Labels layer as reference."
)
NOTHING = (
    "Open a case with a reference under Data, or two Labels layers, to see their scores while you "
    "paint."
)


@dataclass(frozen=True)
class Judged:
    """Two layers, the names of their classes, and the reference's value of what is not counted."""

    prediction: Any
    reference: Any
    names: tuple[str, ...]
    ignore: int | None

    @property
    def layers(self) -> tuple[Any, Any]:
        """The two layers."""
        return self.prediction, self.reference


class Judges:
    """Finds the layers: a person's choice, else the open case's segmentation and reference."""

    def __init__(self, session: Session, layers: Layers, segmenter: Segmenter) -> None:
        self.session, self.layers, self.segmenter = session, layers, segmenter
        self._chosen: dict[str, str] = {}

    def labels(self) -> list[tuple[str, str]]:
        """Return the layers that can be compared, as (id, name), the topmost last."""
        return [(str(x.unique_id), x.name) for x in self._labels()]

    def choose(self, role: str, id: str) -> None:
        """Compare another layer as "prediction" or "reference"."""
        self._chosen[role] = id

    @property
    def prediction(self) -> Any:
        """The layer that is judged, None if there is none."""
        if (chosen := self._find("prediction")) is not None:
            return chosen
        case = self.layers.open_case()
        ours = [x for x in self._labels() if tag_of(x).get("role") == SEGMENTATION]
        here = [x for x in ours if not case or tag_of(x).get("image") == case]
        shown = [x for x in here if x.visible] or here
        return shown[-1] if shown else None

    @property
    def reference(self) -> Any:
        """The layer that is taken for true, None if there is none."""
        chosen = self._find("reference")
        return self.layers.hand.find(REFERENCE) if chosen is None else chosen

    def problem(self) -> str:
        """Say why the two cannot be compared; empty if they can."""
        prediction, reference = self.prediction, self.reference
        if reference is None:
            return NO_REFERENCE if self.labels() or self.layers.images() else NOTHING
        if prediction is None:
            return NO_PREDICTION
        if prediction is reference:
            return "Choose two different layers."
        for layer in (prediction, reference):
            if layer.multiscale or not isinstance(layer.data, np.ndarray):
                return (
                    f"{layer.name} is read from the disk piece by piece: it can neither be painted "
                    "on nor followed. Segment a part of the image that fits into the memory."
                )
        shapes = prediction.data.shape, reference.data.shape
        if shapes[0] != shapes[1]:
            here, there = ("×".join(map(str, shape)) for shape in shapes)
            return f"{prediction.name} is {here}, but {reference.name} is {there} pixels."
        needed = Tally.memory(shapes[0]) + prediction.data.size
        if needed > MOST_BYTES:
            return (
                f"Following these labels would take {needed / 1e9:.1f} GB of memory, more than the "
                f"{MOST_BYTES / 1e9:.1f} GB set aside for it. Compare them under Scores."
            )
        return self._other_classes(prediction, reference)

    def judged(self) -> Judged:
        """Return what is compared, once there is no `problem`; looks through the labels."""
        prediction, reference = self.prediction, self.reference
        dataset = self.session.dataset
        if dataset is not None and self._is_case(reference):
            ignore = IGNORE if dataset.labels.unlabelled else None
            return Judged(prediction, reference, tuple(dataset.labels.names), ignore)
        n = 1 if self._numbered(prediction) else _classes(prediction.data, reference.data)
        names = ("foreground",) if n == 1 else tuple(str(i + 1) for i in range(n))
        return Judged(prediction, reference, names, None)

    def classes_of_case(self) -> tuple[str, ...] | None:
        """Return the names of the data set's classes, None if the reference is of no case of it."""
        dataset = self.session.dataset
        known = dataset is not None and self._is_case(self.reference)
        return tuple(dataset.labels.names) if dataset is not None and known else None

    def has_grown(self, judged: Judged) -> bool:
        """Say whether layers that belong to no case have more classes than when one looked."""
        return not self._is_case(judged.reference) and len(self.judged().names) > len(judged.names)

    # --- inside -------------------------------------------------------------------------------

    def _labels(self) -> list[Any]:
        every = (x for x in self.layers.hand.layers if isinstance(x, Labels))
        return [x for x in every if tag_of(x).get("role") not in OURS]

    def _find(self, role: str) -> Any:
        id = self._chosen.get(role)
        return next((x for x in self._labels() if str(x.unique_id) == id), None)

    def _is_case(self, reference: Any) -> bool:
        return self.session.case is not None and tag_of(reference).get("role") == REFERENCE

    def _numbered(self, layer: Any) -> bool:
        tag = tag_of(layer)
        return self.segmenter.answers.on_screen.numbered(tag.get("image", ""), tag.get("model", ""))

    def _other_classes(self, prediction: Any, reference: Any) -> str:
        dataset = self.session.dataset
        several = dataset is not None and len(dataset.labels.names) > 1
        if several and self._is_case(reference) and self._numbered(prediction):
            return (
                "These labels number objects. Switch that off under Segment ▸ Clean up to compare "
                "their classes."
            )
        return ""


def _classes(*labels: NDArray[Any]) -> int:
    """Return how many classes labels have; thousands of them are objects: found or not."""
    top = max((int(a.max()) for a in labels if a.size), default=1)
    return top if 1 < top <= MOST_CLASSES else 1

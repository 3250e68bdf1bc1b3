"""What answers for a case with a label image: models, and human readers by their masks."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

from numpy.typing import NDArray

from napari_unet.card import ModelCard
from napari_unet.data.case_ids import find_ids
from napari_unet.data.cases import Case, LabelRule
from napari_unet.data.formats import axes_of, fit_channels
from napari_unet.data.scan import Scan
from napari_unet.errors import DataError
from napari_unet.inference import Predictor
from napari_unet.labelling import label_image
from napari_unet.scoring import check_place, named_folder, read_prediction


class Column(Protocol):
    """A model or a reader; ``source`` is its file or folder."""

    name: str
    kind: str
    source: str

    def labels(self, case: Case, scan: Scan, reference: NDArray[Any]) -> NDArray[Any]:
        """Return class indices of the reference's shape."""


class Model:
    """A model, whose labels are those at its own threshold."""

    kind = "model"

    def __init__(self, source: str, ready: Predictor) -> None:
        self.source, self.ready, self.name = source, ready, ready.card.name

    def labels(self, case: Case, scan: Scan, reference: NDArray[Any]) -> NDArray[Any]:
        """Return class indices of the reference's shape."""
        card = self.ready.card
        image = fit_channels(scan.array, card.image_channels, case.image, scan.axes)
        return label_image(self.ready.volume(image, axes_of(image, reference)), card.threshold)


class Reader:
    """A folder of masks; those of nnU-Net must lie where the case does."""

    kind = "reader"

    def __init__(self, source: str, masks: Mapping[str, Path], rule: LabelRule) -> None:
        self.source, self.masks, self.rule = source, masks, rule
        self.name, folder = named_folder(source)
        self.placed = find_ids(folder) is not None  # nnU-Net's always say where they lie

    def labels(self, case: Case, scan: Scan, reference: NDArray[Any]) -> NDArray[Any]:
        """Return class indices of the reference's shape.

        Raises
        ------
        DataError
            If there is no mask of the case, or it cannot be read.
        """
        if case.name not in self.masks:
            raise DataError(f"{self.name} has no mask of {case.name}.")
        if self.placed:
            check_place(self.masks[case.name], scan)
        return read_prediction(self.masks[case.name], self.rule, case.axes.replace("c", ""))


def clash(first: ModelCard | None, card: ModelCard) -> str:
    """Say why a model's classes are not those of the first; empty if they are."""
    if first is None:
        return ""
    several = first.labels.classes > 1
    if card.labels.classes == first.labels.classes and (
        not several or card.labels.values == first.labels.values
    ):
        return ""
    return (
        f"The model {card.name!r} finds {', '.join(card.classes)}, "
        f"but {first.name!r} {', '.join(first.classes)}."
    )

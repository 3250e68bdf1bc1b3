"""Pictures of an evaluation: image, reference and prediction of telling cases."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_unet.data.cases import IGNORE
from napari_unet.data.dataset import open_dataset
from napari_unet.data.formats import axes_of, read_case
from napari_unet.evaluation import label_rule
from napari_unet.events import CaseScore, EvaluateFinished
from napari_unet.inference import predictor
from napari_unet.labelling import label_image
from napari_unet.report import PictureRow, picture


def write_picture(path: str | Path, folder: str | Path, done: EvaluateFinished) -> None:
    """Draw the best, the median and the worst case that has foreground into a PNG file."""
    dataset = open_dataset(folder)
    cases = {c.name: c for c in dataset.cases}
    ready = predictor(done.model)
    rule = label_rule(dataset, ready.card)
    rows = []
    for word, score in telling(done.scores):
        image, reference = read_case(cases[score.name], rule, ready.card.image_channels)
        # The whole of a volume, since a network may look beyond the plane that is shown.
        found = ready.volume(image, axes_of(image, reference))
        prediction = label_image(found, done.threshold)
        unknown = reference == IGNORE
        reference, prediction = (np.where(unknown, 0, m) for m in (reference, prediction))
        if reference.ndim > 2:
            plane = telling_plane(reference)
            image, reference, prediction = image[plane], reference[plane], prediction[plane]
        caption = f"{word}: Dice {score.dice:.3f}, IoU {score.iou:.3f}"
        rows.append(PictureRow(score.name, image, reference, prediction, caption))
    picture(path, rows)


def telling_plane(reference: NDArray[Any]) -> tuple[int, ...]:
    """Return the index of the plane of a volume that has the most foreground."""
    counts = np.count_nonzero(reference, axis=(-2, -1))
    return tuple(map(int, np.unravel_index(int(counts.argmax()), counts.shape)))


def telling(scores: Sequence[CaseScore]) -> list[tuple[str, CaseScore]]:
    """Return best, median and worst by Dice, each with its word; fewer if there are fewer."""
    good = [s for s in scores if not s.error]
    ranked = sorted([s for s in good if not s.empty] or good, key=lambda s: -s.dice)
    picks = {0: "best", len(ranked) // 2: "median", len(ranked) - 1: "worst"}
    return [(word, ranked[i]) for i, word in sorted(picks.items())]

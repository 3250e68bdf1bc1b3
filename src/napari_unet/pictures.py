"""Pictures of an evaluation: image, reference and prediction of telling cases."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from napari_unet.data import corrections
from napari_unet.data.cases import Case
from napari_unet.data.dataset import open_dataset
from napari_unet.data.formats import axes_of, read_case
from napari_unet.errors import DataError, UnetError, readable
from napari_unet.evaluation import label_rule
from napari_unet.events import CaseScore, EvaluateFinished
from napari_unet.inference import Predictor, predictor
from napari_unet.labelling import label_image
from napari_unet.report import PictureRow, picture, plane_row


def write_picture(path: str | Path, folder: str | Path, done: EvaluateFinished) -> None:
    """Draw the best, the median and the worst case that has foreground into a PNG file."""
    chosen = telling(done.scores)
    drawn = rows(folder, done, [score for _, score in chosen])
    found = []
    for (word, _), row in zip(chosen, drawn, strict=True):
        if isinstance(row, UnetError):
            raise row
        found.append(replace(row, caption=f"{word}: {row.caption}"))
    picture(path, found)


def rows(
    folder: str | Path, done: EvaluateFinished, scores: Sequence[CaseScore], device: str = "auto"
) -> Iterator[PictureRow | UnetError]:
    """Yield what is to be drawn of some cases, one at a time, or why a case cannot be.

    The model is run on them, but for predictions that a person corrected, which are kept. Of a
    volume the plane with most foreground is taken.

    Raises
    ------
    DataError
        If the folder has no pairs.
    ModelError
        If the model cannot be read.
    """
    dataset = open_dataset(folder)
    cases = {c.name: c for c in dataset.cases}
    ready = predictor(done.model, device)
    rule = label_rule(dataset, ready.card)
    for score in scores:
        try:
            if score.name not in cases:
                raise DataError(f"{score.name} is not in {dataset.root.name} any more.")
            case = cases[score.name]
            image, reference = read_case(case, rule, ready.card.image_channels)
            prediction = _predicted(dataset.root, case, score, image, reference, ready, done)
            yield picture_row(score, image, reference, prediction)
        except UnetError as e:
            yield e
        except (MemoryError, OSError) as e:
            yield readable(e)


def _predicted(
    root: Path,
    case: Case,
    score: CaseScore,
    image: NDArray[Any],
    reference: NDArray[Any],
    ready: Predictor,
    done: EvaluateFinished,
) -> NDArray[Any]:
    """Return the labels that were scored: a person's, or the network's."""
    if score.corrected and (version := corrections.current(root, case.name, "prediction")):
        labels = corrections.read(version)
        if labels.shape == reference.shape:
            return labels
    # The whole of a volume, since a network may look beyond the plane that is shown.
    return label_image(ready.volume(image, axes_of(image, reference)), done.threshold)


def picture_row(
    score: CaseScore, image: NDArray[Any], reference: NDArray[Any], prediction: NDArray[Any]
) -> PictureRow:
    """Return a case as it is drawn, with its scores."""
    caption = f"Dice {score.dice:.3f}, IoU {score.iou:.3f}"
    return plane_row(score.name, image, reference, prediction, caption)


def telling(scores: Sequence[CaseScore], each: int = 1) -> list[tuple[str, CaseScore]]:
    """Return best, median and worst by Dice, each with its word; fewer if there are fewer."""
    good = [s for s in scores if not s.error]
    ranked = sorted([s for s in good if not s.empty] or good, key=lambda s: -s.dice)
    each = min(each, max(len(ranked) // 3, 1))
    middle = max((len(ranked) - each + 1) // 2, 0)
    starts = {"best": 0, "median": middle, "worst": len(ranked) - each}
    picks = {i: w for w, start in starts.items() for i in range(start, start + each)}
    return [(word, ranked[i]) for i, word in sorted(picks.items()) if 0 <= i < len(ranked)]

"""Scores, comparisons, reports, and what to correct next."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from napari_unet.api.pulling import OnEvent, PathLike, finish
from napari_unet.events import Compared, EvaluateFinished, Ranked, ReportFinished
from napari_unet.jobs import CompareJob, EvaluateJob, RankJob, ReportJob


def evaluate(
    folder: PathLike,
    model: PathLike,
    *,
    subset: Literal["train", "val", "test", "all"] = "test",
    threshold: float | None = None,
    csv: PathLike | None = None,
    limit: int = 0,
    surfaces: bool = True,
    device: str = "auto",
    on_event: OnEvent = None,
) -> EvaluateFinished:
    """Score a model on a folder's cases, image by image.

    Parameters
    ----------
    model
        A model file, or the name of a model of the library, such as ``brain-tumor``.
    subset
        Of the split saved beside the model; use "all" for a folder it never saw.
    threshold
        In place of the model's own.
    csv
        A file that receives the table.
    surfaces
        Also measure how far outlines lie apart: the 95 % Hausdorff and mean surface distances.

    Raises
    ------
    UnetError
        In one of its kinds, with a sentence that says what to do.
    """
    job = EvaluateJob(
        folder=str(folder),
        model=str(model),
        subset=subset,
        threshold=-1.0 if threshold is None else threshold,
        csv=str(csv) if csv else "",
        limit=limit,
        device=device,
        surfaces=surfaces,
    )
    return finish(job, EvaluateFinished, on_event)


def compare(
    folder: PathLike,
    models: Sequence[PathLike] = (),
    readers: Sequence[PathLike] = (),
    *,
    subset: Literal["train", "val", "test", "all"] = "test",
    limit: int = 0,
    surfaces: bool = True,
    device: str = "auto",
    on_event: OnEvent = None,
) -> Compared:
    """Score several models and human readers on the same cases of a folder.

    Parameters
    ----------
    models
        Model files or names of the library; every other column is compared with the first one.
    readers
        Folders of masks that people drew, named like the folder's images or masks, or of nnU-Net's
        predictions (see docs/exchange.md); "NAME=DIR" says what to call one.
    subset
        Of the split saved beside the first model; only "all" without a model.
    surfaces
        As for `evaluate`.

    Raises
    ------
    UnetError
        In one of its kinds. A model or reader that does not fit is left out and named instead.
    """
    job = CompareJob(
        folder=str(folder),
        models=tuple(map(str, models)),
        readers=tuple(map(str, readers)),
        subset=subset,
        surfaces=surfaces,
        device=device,
        limit=limit,
    )
    return finish(job, Compared, on_event)


def report(
    finished: EvaluateFinished | Compared,
    folder: PathLike,
    out: PathLike,
    *,
    pictures: int = 3,
    device: str = "auto",
    on_event: OnEvent = None,
) -> ReportFinished:
    """Write what `evaluate` or `compare` found as one HTML file that can be read anywhere.

    Parameters
    ----------
    folder
        Where the cases lie, for their pictures. Of private paths the report tells nothing.
    out
        The file to write, ``*.html``.
    pictures
        How many of the best, the median and the worst cases are drawn; 0: none, and neither images
        nor model are needed.
    """
    job = ReportJob(
        out=str(out),
        folder=str(folder),
        evaluated=finished if isinstance(finished, EvaluateFinished) else None,
        compared=finished if isinstance(finished, Compared) else None,
        pictures=pictures,
        device=device,
    )
    return finish(job, ReportFinished, on_event)


def rank(
    folder: PathLike,
    model: PathLike,
    *,
    subset: Literal["train", "val", "test", "all"] = "all",
    limit: int = 0,
    device: str = "auto",
    on_event: OnEvent = None,
) -> Ranked:
    """Tell which images of a folder are worth correcting next, the most worthwhile first.

    Images without a reference are ranked as well. ``model`` is a file or a name of the library;
    ``subset`` refers to the split saved beside the model.
    """
    return finish(RankJob(str(folder), str(model), subset, limit, device), Ranked, on_event)

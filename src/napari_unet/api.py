"""The Python interface: the jobs as plain function calls."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any, Literal, TypeVar, overload

import numpy as np
from numpy.typing import NDArray

from napari_unet.config import CleanUp, Recipe, SegmentConfig, SplitConfig
from napari_unet.engine.dispatch import start
from napari_unet.errors import UnetError, readable
from napari_unet.events import (
    AuditFinished,
    Compared,
    EvaluateFinished,
    Event,
    FetchFinished,
    Improved,
    Offer,
    Plan,
    Planned,
    Ranked,
    ReportFinished,
    SegmentArrayFinished,
    SegmentFilesFinished,
    TrainFinished,
)
from napari_unet.jobs import (
    AuditJob,
    CompareJob,
    EvaluateJob,
    FetchJob,
    ImproveJob,
    Job,
    PlanJob,
    RankJob,
    ReportJob,
    ResumeJob,
    SegmentArrayJob,
    SegmentFilesJob,
    TrainJob,
)
from napari_unet.labelling import label_image

F = TypeVar("F")

PathLike = str | Path
OnEvent = Callable[[Event], Any] | None


def train(
    folder: PathLike,
    model: PathLike,
    *,
    minutes: float = 0.0,
    epochs: int = 0,
    preset: str = "auto",
    recipe: Recipe | None = None,
    split: str | SplitConfig = "80:10:10",
    seed: int = 0,
    limit: int = 0,
    device: str = "auto",
    start: PathLike = "",
    on_event: OnEvent = None,
) -> TrainFinished:
    """Train a U-Net on a folder of images and masks and write it to ``model``.

    Parameters
    ----------
    folder
        Any folder with images and masks; see ``docs/formats.md`` for what is recognised.
    model
        The model file to write, ``*.unet.safetensors``. An earlier one is renamed.
    minutes, epochs
        The budget; minutes win, and without either the recipe's epochs count.
    preset, recipe
        A name from `napari_unet.presets.PRESETS`, or a whole recipe, which wins.
    split
        Shares of train, validation and test; patients are never parted.
    limit
        Largest number of cases to use; 0 uses all.
    start
        A model file whose network and weights training begins with; it is not changed.
    on_event
        Called with every event as it comes, to show progress.

    Raises
    ------
    UnetError
        In one of its kinds, with a sentence that says what to do.
    """
    if isinstance(split, str):
        split = SplitConfig.parse(split, seed)
    job = TrainJob(
        folder=str(folder),
        model=str(model),
        preset=preset,
        recipe=recipe,
        minutes=float(minutes),
        epochs=epochs,
        split=split,
        seed=seed,
        limit=limit,
        device=device,
        start=str(start),
    )
    return _finish(job, TrainFinished, on_event)


def resume(
    model: PathLike,
    *,
    minutes: float = 0.0,
    epochs: int = 0,
    device: str = "auto",
    on_event: OnEvent = None,
) -> TrainFinished:
    """Go on with a training exactly where it was stopped or crashed, or train longer.

    Parameters
    ----------
    model
        The model file that the training writes; the state to go on from lies beside it.
    minutes, epochs
        The new budget in all, with what is already done; with neither, that of before.

    Raises
    ------
    UnetError
        In one of its kinds, with a sentence that says what to do.
    """
    job = ResumeJob(str(model), float(minutes), epochs, device)
    return _finish(job, TrainFinished, on_event)


def plan(
    folder: PathLike,
    *,
    minutes: float = 0.0,
    epochs: int = 0,
    preset: str = "auto",
    recipe: Recipe | None = None,
    split: str | SplitConfig = "80:10:10",
    seed: int = 0,
    limit: int = 0,
    device: str = "auto",
    on_event: OnEvent = None,
) -> Plan:
    """Say how `train` would train on a folder, without doing it: in words, with reasons.

    The parameters are those of `train`. The plan's recipe can be changed and handed to `train`.

    Raises
    ------
    UnetError
        In one of its kinds: also if the training would not fit into the memory.
    """
    if isinstance(split, str):
        split = SplitConfig.parse(split, seed)
    job = TrainJob(
        folder=str(folder),
        model="",
        preset=preset,
        recipe=recipe,
        minutes=float(minutes),
        epochs=epochs,
        split=split,
        seed=seed,
        limit=limit,
        device=device,
    )
    return _finish(PlanJob(job), Planned, on_event).plan


@overload
def segment(
    images: NDArray[Any],
    model: PathLike,
    *,
    channels: bool | None = ...,
    threshold: float | None = ...,
    config: SegmentConfig | None = ...,
    device: str = ...,
    on_event: OnEvent = ...,
) -> NDArray[np.uint8]: ...


@overload
def segment(
    images: PathLike | Sequence[PathLike],
    model: PathLike,
    out: PathLike,
    *,
    threshold: float | None = ...,
    probabilities: bool = ...,
    config: SegmentConfig | None = ...,
    cleanup: CleanUp | None = ...,
    subset: Literal["train", "val", "test", "all"] = ...,
    table: PathLike = ...,
    again: bool = ...,
    workers: str = ...,
    device: str = ...,
    on_event: OnEvent = ...,
) -> SegmentFilesFinished: ...


def segment(
    images: NDArray[Any] | PathLike | Sequence[PathLike],
    model: PathLike,
    out: PathLike | None = None,
    *,
    channels: bool | None = None,
    threshold: float | None = None,
    probabilities: bool = False,
    config: SegmentConfig | None = None,
    cleanup: CleanUp | None = None,
    subset: Literal["train", "val", "test", "all"] = "all",
    table: PathLike = "",
    again: bool = False,
    workers: str = "",
    device: str = "auto",
    on_event: OnEvent = None,
) -> NDArray[np.uint8] | SegmentFilesFinished:
    """Segment an array, or image files into the folder ``out``.

    Parameters
    ----------
    images
        ``(H, W)``, ``(H, W, C)`` or a stack ``(…, H, W)``; or files and folders. A model of
        volumes takes the axis before the height for the depth.
    channels
        Whether an array's last axis holds channels; None: it does if it has 3 or 4 entries.
    threshold
        Probability from which on a pixel is foreground; None takes the model's own.
    probabilities
        Of files: also write the probabilities, as TIFF of 0…255.
    config
        How the network is asked: over which variants of an image its answers are averaged. Of
        files, an uncertainty is written as TIFF, as probabilities are.
    cleanup
        Of files: what is done to labels after the threshold.
    subset
        Of folders: the images that the split beside the model has there.
    table
        A CSV file to be written: for each image and class its pixels, area or volume, and the
        number of objects.
    again
        Do files anew whose labels are there already from the same image, model and settings.
    workers
        Of files: a Dask cluster to spread the work over: ``dask://host:port``,
        ``dask://file:scheduler.json`` or ``dask://local?workers=2``.

    Returns
    -------
    uint8 labels of the array's spatial shape, or what was written, what was there already and what
    failed.
    """
    if isinstance(images, np.ndarray):
        if channels is None:
            channels = images.ndim >= 3 and images.shape[-1] in (3, 4)
        how = config or SegmentConfig()
        array_job = SegmentArrayJob(str(model), images, channels, device, how)
        found = _finish(array_job, SegmentArrayFinished, on_event)
        level = found.threshold if threshold is None else threshold
        return label_image(found.probabilities, level)
    if out is None:
        raise TypeError("segment() of files needs out=, the folder for the results")
    several = [images] if isinstance(images, str | Path) else images
    job = SegmentFilesJob(
        inputs=tuple(map(str, several)),
        model=str(model),
        out=str(out),
        threshold=-1.0 if threshold is None else threshold,
        probabilities=probabilities,
        device=device,
        config=config or SegmentConfig(),
        cleanup=cleanup or CleanUp(),
        subset=subset,
        table=str(table),
        again=again,
        workers=workers,
    )
    return _finish(job, SegmentFilesFinished, on_event)


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
    return _finish(job, EvaluateFinished, on_event)


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
        Model files; every other column is compared with the first one.
    readers
        Folders of masks that people drew, named like the folder's images or masks.
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
    return _finish(job, Compared, on_event)


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
    return _finish(job, ReportFinished, on_event)


def improve(
    folder: PathLike,
    model: PathLike,
    out: PathLike,
    *,
    cases: Sequence[str] = (),
    minutes: float = 0.0,
    epochs: int = 0,
    share: float = 0.5,
    seed: int = 0,
    surfaces: bool = True,
    device: str = "auto",
    on_event: OnEvent = None,
) -> Improved:
    """Go on training a model on corrected cases, and compare it with the new one.

    Parameters
    ----------
    folder
        The data set that was corrected.
    model, out
        The old model's file, which is not changed, and the new one's.
    cases
        Names of the cases to learn from; none: all whose reference was corrected.
    minutes, epochs
        For how long; with neither, some minutes, depending on the number of corrected cases.
    share
        Of every batch, so much is drawn from the corrected cases; the rest is what the model was
        trained on, so that it forgets nothing.
    surfaces
        Also measure how far outlines lie apart, where the two are compared.

    Raises
    ------
    UnetError
        In one of its kinds, with a sentence that says what to do.
    """
    job = ImproveJob(
        model=str(model),
        folder=str(folder),
        out=str(out),
        cases=tuple(cases),
        minutes=float(minutes),
        epochs=epochs,
        share=share,
        seed=seed,
        device=device,
        surfaces=surfaces,
    )
    return _finish(job, Improved, on_event)


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

    Images without a reference are ranked as well. ``subset`` refers to the split saved beside the
    model.
    """
    return _finish(RankJob(str(folder), str(model), subset, limit, device), Ranked, on_event)


def audit(
    folder: PathLike, *, split: PathLike = "", limit: int = 0, on_event: OnEvent = None
) -> AuditFinished:
    """Look at every pixel of a folder's cases for what would spoil training or scores.

    ``split`` is a split file, or the model beside which it lies: copies across it are leaks.
    """
    return _finish(AuditJob(str(folder), str(split), limit), AuditFinished, on_event)


@overload
def fetch(source: str, out: PathLike = ..., *, on_event: OnEvent = ...) -> Offer: ...


@overload
def fetch(
    source: str, out: PathLike = ..., *, agreed: Literal[True], on_event: OnEvent = ...
) -> FetchFinished: ...


def fetch(
    source: str, out: PathLike = "", *, agreed: bool = False, on_event: OnEvent = None
) -> Offer | FetchFinished:
    """Say what a data set is and what it takes; if ``agreed``, download and unpack it.

    Parameters
    ----------
    source
        A name of `napari_unet.downloads.catalog`, or an address (see ``docs/formats.md``).
    out
        The folder to make; empty for one in the workspace.
    """
    job = FetchJob(source, str(out), agreed)
    if agreed:
        return _finish(job, FetchFinished, on_event)
    return _finish(job, Offer, on_event)


def _finish(job: Job, kind: type[F], on_event: OnEvent) -> F:
    """Pull a job to its end; return its last event."""
    return pull(start(job), kind, on_event)


def pull(events: Generator[Event, None, Any], kind: type[F], on_event: OnEvent) -> F:
    """Hand every event to ``on_event`` and return the one of type ``kind``.

    Raises
    ------
    UnetError
        Whatever the generator raised, turned into one readable sentence.
    """
    found: F | None = None
    try:
        # Closed at once if on_event raises: a training then saves where it is.
        with closing(events):
            for event in events:
                if on_event is not None:
                    on_event(event)
                if isinstance(event, kind):
                    found = event
    except UnetError:
        raise
    except Exception as error:
        raise readable(error) from error
    assert found is not None, f"{kind.__name__} never came"
    return found

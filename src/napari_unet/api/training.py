"""Training, and what goes with it."""

from __future__ import annotations

from collections.abc import Sequence

from napari_unet.api.pulling import OnEvent, PathLike, finish
from napari_unet.config import Recipe, SplitConfig
from napari_unet.events import Improved, Plan, Planned, TrainFinished
from napari_unet.jobs import ImproveJob, PlanJob, ResumeJob, TrainJob


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
    encoder_weights: PathLike = "",
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
        A model file, or a name of the library, whose network and weights training begins with; it
        is not changed.
    encoder_weights
        A safetensors file of a pretrained encoder's weights, as timm names them, in place of those
        that would be fetched.
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
        encoder_weights=str(encoder_weights),
    )
    return finish(job, TrainFinished, on_event)


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
        The model file that the training writes, or its name in the library; the state to go on
        from lies beside it.
    minutes, epochs
        The new budget in all, with what is already done; with neither, that of before.

    Raises
    ------
    UnetError
        In one of its kinds, with a sentence that says what to do.
    """
    job = ResumeJob(str(model), float(minutes), epochs, device)
    return finish(job, TrainFinished, on_event)


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
    start: PathLike = "",
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
        start=str(start),
    )
    return finish(PlanJob(job), Planned, on_event).plan


def improve(
    folder: PathLike,
    model: PathLike,
    out: PathLike,
    *,
    cases: Sequence[str] = (),
    minutes: float = 0.0,
    epochs: int = 0,
    share: float = 0.25,
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
        The old model's file or name in the library, which is not changed; and the new one's file.
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
    return finish(job, Improved, on_event)

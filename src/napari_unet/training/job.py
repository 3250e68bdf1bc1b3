"""The training job: from a folder to a plan, prepared cases, and a run; and going on with one."""

from __future__ import annotations

import json
from collections.abc import Generator
from dataclasses import replace
from functools import partial

import torch

from napari_unet.config import Recipe
from napari_unet.controls import Controls
from napari_unet.data.cases import Case
from napari_unet.data.formats import read_case
from napari_unet.data.instances import read_objects
from napari_unet.errors import DataError
from napari_unet.events import Event, Note, Planned, Progress
from napari_unet.jobs import ResumeJob, TrainJob
from napari_unet.presets import preset
from napari_unet.schema import from_json, to_json
from napari_unet.training.improve import lesson
from napari_unet.training.planning import LOOKING, busy, opened, prepare
from napari_unet.training.run import Run
from napari_unet.training.saved import Saved, Setup, compare, parts_of
from napari_unet.unet import speed
from napari_unet.unet.devices import Devices, join
from napari_unet.unet.encoder_weights import Source, find
from napari_unet.unet.model import UNet
from napari_unet.unet.speed import Speed
from napari_unet.unet.store import Store, fill
from napari_unet.unet.summary import parameters


def train(job: TrainJob, controls: Controls | None = None) -> Generator[Event, None, None]:
    """Train as ``job`` says; the last event is `TrainFinished`.

    Without ``controls`` it cannot be paused, and shows no previews.

    Raises
    ------
    DataError
        If the folder holds no pairs, nothing to learn, too few patients to divide, or other classes
        than the model that training begins with.
    JobError
        If the loss stays not finite, the memory holds not one image, or the device does not exist.
    ModelError
        If the model that training begins with cannot be read, or an encoder lacks its package.
    WeightsError
        If the weights of a pretrained encoder cannot be fetched.
    """
    devices = join(job.device)
    source = yield from _pretrained(job)  # first: without them, all that follows is for nothing
    ready = yield from prepare(job)
    encoder = source.fitted(ready.plan.recipe.network.in_channels) if source else None
    yield Planned(ready.plan)
    recipe, start = ready.plan.recipe, ready.start
    begun = start.told() if start else {}
    if ready.job.share:
        begun |= lesson(ready.job.corrected, ready.dataset)
    told = source.told() if source else {}
    setup = Setup(ready.job, recipe, ready.speed, ready.split, ready.labels, begun, told)
    setup = _together(setup, devices)
    weights = start.model if start else None
    run = Run(setup, ready.dataset, controls, devices, weights, encoder)
    yield from _run(run, ready.parts)


def _pretrained(job: TrainJob) -> Generator[Event, None, Source | None]:
    """Fetch the weights that a pretrained encoder begins with, if it does, and say so."""
    recipe = job.recipe or preset(job.preset)
    name = recipe.network.encoder
    if not name or job.start:
        return None
    if not recipe.optim.pretrained:
        yield Note(f"The encoder {name} begins with random weights, as the settings say.")
        return None
    work = partial(find, name, job.encoder_weights)
    found = yield from busy(work, f"fetching the weights of {name}")
    yield Note(f"The encoder {name} begins with the weights {found.name}.")
    return found


def resume(job: ResumeJob, controls: Controls | None = None) -> Generator[Event, None, None]:
    """Go on with a training, exactly where it left off; the last event is `TrainFinished`.

    On the CPU, with the same number of threads, the result is that of a training that was never
    interrupted, if epochs count; with minutes, that depends on the computer's pace anyway.

    Raises
    ------
    DataError
        If the folder, or some of the cases, are not there any more.
    JobError
        If nothing lies beside the model to go on from, or that is damaged; or if the training is
        finished and ``job`` asks for no more.
    """
    devices = join(job.device)
    yield Progress(0, 1, LOOKING)
    saved = yield from busy(partial(Saved.load, job.model), LOOKING)
    saved = saved.longer(replace(job, model=job.model))
    setup = saved.setup
    how = _speed(setup.speed, job.device)
    # The files may have been moved since.
    setup = replace(setup, speed=how, job=replace(setup.job, model=job.model))
    saved = replace(saved, setup=setup)
    try:
        dataset = yield from opened(setup.job.folder)
    except DataError as e:
        raise DataError(f"{e} The training can go on once its data are there again.") from e
    parts = parts_of(setup, dataset)
    done = f"{len(saved.history)} epochs and {saved.trainer['elapsed'] / 60:.1f} minutes"
    yield Note(f"Going on after {done}: {_describe_network(setup.recipe, how)}")
    setup = _together(setup, devices)
    yield from _run(Run(setup, dataset, controls, devices, saved=saved), parts)


def _run(run: Run, parts: dict[str, list[Case]]) -> Generator[Event, None, None]:
    """Read the cases and train."""
    setup = run.setup
    read = partial(read_case, rule=setup.labels, channels=setup.channels)
    objects = partial(read_objects, rule=setup.labels)
    stores = {s: Store(setup.recipe.preprocess) for s in ("train", "val")}
    try:
        for subset, store in stores.items():
            # Only what is learned from needs to know where borders lie.
            ids = objects if subset == "train" and setup.recipe.optim.border_weight else None
            yield from fill(store, parts[subset], read, f"reading {subset} images", ids)
        if len(stores["train"]) > len(parts["train"]):
            text = f"Volumes are learned plane by plane: {len(stores['train'])} planes."
            yield Note(text)
        val_set = stores["val"]
        if not len(val_set):
            yield Note("No cases are left for validation: the training cases judge.", warning=True)
            val_set = stores["train"]
        if run.saved is not None:
            compare(run.saved, {"train": stores["train"], "val": val_set})
        yield from run.go(stores["train"], val_set)
    finally:
        for store in stores.values():
            store.close()


def _together(setup: Setup, devices: Devices) -> Setup:
    """Return the first process's setup, on this one's device: all must train alike."""
    if devices.number == 1:
        return setup
    agreed = from_json(Setup, json.loads(devices.agreed(json.dumps(to_json(setup)))))
    speed = replace(agreed.speed, device=devices.device(agreed.speed.device))
    return replace(agreed, speed=speed)


def _speed(known: Speed, wanted: str) -> Speed:
    """Return how to compute: as before, unless another device is wanted."""
    device = speed.pick_device(known.device if wanted == "auto" else wanted)
    if torch.device(device).type == torch.device(known.device).type:
        return replace(known, device=device)
    return Speed(device)


def _describe_network(recipe: Recipe, how: Speed) -> str:
    with torch.device("meta"):
        number = parameters(UNet(recipe.network))
    size = "×".join(map(str, recipe.preprocess.size))
    return f"U-Net with {number / 1e6:.1f} M parameters at {size}, {how.words()}"

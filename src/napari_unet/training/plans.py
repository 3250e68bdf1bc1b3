"""Choosing how to train: from the data's fingerprint and the machine to a plan with its reasons."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial

import torch

from napari_unet.config import Recipe
from napari_unet.data.cases import Case, Dataset
from napari_unet.errors import JobError
from napari_unet.events import Plan
from napari_unet.quantities import size_words
from napari_unet.training.fingerprint import Fingerprint, fingerprint, with_colours
from napari_unet.training.wording import plan_words, reasons
from napari_unet.unet.budget import steps_per_epoch
from napari_unet.unet.memory import Memory, available, estimate, fits
from napari_unet.unet.model import UNet
from napari_unet.unet.plan import (
    Choice,
    changes,
    choices,
    choose,
    fit_recipe,
    flat_only,
    prepared_bytes,
    volume_choices,
)
from napari_unet.unet.speed import Speed, candidates
from napari_unet.unet.summary import parameters
from napari_unet.unet.volumes import fit_volumes, worthwhile

LABELLED = 0.5  # share of the pixels of which somebody must have said what they are, for that
MANY = 8  # objects in a picture from which on it may be cut into patches
LARGER = 1.2  # times that pictures are larger than a patch, for that
ROOM = 2.0  # times that a patch is larger than an object, for that
MARGIN = 0.15  # share of the images that dark margins take, from which on they are cut off
SMALLEST = 64  # pixels a side of the working size that is proposed where memory is scarce
PATCH = 256  # pixels a side of the largest patch of "auto"
# What a step takes beside the measured network: augmentation, the optimiser, validation.
BESIDE = 1.3


def make_plan(
    asked: Recipe, cases: Sequence[Case], dataset: Dataset, device: str, fitted: bool = False
) -> tuple[Plan, Speed]:
    """Choose how to train on ``cases``, a part of ``dataset``, and estimate what that takes.

    An "auto" recipe is fitted to the data and the machine; any other is kept and judged.

    Parameters
    ----------
    asked
        What a person chose.
    fitted
        Whether channels, outputs and colours are those of the data already (see
        `napari_unet.unet.plan.fit_recipe`).

    Raises
    ------
    DataError
        If none of the images can be read.
    JobError
        If the plan does not fit into the memory; the message names a smaller one that would.
    """
    found = fingerprint(cases, dataset)
    recipe = asked if fitted else fit_recipe(asked, dataset.channels, dataset.labels)
    options = options_for(recipe, found, device)
    need = partial(_need, found=found)
    options = _feasible(options, device, found)  # else the measuring itself would fill the memory
    chosen, how = choose(
        options, _views(found, options[0].recipe), device, lambda r, s: fits(need(r, s), device)
    )
    if recipe.name == "auto":
        chosen = _smaller(chosen, how, found)
    if not fits(memory := need(chosen, how), device):
        raise JobError(_too_much(chosen, how, found, memory))
    if not fitted:
        chosen = with_colours(chosen, cases, dataset)
    with torch.device("meta"):
        number = parameters(UNet(chosen.network))
    epochs = _epochs(chosen, how, found)
    return Plan(
        recipe=chosen,
        words=plan_words(chosen, how, found, number, epochs, BESIDE, memory),
        parameters=number,
        seconds_per_image=how.seconds,
        epochs=epochs,
        memory=memory.total,
        device=device,
        reasons=reasons(asked, chosen, how, found, options, memory),
    ), how


def wants_patches(found: Fingerprint) -> bool:
    """Say whether images are better cut than shrunk: many objects, each small beside a patch."""
    if found.labelled < LABELLED:
        return False  # strokes are no objects
    small = 0 < ROOM * found.diameter <= PATCH
    return small and found.objects >= MANY and found.side > LARGER * PATCH


def options_for(recipe: Recipe, found: Fingerprint, device: str) -> list[Choice]:
    """List what a plan would try by measuring, the best first; a recipe of one's own is alone."""
    if recipe.name != "auto":
        return choices(fit_volumes(recipe, found.shapes, found.spacing, device), found.planes)
    flat = flat_only(recipe)
    if recipe.network.dims == 2 and not flat and worthwhile(found.shapes, found.spacing, device):
        return volume_choices(recipe, found.shapes, found.spacing, device)
    if wants_patches(found):
        return choices(recipe, found.planes, patches=True)
    recipe = without_margin(recipe, found)
    cut = recipe.preprocess.margin == "cut" and found.contents
    return choices(recipe, found.contents if cut else found.planes)


def without_margin(recipe: Recipe, found: Fingerprint) -> Recipe:
    """Return an "auto" recipe that cuts dark margins off, if that is worth it.

    The network then sees what matters larger, or as large in fewer pixels.
    """
    chosen = "margin" in changes(recipe)["preprocess"]
    if chosen or found.margin < MARGIN:
        return recipe
    return replace(recipe, preprocess=replace(recipe.preprocess, margin="cut"))


def _pictures(found: Fingerprint, recipe: Recipe) -> int:
    """Return how many images the network is shown in one pass."""
    return found.cases if recipe.network.dims == 3 else found.images


def _views(found: Fingerprint, recipe: Recipe) -> int:
    """Return how many different images there are to see: of large images, so many patches."""
    pictures = _pictures(found, recipe)
    if recipe.preprocess.mode == "whole" or recipe.network.dims == 3:
        return pictures
    height, width = recipe.preprocess.size
    areas = [max(h * w / (height * width), 1.0) for h, w in found.planes]
    return round(pictures * sum(areas) / len(areas))


def _epochs(recipe: Recipe, how: Speed, found: Fingerprint) -> float:
    """Return how many epochs there will be; NaN where that depends on a pace nobody measured."""
    optim = recipe.optim
    if not optim.minutes:
        return float(optim.epochs)
    steps = steps_per_epoch(optim, how, _pictures(found, recipe))
    return 60 * optim.minutes / (steps * optim.batch * how.seconds * BESIDE)


# --- memory -------------------------------------------------------------------------------------


def _need(recipe: Recipe, how: Speed, found: Fingerprint) -> Memory:
    number = _pictures(found, recipe)
    stored = prepared_bytes(recipe.preprocess, found.shapes, number, found.channels)
    return estimate(recipe, how, stored)


def _feasible(options: list[Choice], device: str, found: Fingerprint) -> list[Choice]:
    """Return the options if at least the last one can be computed; of "auto", in parts.

    Raises
    ------
    JobError
        If it cannot, in whatever number format; nothing has been measured then.
    """
    last = options[-1]
    optim = last.recipe.optim
    how = min(
        candidates(device, optim.precision, optim.channels_last),
        key=lambda s: _need(last.recipe, s, found).total,
    )
    if last.recipe.name == "auto":
        last = replace(last, recipe=_smaller(last.recipe, how, found))
    if not fits(memory := _need(last.recipe, how, found), device):
        raise JobError(_too_much(last.recipe, how, found, memory))
    return [*options[:-1], last]


def _smaller(recipe: Recipe, how: Speed, found: Fingerprint) -> Recipe:
    """Return the recipe with its batch in as many parts as it takes to fit, if that helps."""
    for parts in _halvings(recipe.optim.batch):
        tried = replace(recipe, optim=replace(recipe.optim, accumulate=parts))
        if parts >= recipe.optim.accumulate and fits(_need(tried, how, found), how.device):
            return tried
    return recipe


def _too_much(recipe: Recipe, how: Speed, found: Fingerprint, need: Memory) -> str:
    """Say what does not fit, and what would."""
    wanted, free = size_words(need.total), size_words(available(how.device))
    text = (
        f"Training needs about {wanted} of memory, but only {free} are free: "
        f"{'×'.join(map(str, recipe.preprocess.size))} pixels, batch {recipe.optim.batch}."
    )
    for tried in (recipe, *_shrunk(recipe)):
        least = replace(tried, optim=replace(tried.optim, accumulate=tried.optim.batch))
        if not fits(_need(least, how, found), how.device):
            continue
        smaller = _smaller(tried, how, found)
        if not fits(needed := _need(smaller, how, found), how.device):
            smaller, needed = least, _need(least, how, found)
        parts, left = smaller.optim.accumulate, size_words(needed.total)
        if tried is recipe:
            return f"{text} With accumulation {parts} it takes {left} and learns the same."
        size = "×".join(map(str, tried.preprocess.size))
        divided = f" and accumulation {parts}" if parts > 1 else ""
        return f"{text} With a working size of {size}{divided} it takes {left}."
    return f"{text} Choose a smaller network, or the preset auto, or close other programs."


def _shrunk(recipe: Recipe) -> Iterator[Recipe]:
    """Yield the recipe at half the working size, at a quarter, and so on."""
    size = recipe.preprocess.size
    while min(size[-2:]) >= 2 * SMALLEST:
        size = (*size[:-2], *(n // 2 for n in size[-2:]))
        yield replace(recipe, preprocess=replace(recipe.preprocess, size=size))


def _halvings(batch: int) -> list[int]:
    return [parts for parts in (2**i for i in range(13)) if parts <= batch]

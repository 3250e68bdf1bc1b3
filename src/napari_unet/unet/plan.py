"""Fitting a recipe to the data and the machine: classes, working size, and how large a network."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

from napari_unet.config import PreprocessConfig, Recipe, UNetConfig
from napari_unet.data.cases import LabelRule
from napari_unet.presets import PRESETS, RUNGS, SIZED, VOLUME_RUNGS, Rung
from napari_unet.unet import speed
from napari_unet.unet.model import UNet
from napari_unet.unet.speed import Speed
from napari_unet.unet.volumes import fit_volumes

STEP = 32  # working sizes are multiples of it: what the deepest level of "auto" divides by
LARGEST_MEASURED = 16  # images in a measured batch
VIEWS_PER_CASE = 60  # so often "auto" shows each case at the most: that is plenty
SHAPE = {"depth", "base_channels", "channels", "encoder", "stem_stride", "dims", "flat_levels"}
GIVEN = {"in_channels", "out_channels", "mean", "std"}  # by the data, whatever a recipe says

Fits = Callable[[Recipe, Speed], bool]


def fit_recipe(recipe: Recipe, channels: int, labels: LabelRule) -> Recipe:
    """Return the recipe with the channels and outputs that the data have."""
    outputs = 1 if labels.classes == 1 else labels.classes + 1
    preprocess = recipe.preprocess
    seen = channels * (2 * preprocess.neighbours + 1)
    network = replace(recipe.network, in_channels=seen, out_channels=outputs)
    if recipe.name == "auto" and channels == 3 and "intensity" not in changes(recipe)["preprocess"]:
        # In a photo absolute colour tells; in a scan the scale is arbitrary.
        preprocess = replace(preprocess, intensity="dataset")
    return replace(recipe, network=network, preprocess=preprocess)


def changes(recipe: Recipe) -> dict[str, dict[str, Any]]:
    """Return what a person changed of a preset: values by field, by section.

    What an "auto" recipe has in common with the preset is left to the plan; the rest is kept.
    """
    known = PRESETS.get(recipe.name, recipe)
    return {
        section: {
            f.name: getattr(mine, f.name)
            for f in fields(mine)
            if f.name not in GIVEN and getattr(mine, f.name) != getattr(theirs, f.name)
        }
        for section in ("network", "preprocess", "augment", "optim")
        for mine, theirs in [(getattr(recipe, section), getattr(known, section))]
    }


def working_size(shapes: Sequence[tuple[int, int]], largest: int) -> tuple[int, int]:
    """Return the size that has the fewest pixels for what is seen of images scaled to fit in."""
    longest = sorted(max(s) for s in shapes)
    side = _round(min(longest[len(longest) // 2], largest))
    steps = range(side, 0, -STEP)
    sizes = [(side, s) for s in steps] + [(s, side) for s in steps]
    return min(sizes, key=lambda size: sum(1 / _filled(shape, size) for shape in shapes))


def _filled(shape: tuple[int, int], size: tuple[int, int]) -> float:
    """Return how much of ``size`` an image takes that is scaled to fit into it."""
    scale = min(s / n for n, s in zip(shape, size, strict=True))
    return scale**2 * math.prod(shape) / math.prod(size)


def patch_size(shapes: Sequence[tuple[int, int]], largest: int) -> tuple[int, int]:
    """Return a square that fits into most images."""
    shortest = sorted(min(s) for s in shapes)
    side = _round(min(shortest[len(shortest) // 2], largest))
    return side, side


def _round(n: float) -> int:
    return max(STEP * round(n / STEP), STEP)


@dataclass(frozen=True)
class Choice:
    """A recipe to try, and how many images it must be shown to be worth it."""

    recipe: Recipe
    views: int


def settle(
    recipe: Recipe,
    shapes: Sequence[tuple[int, int]],
    images: int,
    device: str,
    patches: bool = False,
    fits: Fits = lambda recipe, speed: True,
) -> tuple[Recipe, Speed]:
    """Choose by measuring how to compute and, for "auto", network and working size.

    Returns the recipe and how fast it computes. "auto" takes the first of
    `napari_unet.presets.RUNGS` that fits into the memory and can be shown enough images in the
    minutes there are (the last one if none can). Any other recipe keeps what it says.

    Parameters
    ----------
    shapes
        Height and width of (a sample of) the images.
    images
        How many there are to train on; of volumes, their planes.
    patches
        Whether "auto" is to cut patches out of the images instead of shrinking them.
    fits
        Whether there is enough memory.
    """
    return choose(choices(recipe, shapes, patches), images, device, fits)


def choose(
    options: Sequence[Choice], images: int, device: str, fits: Fits = lambda recipe, speed: True
) -> tuple[Recipe, Speed]:
    """Measure the options, the best first, until one is quick enough; see `settle`."""
    quickest, optim = options[-1].recipe, options[-1].recipe.optim
    known = speed.candidates(device, optim.precision, optim.channels_last)
    # The format first, on the quickest network: a slow format on a large one takes a minute to try.
    net, shape = UNet(quickest.network), _batch_shape(quickest)
    fitting = [how for how in known if fits(quickest, how)]
    found = speed.choose(net, shape, _worth_it(net, shape, fitting, known), training=True)
    enough = VIEWS_PER_CASE * images
    for option in options:
        tried = option.recipe
        if option is not options[-1] and not fits(tried, found):
            continue
        if len(options) > 1:
            net, shape = UNet(tried.network), _batch_shape(tried)
            alone = replace(found, lanes=1)
            found = replace(alone, seconds=speed.measure(net, shape, alone, training=True))
        found = speed.with_lanes(net, shape, found, optim.lanes)
        if found.seconds * min(option.views, enough) <= 60 * optim.minutes:
            break
    return tried, found


def _worth_it(
    net: UNet, shape: tuple[int, ...], fitting: list[Speed], known: list[Speed]
) -> list[Speed]:
    """Return the formats that fit into the memory; the plainest if they save it by being slow.

    Some CPUs compute bfloat16 many times slower than float32, of which a divided batch may fit.
    """
    plainest = known[0]
    if not fitting or plainest in fitting or plainest.device != "cpu":
        return fitting or known
    few = (2, *shape[1:])
    plain, saving = (speed.measure(net, few, how, True) for how in (plainest, fitting[0]))
    return fitting if saving <= plain else [plainest]


def choices(
    recipe: Recipe, shapes: Sequence[tuple[int, int]], patches: bool = False
) -> list[Choice]:
    """List the recipes to try, the best first."""
    if recipe.name != "auto":
        return [Choice(_sized(recipe, shapes), 0)]
    # Counting epochs, nothing says how long is too long: the network that suits a laptop.
    rungs = RUNGS if recipe.optim.minutes else RUNGS[1:2]
    found: dict[Recipe, Choice] = {}
    for tried, rung in _on_rungs(recipe, rungs, shapes, patches):
        found.setdefault(tried, Choice(tried, rung.views))
    return list(found.values())


def _sized(recipe: Recipe, shapes: Sequence[tuple[int, int]]) -> Recipe:
    """Return a recipe with the size that suits the images, if its preset leaves that open."""
    kept = changes(recipe)["preprocess"].keys()
    if recipe.name not in SIZED or {"size", "mode"} & kept:
        return recipe
    size = working_size(shapes, SIZED[recipe.name])
    return replace(recipe, preprocess=replace(recipe.preprocess, size=size))


def volume_choices(
    recipe: Recipe, shapes: Sequence[tuple[int, ...]], spacing: Sequence[float], device: str
) -> list[Choice]:
    """List the 3D recipes that "auto" may take for volumes, the best first.

    All but the network and the working size is as in the preset "3d", or as a person set it.
    """
    kept, stock = changes(recipe), PRESETS["3d"]
    rungs = VOLUME_RUNGS if recipe.optim.minutes else VOLUME_RUNGS[:1]
    found = []
    for rung in rungs:
        tried = Recipe(
            name=recipe.name,
            network=fitted_network(recipe.network, rung.network, kept["network"]),
            preprocess=replace(stock.preprocess, **kept["preprocess"]),
            augment=replace(stock.augment, **kept["augment"]),
            optim=replace(
                stock.optim,
                **{
                    "minutes": recipe.optim.minutes,
                    "epochs": recipe.optim.epochs,
                    **kept["optim"],
                },
            ),
        )
        found.append(Choice(fit_volumes(tried, shapes, spacing, device), rung.views))
    return found


def flat_only(recipe: Recipe) -> bool:
    """Say whether a person's changes of "auto" ask for a network of two dimensions."""
    kept = changes(recipe)
    return bool(
        SHAPE & kept["network"].keys() or {"size", "neighbours"} & kept["preprocess"].keys()
    )


def _on_rungs(
    recipe: Recipe, rungs: Sequence[Rung], shapes: Sequence[tuple[int, int]], patches: bool
) -> Iterator[tuple[Recipe, Rung]]:
    kept = changes(recipe)
    for rung in rungs:
        size = patch_size(shapes, rung.side) if patches else working_size(shapes, rung.side)
        preprocess = replace(
            recipe.preprocess,
            **{"mode": "patch" if patches else "whole", "size": size, **kept["preprocess"]},
        )
        network = fitted_network(recipe.network, rung.network, kept["network"])
        yield replace(recipe, network=network, preprocess=preprocess), rung


def fitted_network(mine: UNetConfig, planned: UNetConfig, kept: dict[str, Any]) -> UNetConfig:
    """Return the planned network with what a person ``kept``; a shape of their own as a whole."""
    if SHAPE & kept.keys():
        return mine
    outer = {k: getattr(mine, k) for k in ("in_channels", "out_channels")}
    return replace(planned, **outer, **kept)


def _batch_shape(recipe: Recipe) -> tuple[int, ...]:
    # What is computed at a time: which memory layout is faster depends on it.
    part = -(-recipe.optim.batch // recipe.optim.accumulate)
    batch = min(part, LARGEST_MEASURED)
    return (batch, recipe.network.in_channels, *recipe.preprocess.size)


def prepared_bytes(
    preprocess: PreprocessConfig, shapes: Sequence[tuple[int, ...]], images: int, channels: int
) -> int:
    """Return the size of so many prepared images: float16 and, for the labels, a byte a pixel."""
    axes = len(preprocess.size)
    sizes = [preprocess.size] if preprocess.mode == "whole" else [s[-axes:] for s in shapes]
    pixels = sum(map(math.prod, sizes)) / len(sizes)
    return int(images * pixels * (2 * channels + 1))

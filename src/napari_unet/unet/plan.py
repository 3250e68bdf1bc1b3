"""Fitting a recipe to the data and the machine: classes, working size, and how large a network."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from napari_unet.config import Recipe
from napari_unet.data.cases import LabelRule
from napari_unet.presets import RUNGS
from napari_unet.unet import speed
from napari_unet.unet.model import UNet
from napari_unet.unet.speed import Speed

STEP = 32  # working sizes are multiples of it: what the deepest level of "auto" divides by
LARGEST_MEASURED = 16  # images in a measured batch
VIEWS_PER_CASE = 60  # so often "auto" shows each case at the most: that is plenty
ALIKE = 0.15  # relative difference of aspect up to which images count as of one shape


def fit_recipe(recipe: Recipe, channels: int, labels: LabelRule) -> Recipe:
    """Return the recipe with the channels and outputs that the data have."""
    outputs = 1 if labels.classes == 1 else labels.classes + 1
    preprocess = recipe.preprocess
    seen = channels * (2 * preprocess.neighbours + 1)
    network = replace(recipe.network, in_channels=seen, out_channels=outputs)
    if recipe.name == "auto" and channels == 3:
        # In a photo absolute colour tells; in a scan the scale is arbitrary.
        preprocess = replace(preprocess, intensity="dataset")
    return replace(recipe, network=network, preprocess=preprocess)


def working_size(shapes: Sequence[tuple[int, int]], largest: int) -> tuple[int, int]:
    """Return a size that holds most images well: their common shape, or a square if they differ."""
    longest = sorted(max(s) for s in shapes)
    side = min(longest[len(longest) // 2], largest)
    aspects = sorted(h / w for h, w in shapes)
    aspect = aspects[len(aspects) // 2]
    alike = sum(abs(a / aspect - 1) <= ALIKE for a in aspects) >= 0.9 * len(aspects)
    h, w = (side, side / aspect) if aspect >= 1 else (side * aspect, side)
    if not alike:
        h = w = side
    return _round(h), _round(w)


def _round(n: float) -> int:
    return max(STEP * round(n / STEP), STEP)


def settle(
    recipe: Recipe, shapes: Sequence[tuple[int, int]], cases: int, device: str
) -> tuple[Recipe, Speed]:
    """Choose by measuring how to compute and, for "auto", network and working size.

    Returns the recipe and how fast it computes. "auto" takes the first of
    `napari_unet.presets.RUNGS` that can be shown enough images in the minutes there are (the last
    one if none can). Any other recipe keeps what it says.

    Parameters
    ----------
    shapes
        Height and width of (a sample of) the images.
    cases
        How many cases there are to train on.
    """
    optim = recipe.optim
    options = speed.candidates(device, optim.precision, optim.channels_last)
    choices = _choices(recipe, shapes)
    quickest = choices[-1][0]
    # The format first, on the quickest network: a slow format on a large one takes a minute to try.
    net, shape = UNet(quickest.network), _batch_shape(quickest)
    found = speed.choose(net, shape, options, training=True)
    enough = VIEWS_PER_CASE * cases
    for tried, views in choices:
        if len(choices) > 1:
            net, shape = UNet(tried.network), _batch_shape(tried)
            alone = replace(found, lanes=1)
            found = replace(alone, seconds=speed.measure(net, shape, alone, training=True))
        found = speed.with_lanes(net, shape, found, optim.lanes)
        if found.seconds * min(views, enough) <= 60 * optim.minutes:
            break
    return tried, found


def _batch_shape(recipe: Recipe) -> tuple[int, ...]:
    # The real batch: which memory layout is faster depends on it.
    batch = min(recipe.optim.batch, LARGEST_MEASURED)
    return (batch, recipe.network.in_channels, *recipe.preprocess.size)


def _choices(recipe: Recipe, shapes: Sequence[tuple[int, int]]) -> list[tuple[Recipe, int]]:
    """List the recipes to try, the best first, and how many images each must be shown."""
    if recipe.name != "auto":
        return [(recipe, 0)]
    outer = {k: getattr(recipe.network, k) for k in ("in_channels", "out_channels")}
    # Counting epochs, nothing says how long is too long: the network that suits a laptop.
    rungs = RUNGS if recipe.optim.minutes else RUNGS[1:2]
    return [
        (
            replace(
                recipe,
                network=replace(rung.network, **outer),
                preprocess=replace(recipe.preprocess, size=working_size(shapes, rung.side)),
            ),
            rung.views,
        )
        for rung in rungs
    ]

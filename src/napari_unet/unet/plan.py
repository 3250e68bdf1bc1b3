"""Fitting a recipe to the data and the machine: classes, working size, and how large a network."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from napari_unet.config import Recipe, UNetConfig
from napari_unet.data.cases import LabelRule
from napari_unet.presets import RUNGS
from napari_unet.unet import speed
from napari_unet.unet.model import UNet
from napari_unet.unet.speed import Speed

LARGEST = {"cpu": 192}  # longer side of the working size that "auto" uses, by device
LARGEST_GPU = 256
STEP = 32  # working sizes are multiples of it: what the deepest level of "auto" divides by
VIEWS = 30_000  # images "auto" wants to show the network within its minutes …
VIEWS_PER_CASE = 60  # … or fewer: so often each case, which is plenty
ALIKE = 0.15  # relative difference of aspect up to which images count as of one shape


def fit_recipe(
    recipe: Recipe,
    shapes: Sequence[tuple[int, int]],
    channels: int,
    labels: LabelRule,
    device: str,
) -> Recipe:
    """Return the recipe with everything set that the data decide.

    Parameters
    ----------
    recipe
        Its channels and outputs are replaced; its working size only when it is called "auto".
    shapes
        Height and width of (a sample of) the images.
    """
    outputs = 1 if labels.classes == 1 else labels.classes + 1
    network: UNetConfig = replace(recipe.network, in_channels=channels, out_channels=outputs)
    preprocess = recipe.preprocess
    if recipe.name == "auto":
        size = working_size(shapes, LARGEST.get(device, LARGEST_GPU))
        preprocess = replace(preprocess, size=size)
        if channels == 3:  # in a photo absolute colour tells; in a scan the scale is arbitrary
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


def settle(recipe: Recipe, cases: int, device: str) -> tuple[Recipe, Speed]:
    """Choose by measuring how to compute and, for "auto" with minutes, how large a network.

    Returns the recipe with the first network of `napari_unet.presets.RUNGS` that can be shown
    enough images in the time there is (the last one if none can), and how fast it computes.
    """
    optim = recipe.optim
    options = speed.candidates(device, optim.precision, optim.channels_last)
    networks = [recipe.network]
    if recipe.name == "auto" and optim.minutes:
        outer = {k: getattr(recipe.network, k) for k in ("in_channels", "out_channels")}
        networks = [replace(rung, **outer) for rung in RUNGS]
    wanted = min(VIEWS, VIEWS_PER_CASE * cases)
    for network in networks:
        shape = (min(optim.batch, 4), network.in_channels, *recipe.preprocess.size)
        several = len(networks) > 1
        found = speed.choose(UNet(network), shape, options, training=True, always=several)
        recipe = replace(recipe, network=network)
        if found.seconds * wanted <= 60 * optim.minutes:
            break
    return recipe, found

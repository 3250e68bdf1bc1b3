"""A plan in plain words."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import fields, replace

from napari_unet.config import Recipe
from napari_unet.quantities import size_words
from napari_unet.training.fingerprint import Fingerprint
from napari_unet.unet.memory import Memory, available
from napari_unet.unet.plan import Choice, changes
from napari_unet.unet.speed import Speed

ASKED = {"minutes", "epochs", "seed", "device"}  # of the job rather than of the recipe


def plan_words(
    recipe: Recipe,
    how: Speed,
    found: Fingerprint,
    parameters: int,
    epochs: float,
    beside: float,
    memory: Memory,
) -> str:
    """Return a plan in a line.

    As in "whole slices at 192×192, batch 16, 2.0 M parameters, about 24 epochs in 5 minutes,
    1.1 GB". ``beside`` is how many times longer a step takes than was measured.
    """
    optim = recipe.optim
    parts = f" in {optim.accumulate} parts" if optim.accumulate > 1 else ""
    return ", ".join(
        [
            _shown(recipe, found),
            f"batch {optim.batch}{parts}",
            f"{parameters / 1e6:.1f} M parameters",
            _budget(recipe, how, found, epochs, beside),
            size_words(memory.total),
        ]
    )


def _shown(recipe: Recipe, found: Fingerprint) -> str:
    size = "×".join(map(str, recipe.preprocess.size))
    if recipe.preprocess.mode == "patch":
        return f"patches of {size}"
    if recipe.network.dims == 3:
        return f"whole volumes at {size}"
    return f"whole {'slices' if _slices(found) else 'images'} at {size}"


def _slices(found: Fingerprint) -> bool:
    """Say whether pictures are slices of something: planes, or in grey as scans are."""
    return found.volumes or found.channels == 1


def _budget(recipe: Recipe, how: Speed, found: Fingerprint, epochs: float, beside: float) -> str:
    optim = recipe.optim
    if optim.minutes:
        number = f"about {_number(epochs)} epochs" if epochs < math.inf else "epochs"
        return f"{number} in {_minutes(optim.minutes)}"
    images = found.cases if recipe.network.dims == 3 else found.images
    took = optim.epochs * images * how.seconds * beside / 60
    return f"{optim.epochs} epochs" + (f", about {_minutes(took)}" if 0 < took < math.inf else "")


def _number(value: float) -> str:
    return f"{value:.0f}" if value >= 3 else f"{value:.1f}"


def _minutes(value: float) -> str:
    if value >= 120:
        return f"{value / 60:.0f} hours"
    text = f"{value:.0f}" if value >= 10 else f"{value:.2g}"
    return f"{text} minute{'s' * (text != '1')}"


def reasons(
    asked: Recipe,
    chosen: Recipe,
    how: Speed,
    found: Fingerprint,
    options: Sequence[Choice],
    memory: Memory,
) -> tuple[str, ...]:
    """Return a sentence for each choice of a plan."""
    told = []
    if asked.name == "auto":
        told += [_why_size(chosen, found), _why_cut(chosen, found)]
        told += [_why_network(chosen, how, options)]
        if kept := _kept(asked):
            told.append(f"Kept as you set it: {kept}.")
    else:
        told.append(_as_asked(asked, chosen))
    told.append(f"The quickest way to compute here is {how.words()}.")
    free = size_words(available(how.device))
    told.append(f"It takes about {size_words(memory.total)} of the {free} of memory that are free.")
    return tuple(filter(None, told))


def _as_asked(asked: Recipe, chosen: Recipe) -> str:
    if asked.preprocess.size == chosen.preprocess.size:
        return f"Network and images are as “{asked.name}” says."
    return f"The network is as “{asked.name}” says; the images' size is fitted to them."


def _why_size(recipe: Recipe, found: Fingerprint) -> str:
    many = f"about {found.objects:.0f} object{'s' * (round(found.objects) != 1)}"
    kind = "slice" if _slices(found) else "image"
    if recipe.network.dims == 3:
        seen = "whole" if recipe.preprocess.mode == "whole" else "in patches"
        return f"The volumes are small enough to be seen {seen}, in all three dimensions."
    if recipe.preprocess.mode == "patch":
        one = "a slice" if kind == "slice" else "an image"
        return (
            f"Patches: {one} of {found.side:.0f} pixels holds {many} of about "
            f"{found.diameter:.0f} pixels, which shrinking would blur."
        )
    if not found.objects:
        return f"Whole {kind}s: nothing is known of the objects."
    return f"Whole {kind}s: one holds {many}, which is best told by all that is around it."


def _why_cut(recipe: Recipe, found: Fingerprint) -> str:
    if recipe.preprocess.margin == "keep" or not found.margin:
        return ""
    share = f"{found.margin:.0%}"
    return f"Dark margins, {share} of an image, are cut off, so that the rest is seen larger."


def _why_network(recipe: Recipe, how: Speed, options: Sequence[Choice]) -> str:
    if len(options) < 2:
        return ""
    took = f"{1e3 * how.seconds:.3g} ms an image"
    if not recipe.optim.minutes:
        return f"The network is one that suits a laptop, at {took}."
    time = _minutes(recipe.optim.minutes)
    if recipe == replace(options[-1].recipe, optim=recipe.optim):
        return f"The network is the quickest of {len(options)}, for {time} at {took}."
    return f"The network is the best of {len(options)} that sees enough in {time}, at {took}."


def _kept(recipe: Recipe) -> str:
    """Name what a person changed of the preset, with its values."""
    told = []
    for section, values in changes(recipe).items():
        labels = {f.name: f.metadata["label"] for f in fields(getattr(recipe, section))}
        told += [
            f"{labels[name].lower()} {_value(value)}"
            for name, value in values.items()
            if name not in ASKED
        ]
    return ", ".join(told)


def _value(value: object) -> str:
    if isinstance(value, bool):
        return "on" if value else "off"
    return ("×".join(map(str, value)) if isinstance(value, tuple) else str(value)) or "none"

"""The values of masks that a state dict of the Pytorch-UNet layout names its classes by.

Its training keeps them under ``mask_values``: a grey value or a colour ``[r, g, b]`` for every
output of the network, the background first.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import numpy as np

from napari_unet.data.cases import COLOUR, LabelRule
from napari_unet.data.masks.colours import pack, unpack
from napari_unet.errors import ConfigError, ModelError

WHITE = 255


def rule_of(stored: Any, outputs: int, names: Sequence[str] = ()) -> LabelRule:
    """Return how masks become the classes of a network with so many ``outputs``.

    Parameters
    ----------
    stored
        What lies under ``mask_values``, perhaps as JSON; None if nothing does.
    names
        Of the foreground classes, if a person named them.

    Raises
    ------
    ConfigError
        If there are more or fewer names than classes.
    ModelError
        If the values are none, or more or fewer than classes.
    """
    classes = max(outputs - 1, 1)
    if not names:
        names = ["foreground"] if classes == 1 else [f"class {i + 1}" for i in range(classes)]
    if len(names) != classes:
        raise ConfigError(
            f"{len(names)} class names for a network that tells {classes} from the background"
        )
    values = list(range(classes + 1)) if stored is None else _values(stored)
    if len(values) != classes + 1:
        raise ModelError(
            f"The file's mask_values name {len(values)} values, but the network tells {classes} "
            "classes from the background: they do not belong together."
        )
    # Of masks of two values, whatever is not 0 is foreground; colours are always looked up.
    if classes == 1 and max(values) < COLOUR and values[0] == 0:
        return LabelRule(names=tuple(names))
    return LabelRule(values=tuple(values[1:]), names=tuple(names))


def values_of(rule: LabelRule) -> list[Any]:
    """Return what `rule_of` reads: the background's value and those of the classes."""
    found = rule.values or (WHITE,)
    if rule.by_colour:
        return [[0, 0, 0], *unpack(np.array(found, np.uint32)).tolist()]
    return [0, *found]


def _values(stored: Any) -> list[int]:
    """Return stored values, colours as `COLOUR` and more."""
    try:
        found = json.loads(stored) if isinstance(stored, str) else list(stored)
        values = [_value(v) for v in found]
    except (ValueError, TypeError, RecursionError) as e:
        raise ModelError(f"The file's mask_values cannot be understood ({e}).") from e
    if len(set(values)) < len(values):
        raise ModelError("The file's mask_values name a value twice.")
    return values


def _value(stored: Any) -> int:
    if isinstance(stored, list | tuple):
        if len(stored) != 3:
            raise ValueError(f"{stored!r} is no colour")
        return int(pack(np.array([_within(part, WHITE) for part in stored], np.uint8)))
    return _within(stored, COLOUR - 1)


def _within(number: Any, most: int) -> int:
    if not isinstance(number, int) or not 0 <= number <= most:
        raise ValueError(f"{number!r} is no whole number from 0 to {most}")
    return int(number)

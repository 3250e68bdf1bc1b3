"""What a package of another program says of its inputs and outputs, in this program's words.

Nothing is guessed: a step that this program does not take in the same way is a reason to refuse,
since a network that sees other intensities than it learned from answers without complaint.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from typing import Any

import numpy as np

from napari_unet.card import ModelCard
from napari_unet.config import PreprocessConfig, UNetConfig
from napari_unet.data.cases import LabelRule
from napari_unet.exchange.bioimageio.package import Package
from napari_unet.exchange.bioimageio.tensors import SPACE

Steps = Sequence[tuple[str, Mapping[str, Any]]]

VERSION = "0.5."
SIDE = range(8, 4097)  # of the windows in which images are seen
IGNORED = "ensure_dtype"  # this program computes in float32 anyway
LONGEST = 2000  # letters of a text that is taken over


def foreign_card(package: Package, network: UNetConfig) -> ModelCard:
    """Return the card for a network with the weights of another program's package.

    Raises
    ------
    ModelError
        If the package describes inputs, outputs or steps that have no equal here.
    """
    stated = str(package.content.get("format_version"))[:20]
    if not stated.startswith(VERSION):
        raise package.refused(
            f"it is described in format {stated}, and {VERSION}x is read. "
            "bioimageio.core brings it up to date: bioimageio update-format"
        )
    seen, found = (_only(package, which) for which in ("inputs", "outputs"))
    _check_axes(package, seen, "input", network.dims, network.in_channels)
    _check_axes(package, found, "output", network.dims, network.out_channels)
    return ModelCard(
        _text(package.content, "name") or package.name,
        network,
        _preprocess(package, seen, network),
        LabelRule(names=_classes(found, network)),
        _threshold(package, found, network),
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        training={"imported": f"a package of bioimage.io: {package.name}"},
        versions={"napari-unet": version("napari-unet-workbench")},
        about=_about(package.content),
    )


def _only(package: Package, which: str) -> Mapping[str, Any]:
    """Return the package's one input or output."""
    tensors = package.content.get(which)
    if not isinstance(tensors, list) or len(tensors) != 1 or not isinstance(tensors[0], Mapping):
        raise package.refused(f"it does not have exactly one of its {which}, as networks here do")
    return tensors[0]


def _axes(tensor: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    axes = tensor.get("axes")
    return [a for a in axes if isinstance(a, Mapping)] if isinstance(axes, list) else []


def _check_axes(
    package: Package, tensor: Mapping[str, Any], which: str, dims: int, channels: int
) -> None:
    wanted = ["batch", "channel", *SPACE[-dims:]]
    axes = [str(a.get("id", a.get("type")))[:20] for a in _axes(tensor)]
    if axes != wanted:
        raise package.refused(
            f"the axes of its {which} are {', '.join(axes) or 'unknown'}, not {', '.join(wanted)}"
        )
    names = _axes(tensor)[1].get("channel_names")
    if not isinstance(names, list) or len(names) != channels:
        raise package.refused(f"its {which} does not have the {channels} channels of its network")


def _preprocess(
    package: Package, tensor: Mapping[str, Any], network: UNetConfig
) -> PreprocessConfig:
    size = tuple(_side(package, axis.get("size")) for axis in _axes(tensor)[2:])
    steps = _steps(package, tensor, "preprocessing")
    if fixed := _linear(tensor, steps, network.in_channels):
        mean, std = fixed
        return PreprocessConfig("patch", size, intensity="dataset", mean=mean, std=std)
    names = [name for name, _ in steps]
    if names == ["zero_mean_unit_variance"] and _is_joint(steps[0][1], network):
        return PreprocessConfig("patch", size, intensity="zscore")
    raise package.refused(
        f"what it does to intensities ({', '.join(names) or 'nothing'}, of "
        f"{_dtype(tensor) or 'unknown'} values) is not among what is done here: see "
        "docs/exchange.md"
    )


def _side(package: Package, size: Any) -> int:
    number = size.get("min") if isinstance(size, Mapping) else size
    if not isinstance(number, int) or number not in SIDE:
        raise package.refused(
            f"a side of its input is not given as {SIDE.start} to {SIDE.stop - 1} pixels"
        )
    return number


def _steps(package: Package, tensor: Mapping[str, Any], which: str) -> Steps:
    steps = tensor.get(which) or []
    if not isinstance(steps, list) or not all(isinstance(s, Mapping) for s in steps):
        raise package.refused(f"its {which} is no list of steps")
    named = [(str(s.get("id"))[:40], s.get("kwargs")) for s in steps]
    return [(n, k if isinstance(k, Mapping) else {}) for n, k in named if n != IGNORED]


def _dtype(tensor: Mapping[str, Any]) -> str:
    data = tensor.get("data")
    kind = data.get("type", "float32") if isinstance(data, Mapping) else None
    return kind if isinstance(kind, str) and len(kind) < 10 else ""


def _linear(
    tensor: Mapping[str, Any], steps: Steps, channels: int
) -> tuple[tuple[float, ...], tuple[float, ...]] | None:
    """Return what fixed numbers do to intensities as mean and deviation of every channel.

    Here, integers are divided by their type's largest value first. So it must be known which type
    the numbers are for; ``float32`` may hold any.
    """
    kind = _dtype(tensor)
    if not kind.startswith(("uint", "int")) or kind not in np.sctypeDict or len(steps) > 1:
        return None
    name, kwargs = steps[0] if steps else ("scale_linear", {})
    first, second = {
        "scale_linear": (_numbers(kwargs.get("gain", 1.0)), _numbers(kwargs.get("offset", 0.0))),
        "fixed_zero_mean_unit_variance": (
            _numbers(kwargs.get("std")),
            _numbers(kwargs.get("mean")),
        ),
    }.get(name, ((), ()))
    if not {len(first), len(second)} <= {1, channels} or min(first) <= 0:
        return None
    one, two = (v * (channels if len(v) == 1 else 1) for v in (first, second))
    if name == "scale_linear":  # gain · x + offset = (x + offset / gain) / (1 / gain)
        one, two = (
            tuple(1 / g for g in one),
            tuple(-o / g for g, o in zip(one, two, strict=True)),
        )
    largest = float(np.iinfo(kind).max)
    return tuple(m / largest for m in two), tuple(s / largest for s in one)


def _numbers(value: Any) -> tuple[float, ...]:
    values = value if isinstance(value, list) else [value]
    plain = all(isinstance(v, int | float) and abs(v) < 1e30 for v in values)
    return tuple(map(float, values)) if plain else ()


def _is_joint(kwargs: Mapping[str, Any], network: UNetConfig) -> bool:
    """Whether a step measures over all of an image, as is done here."""
    axes = kwargs.get("axes")
    if axes is None:
        return True
    least = {*SPACE[-network.dims :], *(["channel"] if network.in_channels > 1 else [])}
    return isinstance(axes, list) and least <= {a for a in axes if isinstance(a, str)}


def _classes(tensor: Mapping[str, Any], network: UNetConfig) -> tuple[str, ...]:
    names = tuple(str(n)[:60] for n in _axes(tensor)[1]["channel_names"])
    return names if network.out_channels == 1 else names[1:]


def _threshold(package: Package, tensor: Mapping[str, Any], network: UNetConfig) -> float:
    """Return the threshold; logits must become what they become here."""
    steps = _steps(package, tensor, "postprocessing")
    names = [name for name, _ in steps]
    if network.out_channels > 1 and names == ["softmax"]:
        return 0.5
    if network.out_channels == 1 and names in (["sigmoid"], ["sigmoid", "binarize"]):
        threshold = steps[-1][1].get("threshold", 0.5)
        if isinstance(threshold, float) and 0 <= threshold <= 1:
            return threshold
    wanted = "softmax" if network.out_channels > 1 else "sigmoid"
    raise package.refused(
        f"its {network.out_channels} outputs become probabilities by "
        f"{', '.join(names) or 'a way it does not tell'}; here it is by {wanted}"
    )


def _about(content: Mapping[str, Any]) -> dict[str, Any]:
    people = [_text(a, "name") for a in _mappings(content.get("authors"))]
    cited = [
        " ".join(filter(None, (_text(c, "text"), _text(c, "doi") or _text(c, "url"))))
        for c in _mappings(content.get("cite"))
    ]
    found = {
        "summary": _text(content, "description"),
        "licence": _text(content, "license"),
        "authors": [p for p in people if p],
        "cite": [c for c in cited if c],
    }
    return {key: value for key, value in found.items() if value}


def _mappings(values: Any) -> list[Mapping[str, Any]]:
    listed = values[:100] if isinstance(values, list) else []
    return [v for v in listed if isinstance(v, Mapping)]


def _text(content: Mapping[str, Any], key: str) -> str:
    value = content.get(key)
    return value[:LONGEST] if isinstance(value, str) else ""

"""The network as a list of steps, plain data that goes with the weights in a model file.

Whoever has the file can then run the network without this program: each step names a function of
``torch.nn.functional`` (or of ``torch``), what it is given and with which numbers, and what its
result is called. docs/model_file.md shows the twenty lines that take them. This program builds its
networks from the card and never looks at the steps of a file.

The steps are recorded while the network answers to an image that has a shape but no values, so that
they are what is computed and no second description of it. None depends on the image's size.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any

import torch
from torch import Tensor
from torch.overrides import TorchFunctionMode

from napari_unet.config import UNetConfig
from napari_unet.unet.grid import Grid, grids
from napari_unet.unet.model import UNet

FORMAT = 1
IMAGE, LOGITS = "image", "logits"

# What a step may be, and what it is called with, in the order of the function's arguments.
OPERATIONS: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(
        ("conv2d", "conv3d"),
        ("input", "weight", "bias", "stride", "padding", "dilation", "groups"),
    ),
    **dict.fromkeys(
        ("conv_transpose2d", "conv_transpose3d"),
        ("input", "weight", "bias", "stride", "padding", "output_padding", "groups", "dilation"),
    ),
    "batch_norm": (
        *("input", "running_mean", "running_var", "weight", "bias"),
        *("training", "momentum", "eps"),
    ),
    "instance_norm": (
        *("input", "running_mean", "running_var", "weight", "bias"),
        *("use_input_stats", "momentum", "eps"),
    ),
    "group_norm": ("input", "num_groups", "weight", "bias", "eps"),
    **dict.fromkeys(
        ("relu", "silu", "hardswish", "hardsigmoid"),
        ("input", "inplace"),
    ),
    "sigmoid": ("input",),
    **dict.fromkeys(
        ("max_pool2d", "max_pool3d"),
        ("input", "kernel_size", "stride", "padding", "dilation", "ceil_mode"),
    ),
    "adaptive_avg_pool2d": ("input", "output_size"),
    "mean": ("input", "dim", "keepdim"),
    "interpolate": ("input", "size", "scale_factor", "mode", "align_corners"),
    "pixel_shuffle": ("input", "upscale_factor"),
    "unflatten": ("input", "dim", "sizes"),
    "permute": ("input", "dims"),
    "flatten": ("input", "start_dim", "end_dim"),
    "pad": ("input", "pad"),
    "add": ("input", "other"),
    "mul": ("input", "other"),
    "cat": ("tensors", "dim"),
}
# Names of the same in Python, and those that change a tensor where it is.
ALSO = {
    **dict.fromkeys(("__add__", "__iadd__", "__radd__", "add_"), "add"),
    **dict.fromkeys(("__mul__", "__imul__", "__rmul__", "mul_"), "mul"),
    **{f"{name}_": name for name in ("relu", "silu", "hardswish", "hardsigmoid", "sigmoid")},
    "_max_pool2d": "max_pool2d",
    "_max_pool3d": "max_pool3d",
}
SAME = ("dropout2d", "dropout3d", "dropout", "contiguous")  # do nothing to what is looked at
UNSAID = ("inplace", "training", "use_input_stats", "momentum")  # without meaning here, or usual

Step = tuple[str, str, dict[str, list[str]], dict[str, Any]]


class UnknownStepError(Exception):
    """A network does something that cannot be written down here."""


def graph(config: UNetConfig, size: Sequence[int]) -> dict[str, Any]:
    """Return how a network turns an image into logits, as plain JSON values.

    Parameters
    ----------
    size
        The working size; ``sides`` holds for images of it, and for all that are larger.

    Returns
    -------
    dict
        ``sides`` says for every axis, the last one first, how an image ``(N, in_channels, *S)`` is
        to be mirrored: ``[step, before, after, lost]`` puts ``before`` pixels before a side of
        ``n``, and ``after + (-(n + lost) mod step)`` after it.

        Each of the ``steps`` is a list: the name of its result, an operation, those of its
        arguments that are tensors (lists of the names of earlier results or of weights), and those
        that are not. The first tensor is ``image``, the last ``logits``, of which the first ``S``
        pixels along every axis are those of the image.

    Raises
    ------
    UnknownStepError
        If the network does something else than `OPERATIONS`.
    """
    steps = [2**h * s for h, s in zip(config.halvings, config.strides, strict=True)]
    with torch.device("meta"):
        model = UNet(config).eval()
        image = torch.empty(1, config.in_channels, *(4 * n for n in steps))
    with torch.inference_mode(), _Recorder(model, image) as recorder:
        recorder.finish(model(image))
    sides = [_side(*one) for one in zip(grids(config), steps, size, strict=True)]
    return {"format": FORMAT, "sides": sides[::-1], "steps": [list(s) for s in recorder.steps]}


def _side(grid: Grid, step: int, n: int) -> list[int]:
    """Return what is put before and after a side; ``n`` is the shortest there is."""
    # Networks that fill uneven sides with zeros inside would do so by steps that depend on the
    # size. These are mirrored to even sides instead, which differs at their last pixels.
    step = max(step, grid.step)
    after = grid.lost + grid.more - grid.before
    lacking = grid.least * grid.step - (grid.before + n + after + -(n + grid.lost) % step)
    return [step, grid.before, after + max(-(-lacking // step), 0) * step, grid.lost]


@lru_cache(maxsize=16)
def graph_text(config: UNetConfig, size: tuple[int, ...]) -> str | None:
    """Return `graph` as the text in a model file; None if it cannot be written down."""
    try:
        return json.dumps(graph(config, size), separators=(",", ":"))
    except UnknownStepError:
        return None


class _Recorder(TorchFunctionMode):
    """Notes what is called with tensors that have a name: weights, the image, earlier results."""

    def __init__(self, model: UNet, image: Tensor) -> None:
        super().__init__()
        self.steps: list[Step] = []
        self._names = {id(t): name for name, t in model.state_dict(keep_vars=True).items()}
        self._names[id(image)] = IMAGE
        self._kept: list[Tensor] = []  # alive, since the next tensor might get the same id

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: Iterable[type],
        args: tuple[Any, ...] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:
        """Call a function as it would have been, and note it."""
        kwargs = dict(kwargs or {})
        before = [self._name(t) for t in _tensors((*args, *kwargs.values()))]
        shape = args[0].shape if args and isinstance(args[0], Tensor) else ()
        result = func(*args, **kwargs)
        if isinstance(result, Tensor) and any(before):
            name = getattr(func, "__name__", "?")
            self._note(ALSO.get(name, name), args, kwargs, result, shape)
        return result

    def finish(self, logits: Tensor) -> None:
        """Give the last result its name; cropping it to the image is left to the reader."""
        last = self._name(logits)
        while self.steps and self.steps[-1][1] == "pad" and self.steps[-1][0] == last:
            (last,) = self.steps.pop()[2]["input"]
        if not self.steps or self.steps[-1][0] != last:
            raise UnknownStepError("the last step gives no logits")
        self.steps[-1] = (LOGITS, *self.steps[-1][1:])

    def _note(
        self, name: str, args: tuple[Any, ...], kwargs: dict[str, Any], result: Tensor, shape: Any
    ) -> None:
        if name == "index_select" or name in SAME:  # mirrored sides are left to the reader
            self._call(result, self._name(args[0]))
        elif name == "narrow":
            self._crop(args, result, shape)
        elif name in OPERATIONS:
            if name == "permute" and isinstance(args[1], int):  # not in a list
                args = (args[0], args[1:])
            given = {**dict(zip(OPERATIONS[name], args, strict=False)), **kwargs}
            tensors = {k: found for k, v in given.items() if (found := _tensors((v,)))}
            said = {k: _plain(v) for k, v in given.items() if k not in tensors}
            said = {k: v for k, v in said.items() if k not in UNSAID and not _usual(v)}
            self._step(result, name, tensors, said)
        else:
            raise UnknownStepError(name)

    def _crop(self, args: tuple[Any, ...], result: Tensor, shape: Any) -> None:
        """Note what `Tensor.narrow` did as negative padding, which no size is part of."""
        x, axis, start, length = args
        after = shape[axis] - start - length
        if start or after:
            border = [0, 0] * (len(shape) - 1 - axis) + [-start, -after]
            self._step(result, "pad", {"input": [x]}, {"pad": border})
        else:
            self._call(result, self._name(x))

    def _step(
        self, result: Tensor, name: str, tensors: dict[str, list[Tensor]], said: dict[str, Any]
    ) -> None:
        names = {k: [self._name(t) for t in v] for k, v in tensors.items()}
        if not all(map(all, names.values())):
            raise UnknownStepError(f"{name} of something without a name")
        called = f"x{len(self.steps) + 1}"
        self.steps.append((called, name, names, said))
        self._call(result, called)

    def _call(self, result: Tensor, name: str) -> None:
        self._kept.append(result)
        self._names[id(result)] = name

    def _name(self, tensor: Tensor) -> str:
        return self._names.get(id(tensor), "")


def _tensors(given: Iterable[Any]) -> list[Tensor]:
    """Return the tensors among arguments, also those in lists."""
    found: list[Tensor] = []
    for one in given:
        if isinstance(one, list | tuple):
            found += _tensors(one)
        elif isinstance(one, Tensor):
            found.append(one)
    return found


def _usual(value: Any) -> bool:
    return value is None or value is False


def _plain(value: Any) -> Any:
    if isinstance(value, list | tuple):
        return [_plain(v) for v in value]
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, float) and math.isfinite(value):
        return value
    raise UnknownStepError(f"{value!r} as a setting")

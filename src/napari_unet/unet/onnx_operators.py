"""What torch does in a step, in ONNX's operators (see `napari_unet.unet.onnx_graph`).

Each function here writes one of `napari_unet.unet.graph.OPERATIONS` and returns the name of what it
gives.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_unet.unet.graph import UnknownStepError

Names = Mapping[str, str]  # of tensors, by the argument that they are; those of a list: 0, 1 …
Said = Mapping[str, Any]  # arguments that are no tensors

END = np.iinfo(np.int64).max  # as the end of a slice: the last pixel


class Graph:
    """Nodes in the order in which they are computed, and the weights that they name."""

    def __init__(self, dims: int) -> None:
        self.dims = dims
        self.nodes: list[Any] = []
        self.weights: list[Any] = []
        self._constants: dict[tuple[int, ...], str] = {}

    def add(self, operator: str, *inputs: str, to: str = "", **attributes: Any) -> str:
        """Add a node and return the name of what it gives; an empty input is one left out."""
        from onnx import helper

        name = to or f"{operator}_{len(self.nodes)}"
        self.nodes.append(helper.make_node(operator, inputs, [name], name, **attributes))
        return name

    def weight(self, values: NDArray[Any], name: str = "") -> str:
        """Add an array and return its name."""
        from onnx import numpy_helper

        name = name or f"constant_{len(self.weights)}"
        self.weights.append(numpy_helper.from_array(values, name))
        return name

    def whole(self, *values: int) -> str:
        """Return the name of a list of whole numbers."""
        if values not in self._constants:
            self._constants[values] = self.weight(np.array(values, np.int64))
        return self._constants[values]

    def scalar(self, value: float, kind: type = np.int64) -> str:
        """Return the name of a number."""
        return self.weight(np.array(value, kind))

    def space(self, x: str) -> str:
        """Return the sides of ``(N, C, *S)``."""
        return self.add("Shape", x, start=2)


def _conv(operator: str, rank: int, g: Graph, x: Names, said: Said) -> str:
    names = {"stride": "strides", "dilation": "dilations"}
    given: dict[str, Any] = {
        onnx: _sides(said[name], rank) for name, onnx in names.items() if name in said
    }
    given["pads"] = _sides(said.get("padding", 0), rank) * 2  # before every axis, then after
    if any(_sides(said.get("output_padding", 0), rank)):
        raise UnknownStepError("output_padding")
    inputs = [x[name] for name in ("input", "weight", "bias") if name in x]
    return g.add(operator, *inputs, group=said.get("groups", 1), **given)


def _batch_norm(g: Graph, x: Names, said: Said) -> str:
    order = ("input", "weight", "bias", "running_mean", "running_var")
    return g.add("BatchNormalization", *(x[name] for name in order), epsilon=said["eps"])


def _instance_norm(g: Graph, x: Names, said: Said) -> str:
    names = (x["input"], x["weight"], x["bias"])
    return g.add("InstanceNormalization", *names, epsilon=said["eps"])


def _group_norm(g: Graph, x: Names, said: Said) -> str:
    """Add an instance norm of groups of channels; set 17 has no operator for it."""
    n = said["num_groups"]
    ones, zeros = np.ones(n, np.float32), np.zeros(n, np.float32)
    groups = g.add("Reshape", x["input"], g.whole(0, n, -1))
    y = g.add("InstanceNormalization", groups, g.weight(ones), g.weight(zeros), epsilon=said["eps"])
    y = g.add("Reshape", y, g.add("Shape", x["input"]))
    shape = g.whole(-1, *(1,) * g.dims)  # weight and bias are each channel's
    y = g.add("Mul", y, g.add("Reshape", x["weight"], shape))
    return g.add("Add", y, g.add("Reshape", x["bias"], shape))


def _silu(g: Graph, x: Names, said: Said) -> str:
    return g.add("Mul", x["input"], g.add("Sigmoid", x["input"]))


def _max_pool(rank: int, g: Graph, x: Names, said: Said) -> str:
    kernel = _sides(said["kernel_size"], rank)
    if any(d != 1 for d in _sides(said.get("dilation", 1), rank)) or said.get("ceil_mode"):
        raise UnknownStepError("a dilated pool, or one that rounds up")
    pads = _sides(said.get("padding", 0), rank) * 2
    strides = _sides(said.get("stride") or kernel, rank)
    return g.add("MaxPool", x["input"], kernel_shape=kernel, strides=strides, pads=pads)


def _adaptive(g: Graph, x: Names, said: Said) -> str:
    if any(side != 1 for side in _sides(said["output_size"], 2)):
        raise UnknownStepError("a mean over parts")
    return g.add("GlobalAveragePool", x["input"])


def _mean(g: Graph, x: Names, said: Said) -> str:
    axes = _sides(said["dim"], 1)
    return g.add("ReduceMean", x["input"], axes=axes, keepdims=int(said.get("keepdim", False)))


def _interpolate(g: Graph, x: Names, said: Said) -> str:
    if said.get("mode") not in ("bilinear", "trilinear") or "scale_factor" not in said:
        raise UnknownStepError("another interpolation than by a factor, and linearly")
    rank = 2 if said["mode"] == "bilinear" else 3
    factors = said["scale_factor"]
    factors = factors if isinstance(factors, list) else [factors] * rank
    scales = g.weight(np.array([1, 1, *factors], np.float32))
    where = "align_corners" if said.get("align_corners") else "half_pixel"
    return g.add(
        "Resize", x["input"], "", scales, mode="linear", coordinate_transformation_mode=where
    )


def _pixel_shuffle(g: Graph, x: Names, said: Said) -> str:
    return g.add("DepthToSpace", x["input"], blocksize=said["upscale_factor"], mode="CRD")


def _unflatten(g: Graph, x: Names, said: Said) -> str:
    return _reshaped(g, x["input"], said["dim"], said["dim"], said["sizes"])


def _flatten(g: Graph, x: Names, said: Said) -> str:
    return _reshaped(g, x["input"], said.get("start_dim", 0), said.get("end_dim", -1), [-1])


def _reshaped(g: Graph, x: str, first: int, last: int, sizes: Sequence[int]) -> str:
    """Replace the axes from the first to the last by others."""
    parts = [g.add("Shape", x, end=first)] if first else []
    parts.append(g.whole(*sizes))
    if last != -1:
        parts.append(g.add("Shape", x, start=last + 1))
    return g.add("Reshape", x, g.add("Concat", *parts, axis=0))


def _permute(g: Graph, x: Names, said: Said) -> str:
    return g.add("Transpose", x["input"], perm=said["dims"])


def _pad(g: Graph, x: Names, said: Said) -> str:
    """Cut off what is not needed; torch begins with the last axis."""
    border = said["pad"]
    before, after = border[-2::-2], border[::-2]
    if max(border) > 0:
        raise UnknownStepError("padding of a fixed width")
    ends = [n or END for n in after]
    axes = range(-len(before), 0)
    return g.add(
        "Slice", x["input"], g.whole(*(-n for n in before)), g.whole(*ends), g.whole(*axes)
    )


def match(g: Graph, x: str, like: str) -> str:
    """Put zeros around, up to the size of another; of an odd number one more at the end."""
    missing = g.add("Sub", g.space(like), g.space(x))
    before = g.add("Div", missing, g.whole(2))
    none = g.whole(0, 0)
    pads = g.add("Concat", none, before, none, g.add("Sub", missing, before), axis=0)
    return g.add("Pad", x, pads)


def _two(operator: str, g: Graph, x: Names, said: Said) -> str:
    other = x["other"] if "other" in x else g.scalar(said["other"], np.float32)
    return g.add(operator, x["input"], other)


def _one(operator: str, g: Graph, x: Names, said: Said, **attributes: Any) -> str:
    return g.add(operator, x["input"], **attributes)


def _cat(g: Graph, x: Names, said: Said) -> str:
    return g.add("Concat", *x.values(), axis=said.get("dim", 0))


def _sides(numbers: Any, rank: int) -> list[int]:
    """Return a number for every axis."""
    return list(numbers) if isinstance(numbers, list | tuple) else [int(numbers)] * rank


OPERATORS: dict[str, Callable[[Graph, Names, Said], str]] = {
    **{f"conv{n}d": partial(_conv, "Conv", n) for n in (2, 3)},
    **{f"conv_transpose{n}d": partial(_conv, "ConvTranspose", n) for n in (2, 3)},
    **{f"max_pool{n}d": partial(_max_pool, n) for n in (2, 3)},
    "batch_norm": _batch_norm,
    "instance_norm": _instance_norm,
    "group_norm": _group_norm,
    "relu": partial(_one, "Relu"),
    "sigmoid": partial(_one, "Sigmoid"),
    "hardswish": partial(_one, "HardSwish"),
    "hardsigmoid": partial(_one, "HardSigmoid", alpha=1 / 6, beta=0.5),
    "silu": _silu,
    "adaptive_avg_pool2d": _adaptive,
    "mean": _mean,
    "interpolate": _interpolate,
    "pixel_shuffle": _pixel_shuffle,
    "unflatten": _unflatten,
    "flatten": _flatten,
    "permute": _permute,
    "pad": _pad,
    "add": partial(_two, "Add"),
    "mul": partial(_two, "Mul"),
    "cat": _cat,
}

"""The network as an ONNX graph, for images of any number and any size.

Each step that `napari_unet.unet.graph` records is written as an operator of ONNX, with the mirrored
margins before them, whose width the graph computes from the image's size. torch's exporters are not
used: both record how a network halves the sides of one example, and fail for sizes that leave a
rest there; one is deprecated, and the other needs another package and takes some seconds. Operator
set 17 suffices, which ONNX Runtime knows since version 1.12.

Needs the package ``onnx``, of the extra of the same name.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray
from torch import nn

from napari_unet.errors import ModelError
from napari_unet.unet.graph import IMAGE, LOGITS, UnknownStepError, graph
from napari_unet.unet.grid import Grid, grids
from napari_unet.unet.model import UNet

if TYPE_CHECKING:
    from onnx import ModelProto

Output = Literal["probabilities", "logits"]
Names = Mapping[str, str]  # of tensors, by the argument that they are; those of a list: 0, 1 …
Said = Mapping[str, Any]  # arguments that are no tensors

OPSET = 17
IR = 8  # the version of the file format that came with it
SIDES = {2: ("height", "width"), 3: ("depth", "height", "width")}
END = np.iinfo(np.int64).max  # as the end of a slice: the last pixel


def onnx_model(model: UNet, output: Output = "probabilities") -> ModelProto:
    """Return a network as an ONNX model, which shares no memory with it.

    Its input is ``image``, float32 ``(batch, in_channels, *S)``, its output has the name that is
    asked for and is float32 ``(batch, out_channels, *S)``. Any batch and any sides will do.

    Parameters
    ----------
    model
        The network; its batch norms may have been folded away (see `napari_unet.unet.fuse`).
    output
        ``probabilities``: 0 to 1, through a sigmoid or a softmax.

    Raises
    ------
    ModelError
        If the package ``onnx`` is missing, or the network does what cannot be written down.
    """
    try:
        from onnx import TensorProto, helper
    except ImportError as e:
        raise ModelError(
            "ONNX needs the package onnx, which is not installed: "
            "pip install 'napari-unet-workbench[onnx]'"
        ) from e
    config = model.config
    try:
        g = _written(model)
    except UnknownStepError as e:
        raise ModelError(f"This network cannot be written as ONNX: {e}.") from e
    if output == "logits":
        g.add("Identity", LOGITS + "_", to=output)
    elif config.out_channels == 1:
        g.add("Sigmoid", LOGITS + "_", to=output)
    else:
        g.add("Softmax", LOGITS + "_", to=output, axis=1)
    ends = [
        helper.make_tensor_value_info(name, TensorProto.FLOAT, ["batch", n, *SIDES[config.dims]])
        for name, n in ((IMAGE, config.in_channels), (output, config.out_channels))
    ]
    made = helper.make_graph(g.nodes, "U-Net", ends[:1], ends[1:], g.weights)
    opset = helper.make_opsetid("", OPSET)
    return helper.make_model(
        made, producer_name="napari-unet", ir_version=IR, opset_imports=[opset]
    )


class _Graph:
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


def _written(model: UNet) -> _Graph:
    """Return the graph from the image to its logits, which are cropped to the image."""
    config = model.config
    g = _Graph(config.dims)
    folded = config.norm == "batch" and isinstance(model.bottleneck.norm1, nn.Identity)
    known = replace(config, norm="none") if folded else config
    steps = graph(known, (1,) * config.dims)["steps"]
    called = {IMAGE: _mirrored(g, IMAGE, grids(config))}
    used = {name for _, _, tensors, _ in steps for names in tensors.values() for name in names}
    for name, weight in model.state_dict().items():
        if name in used:
            called[name] = g.weight(np.ascontiguousarray(weight.detach().cpu()), name)
    for name, operation, tensors, said in steps:
        if operation not in OPERATORS:
            raise UnknownStepError(operation)
        named = {key: called[names[0]] for key, names in tensors.items()}
        if operation == "cat":
            named = {str(i): called[one] for i, one in enumerate(tensors["tensors"])}
            if config.padding == "zeros":  # the steps are those of sides that halve evenly
                named["1"] = _match(g, named["1"], named["0"])
        called[name] = OPERATORS[operation](g, named, said)
    starts, axes = g.whole(*(0,) * g.dims), g.whole(*range(2, 2 + g.dims))
    g.add("Slice", called[LOGITS], starts, g.space(IMAGE), axes, to=LOGITS + "_")
    return g


def _mirrored(g: _Graph, x: str, space: Sequence[Grid]) -> str:
    """Mirror an image at its borders as far as the network needs (see `mirror_pad`)."""
    for axis, grid in enumerate(space, start=2):
        if grid == Grid(1):
            continue
        n = g.add("Shape", x, start=axis, end=axis + 1)
        # As `Grid.margins` has it; then the places from -before to n + after.
        rounded = g.add("Add", n, g.whole(grid.lost + grid.step - 1))
        steps = g.add("Max", g.add("Div", rounded, g.whole(grid.step)), g.whole(grid.least))
        end = g.add("Mul", steps, g.whole(grid.step))
        end = g.add("Squeeze", g.add("Add", end, g.whole(grid.more - grid.before)))
        i = g.add("Range", g.scalar(-grid.before), end, g.scalar(1))
        period = g.add("Mul", g.add("Sub", n, g.whole(1)), g.whole(2))
        period = g.add("Max", period, g.whole(1))
        i = g.add("Mod", i, period)
        i = g.add("Where", g.add("Less", i, n), i, g.add("Sub", period, i))
        x = g.add("Gather", x, i, axis=axis)
    return x


# --- what torch calls it, and what ONNX does ----------------------------------------------------


def _conv(operator: str, rank: int, g: _Graph, x: Names, said: Said) -> str:
    names = {"stride": "strides", "dilation": "dilations"}
    given: dict[str, Any] = {
        onnx: _sides(said[name], rank) for name, onnx in names.items() if name in said
    }
    given["pads"] = _sides(said.get("padding", 0), rank) * 2  # before every axis, then after
    if any(_sides(said.get("output_padding", 0), rank)):
        raise UnknownStepError("output_padding")
    inputs = [x[name] for name in ("input", "weight", "bias") if name in x]
    return g.add(operator, *inputs, group=said.get("groups", 1), **given)


def _batch_norm(g: _Graph, x: Names, said: Said) -> str:
    order = ("input", "weight", "bias", "running_mean", "running_var")
    return g.add("BatchNormalization", *(x[name] for name in order), epsilon=said["eps"])


def _instance_norm(g: _Graph, x: Names, said: Said) -> str:
    names = (x["input"], x["weight"], x["bias"])
    return g.add("InstanceNormalization", *names, epsilon=said["eps"])


def _group_norm(g: _Graph, x: Names, said: Said) -> str:
    """Add an instance norm of groups of channels; set 17 has no operator for it."""
    n = said["num_groups"]
    ones, zeros = np.ones(n, np.float32), np.zeros(n, np.float32)
    groups = g.add("Reshape", x["input"], g.whole(0, n, -1))
    y = g.add("InstanceNormalization", groups, g.weight(ones), g.weight(zeros), epsilon=said["eps"])
    y = g.add("Reshape", y, g.add("Shape", x["input"]))
    shape = g.whole(-1, *(1,) * g.dims)  # weight and bias are each channel's
    y = g.add("Mul", y, g.add("Reshape", x["weight"], shape))
    return g.add("Add", y, g.add("Reshape", x["bias"], shape))


def _silu(g: _Graph, x: Names, said: Said) -> str:
    return g.add("Mul", x["input"], g.add("Sigmoid", x["input"]))


def _max_pool(rank: int, g: _Graph, x: Names, said: Said) -> str:
    kernel = _sides(said["kernel_size"], rank)
    if any(d != 1 for d in _sides(said.get("dilation", 1), rank)) or said.get("ceil_mode"):
        raise UnknownStepError("a dilated pool, or one that rounds up")
    pads = _sides(said.get("padding", 0), rank) * 2
    strides = _sides(said.get("stride") or kernel, rank)
    return g.add("MaxPool", x["input"], kernel_shape=kernel, strides=strides, pads=pads)


def _adaptive(g: _Graph, x: Names, said: Said) -> str:
    if any(side != 1 for side in _sides(said["output_size"], 2)):
        raise UnknownStepError("a mean over parts")
    return g.add("GlobalAveragePool", x["input"])


def _mean(g: _Graph, x: Names, said: Said) -> str:
    axes = _sides(said["dim"], 1)
    return g.add("ReduceMean", x["input"], axes=axes, keepdims=int(said.get("keepdim", False)))


def _interpolate(g: _Graph, x: Names, said: Said) -> str:
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


def _pixel_shuffle(g: _Graph, x: Names, said: Said) -> str:
    return g.add("DepthToSpace", x["input"], blocksize=said["upscale_factor"], mode="CRD")


def _unflatten(g: _Graph, x: Names, said: Said) -> str:
    return _reshaped(g, x["input"], said["dim"], said["dim"], said["sizes"])


def _flatten(g: _Graph, x: Names, said: Said) -> str:
    return _reshaped(g, x["input"], said.get("start_dim", 0), said.get("end_dim", -1), [-1])


def _reshaped(g: _Graph, x: str, first: int, last: int, sizes: Sequence[int]) -> str:
    """Replace the axes from the first to the last by others."""
    parts = [g.add("Shape", x, end=first)] if first else []
    parts.append(g.whole(*sizes))
    if last != -1:
        parts.append(g.add("Shape", x, start=last + 1))
    return g.add("Reshape", x, g.add("Concat", *parts, axis=0))


def _permute(g: _Graph, x: Names, said: Said) -> str:
    return g.add("Transpose", x["input"], perm=said["dims"])


def _pad(g: _Graph, x: Names, said: Said) -> str:
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


def _match(g: _Graph, x: str, like: str) -> str:
    """Put zeros around, up to the size of another; of an odd number one more at the end."""
    missing = g.add("Sub", g.space(like), g.space(x))
    before = g.add("Div", missing, g.whole(2))
    none = g.whole(0, 0)
    pads = g.add("Concat", none, before, none, g.add("Sub", missing, before), axis=0)
    return g.add("Pad", x, pads)


def _two(operator: str, g: _Graph, x: Names, said: Said) -> str:
    other = x["other"] if "other" in x else g.scalar(said["other"], np.float32)
    return g.add(operator, x["input"], other)


def _one(operator: str, g: _Graph, x: Names, said: Said, **attributes: Any) -> str:
    return g.add(operator, x["input"], **attributes)


def _cat(g: _Graph, x: Names, said: Said) -> str:
    return g.add("Concat", *x.values(), axis=said.get("dim", 0))


def _sides(numbers: Any, rank: int) -> list[int]:
    """Return a number for every axis."""
    return list(numbers) if isinstance(numbers, list | tuple) else [int(numbers)] * rank


OPERATORS: dict[str, Callable[[_Graph, Names, Said], str]] = {
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

"""The network as an ONNX graph, for images of any number and any size.

Each step that `napari_unet.unet.graph` records is written as an operator of ONNX, with the mirrored
margins before them, whose width the graph computes from the image's size. torch's exporters are not
used: both record how a network halves the sides of one example, and fail for sizes that leave a
rest there; one is deprecated, and the other needs another package and takes some seconds. Operator
set 17 suffices, which ONNX Runtime knows since version 1.12.

Needs the package ``onnx``, of the extra of the same name.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Literal

import numpy as np
from torch import nn

from napari_unet.errors import ModelError
from napari_unet.unet.graph import IMAGE, LOGITS, UnknownStepError, graph
from napari_unet.unet.grid import Grid, grids
from napari_unet.unet.model import UNet
from napari_unet.unet.onnx_operators import OPERATORS, Graph, match

if TYPE_CHECKING:
    from onnx import ModelProto

Output = Literal["probabilities", "logits"]

OPSET = 17
IR = 8  # the version of the file format that came with it
SIDES = {2: ("height", "width"), 3: ("depth", "height", "width")}


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


def _written(model: UNet) -> Graph:
    """Return the graph from the image to its logits, which are cropped to the image."""
    config = model.config
    g = Graph(config.dims)
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
                named["1"] = match(g, named["1"], named["0"])
        called[name] = OPERATORS[operation](g, named, said)
    starts, axes = g.whole(*(0,) * g.dims), g.whole(*range(2, 2 + g.dims))
    g.add("Slice", called[LOGITS], starts, g.space(IMAGE), axes, to=LOGITS + "_")
    return g


def _mirrored(g: Graph, x: str, space: Sequence[Grid]) -> str:
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

"""A package's network as ONNX, for programs without Python, where the package ``onnx`` is there."""

from __future__ import annotations

from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_unet.errors import ModelError
from napari_unet.exchange.bioimageio.network import FLAT
from napari_unet.unet.graph import IMAGE
from napari_unet.unet.model import UNet
from napari_unet.unet.onnx_graph import onnx_model

if TYPE_CHECKING:
    from onnx import GraphProto

SCALED = "standardised"


def onnx_weights(net: UNet, standardise: bool) -> bytes | None:
    """Return the network, which gives logits, as an ONNX file.

    With ``standardise`` it does to images what `napari_unet.exchange.bioimageio.network` does. None
    without the package ``onnx``, or if the network does what cannot be written as ONNX: the package
    has its state dict all the same.
    """
    if not find_spec("onnx"):
        return None
    try:
        made = onnx_model(net, "logits")
    except ModelError:
        return None
    if standardise:
        _standardise(made.graph, net.config.dims)
    data: bytes = made.SerializeToString()
    return data


def _standardise(graph: GraphProto, dims: int) -> None:
    """Bring images to mean 0 and deviation 1 before all else."""
    from onnx import helper, numpy_helper

    for node in graph.node:
        node.input[:] = [SCALED if name == IMAGE else name for name in node.input]
    over: Any = {"axes": list(range(1, dims + 2)), "keepdims": 1}
    steps = [
        helper.make_node("ReduceMean", [IMAGE], ["mean"], **over),
        helper.make_node("Sub", [IMAGE, "mean"], ["centred"]),
        helper.make_node("Mul", ["centred", "centred"], ["squares"]),
        helper.make_node("ReduceMean", ["squares"], ["variance"], **over),
        helper.make_node("Sqrt", ["variance"], ["spread"]),
        helper.make_node("Max", ["spread", "flat"], ["deviation"]),
        helper.make_node("Div", ["centred", "deviation"], [SCALED]),
    ]
    graph.initializer.append(numpy_helper.from_array(np.array(FLAT, np.float32), "flat"))
    later = list(graph.node)
    del graph.node[:]
    graph.node.extend([*steps, *later])

"""The names and shapes of the widespread PyTorch U-Net's weights, and how ours come from them.

The layout is that of https://github.com/milesial/Pytorch-UNet (``unet/unet_parts.py`` and
``unet/unet_model.py``, with ``double_conv`` and ``maxpool_conv`` in its names, as since 2020) and
of the many programs that took it over: ``inc``, ``down1`` …, ``up1`` …, ``outc``, each with two 3×3
convolutions, batch norm and ReLU after both. Of its two variants, ``bilinear=True`` enlarges from
corner to corner and halves the channels in the blocks, the other has transposed convolutions. Any
depth and any numbers of channels are taken.

Batch norm subtracts the mean, so that a bias before it does nothing but shift that mean: theirs go
into the running means, and ours, which has none, are written as zeros. Otherwise every number goes
over as it is.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence

import torch
from torch import Tensor

from napari_unet.config import UNetConfig
from napari_unet.errors import ConfigError, ModelError

BLOCK = {  # within a block: theirs, ours
    "double_conv.0": "conv1",
    "double_conv.1": "norm1",
    "double_conv.3": "conv2",
    "double_conv.4": "norm2",
}
FREE = {  # settings in which networks of the layout may differ, some of them within limits
    *("in_channels", "out_channels", "depth", "base_channels", "channels", "norm", "padding"),
    *("upsampling", "supervision", "dropout", "dropout_at"),
}
NAMES = re.compile(
    r"((inc|down\d+\.maxpool_conv\.1|up\d+\.conv)\.double_conv\.[0134]|up\d+\.up|outc\.conv)\.\w+"
)
NORM = ("weight", "bias", "running_mean", "running_var", "num_batches_tracked")
FEW = 4  # names that an error lists


def misfit(network: UNetConfig) -> str:
    """Say why a network is not of the layout; empty if it is.

    Padded otherwise, a network is of the layout all the same: at sides that it halves evenly (of
    16 pixels for a depth of 4), both give the same answer.
    """
    plain = UNetConfig()
    odd = [k for k, v in vars(network).items() if k not in FREE and v != getattr(plain, k)]
    odd += ["norm"] if network.norm != "batch" else []
    odd += ["padding"] if network.padding == "valid" else []
    odd += ["upsampling"] if network.upsampling == "bilinear" else []
    if network.upsampling == "corners" and network.levels[-1] != network.levels[-2]:
        odd.append("channels")  # it halves the bottleneck's as a whole
    said = ", ".join(f"{k}: {getattr(network, k)}" for k in odd)
    return f"networks of the layout differ in {said}" if odd else ""


def _modules(network: UNetConfig) -> Iterable[tuple[str, str, tuple[str, ...]]]:
    """Yield their name and ours of every module with weights, and what these are called."""
    depth, plain = network.depth, ("weight", "bias")
    blocks = [("inc", "encoder.0")]
    blocks += [(f"down{i}.maxpool_conv.1", f"encoder.{i}") for i in range(1, depth)]
    blocks += [(f"down{depth}.maxpool_conv.1", "bottleneck")]
    blocks += [(f"up{i + 1}.conv", f"decoder.{i}") for i in range(depth)]
    for theirs, ours in blocks:
        for inner, part in BLOCK.items():
            yield f"{theirs}.{inner}", f"{ours}.{part}", plain if "conv" in part else NORM
    if network.upsampling == "transposed":
        for i in range(depth):
            yield f"up{i + 1}.up", f"up.{i}.up", plain
    yield "outc.conv", "head", plain


def network_of(weights: Mapping[str, Tensor], name: str) -> UNetConfig:
    """Return the network whose weights these are, from their names and shapes.

    Raises
    ------
    ModelError
        If they are of another layout.
    """
    depth = 0
    while f"down{depth + 1}.maxpool_conv.1.double_conv.0.weight" in weights:
        depth += 1
    wide = ["inc", *(f"down{i}.maxpool_conv.1" for i in range(1, depth + 1))]
    needed = [f"{w}.double_conv.0.weight" for w in wide] + ["outc.conv.weight"]
    strange = [k for k in needed if k not in weights or weights[k].ndim != 4]
    if not depth or strange:
        others = [k for k in weights if not NAMES.fullmatch(k)]
        raise _other_layout(name, others, strange or ["down1.maxpool_conv…"])
    try:
        return UNetConfig(
            in_channels=weights[needed[0]].shape[1],
            out_channels=weights["outc.conv.weight"].shape[0],
            depth=depth,
            channels=tuple(weights[k].shape[0] for k in needed[:-1]),
            padding="zeros",
            upsampling="transposed" if "up1.up.weight" in weights else "corners",
            norm="batch",
        )
    except ConfigError as e:
        raise ModelError(f"{name}: no network of this program can be like it ({e}).") from e


def ours(theirs: Mapping[str, Tensor], network: UNetConfig, name: str) -> dict[str, Tensor]:
    """Return weights by our names.

    Raises
    ------
    ModelError
        Unless exactly all weights of the layout are there.
    """
    modules = list(_modules(network))
    known = {f"{module}.{part}" for module, _, parts in modules for part in parts}
    # Counts of batches have no say where batch norm is not trained; old files lack them.
    needed = {k for k in known if not k.endswith("num_batches_tracked")}
    if (more := theirs.keys() - known) or needed - theirs.keys():
        raise _other_layout(name, sorted(more), sorted(needed - theirs.keys()))
    found = {
        f"{own}.{part}": theirs.get(f"{module}.{part}", torch.tensor(0))
        for module, own, parts in modules
        for part in parts
    }
    for module, conv, _ in modules:
        block, _, part = conv.rpartition(".")
        if part not in ("conv1", "conv2"):
            continue
        mean, bias = f"{block}.norm{part[-1]}.running_mean", found.pop(f"{conv}.bias")
        if bias.shape != found[mean].shape:
            raise ModelError(f"{name}: {module}.bias does not fit the batch norm after it.")
        found[mean] = found[mean] - bias
    return found


def theirs(ours: Mapping[str, Tensor], network: UNetConfig) -> dict[str, Tensor]:
    """Return weights by their names, of a network that is of the layout (see `misfit`)."""
    found = {}
    for module, own, parts in _modules(network):
        for part in parts:
            stored = ours.get(f"{own}.{part}")
            if stored is None:  # a bias, which ours do without
                stored = torch.zeros(len(ours[f"{own}.weight"]))
            found[f"{module}.{part}"] = stored
    return found


def _other_layout(name: str, strange: Sequence[str], missing: Sequence[str]) -> ModelError:
    said = []
    if strange:
        said.append(f"{len(strange)} weights have other names ({few(strange)})")
    if missing:
        said.append(f"{len(missing)} are missing ({few(missing)})")
    return ModelError(
        f"{name} is not of the Pytorch-UNet layout: {' and '.join(said)}. Nothing was loaded. "
        "See docs/exchange.md for the names it has to have."
    )


def few(names: Sequence[str]) -> str:
    """Return the first few of some names, as text."""
    return ", ".join(names[:FEW]) + (", …" if len(names) > FEW else "")

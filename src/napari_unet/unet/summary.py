"""What a network looks like, in words: levels, channels, parameters, receptive field."""

from __future__ import annotations

import torch
from torch import nn

from napari_unet.card import ModelCard
from napari_unet.config import UNetConfig
from napari_unet.errors import ModelError
from napari_unet.unet.layers import CONVOLUTIONS
from napari_unet.unet.model import UNet


def parameters(module: nn.Module) -> int:
    """Return the number of trainable parameters."""
    return sum(p.numel() for p in module.parameters() if p.requires_grad)


def receptive_field(config: UNetConfig) -> tuple[int, ...]:
    """Return the sides, in pixels, of the part of the input that one output pixel can depend on.

    Follows the longest way, through the bottleneck: every 3×3 convolution adds two of its own
    pixels, a pooling one, a bilinear upsampling (also that of an attention gate) one of the coarser
    image. The arithmetic is that of Araujo, Norris and Sim 2019 (doi:10.23915/distill.00021), for
    the worst-placed output pixel. Flat levels neither convolve nor pool along z. It does not know
    pretrained encoders.
    """
    return tuple(max(high - low + 1 for _, low, high in places) for places in _reaches(config))


def context(config: UNetConfig) -> tuple[int, ...]:
    """Return how many pixels away, along every axis, an output pixel can depend on the input.

    This is about half the `receptive_field`; the worst-placed pixel decides.
    """
    return tuple(max(max(at - low, high - at) for at, low, high in p) for p in _reaches(config))


def _reaches(config: UNetConfig) -> list[list[tuple[int, int, int]]]:
    """Return for every axis what each pixel of a period depends on: itself, the first, the last."""
    blurs = config.upsampling != "transposed" or config.attention
    sides = zip(config.halvings, config.strides, strict=True)
    return [[_reach(at, h, s, blurs) for at in range(s * 2**h)] for h, s in sides]


def _reach(at: int, halvings: int, stride: int, blurs: bool) -> tuple[int, int, int]:
    """Return an output pixel, and the first and the last input pixel that it depends on."""
    low = high = at // stride  # at the current resolution
    for _ in range(halvings):
        low, high = low - 2, high + 2
        # Of the coarser image, also the neighbour that enlarging mixes in.
        low, high = ((low - 1) // 2, (high + 1) // 2) if blurs else (low // 2, high // 2)
    low, high = low - 2, high + 2
    for _ in range(halvings):
        low, high = 2 * low, 2 * high + 1
        low, high = low - 2, high + 2
    if stride > 1:
        low, high = low * stride - stride // 2, high * stride - stride // 2 + 2 * stride - 1
    return at, low, high


def summary(config: UNetConfig) -> str:
    """Return a table of the network's levels and its totals, one line each."""
    with torch.device("meta"):
        net = UNet(config)
    lines = [f"{'level':<12}{'resolution':>12}{'channels':>10}{'parameters':>14}"]

    def line(name: str, level: int, channels: int, *modules: nn.Module) -> None:
        scale = _scale(config, level)
        count = sum(map(parameters, modules))
        lines.append(f"{name:<12}{scale:>12}{channels:>10}{count:>14,}")

    levels, d = config.levels, config.depth
    if net.pretrained is not None:
        line("encoder", d, net.pretrained.channels[-1], net.pretrained)
    elif config.stem_stride > 1:
        line("stem", 0, levels[0], net.stem)
    for i, block in enumerate(net.encoder):
        line(f"encoder {i + 1}", i, levels[i], block)
    line("bottleneck", d, config.rising[-1], net.bottleneck)
    for i, (up, block) in enumerate(zip(net.up, net.decoder, strict=True)):
        level = d - 1 - i
        gates = [net.gate[i]] if config.attention else []
        line(f"decoder {level + 1}", level, config.rising[level], up, block, *gates)
    line("head", -1, config.out_channels, net.head)
    convolutions = sum(isinstance(m, CONVOLUTIONS) for m in net.modules())
    lines.append(
        f"{parameters(net):,} parameters in {convolutions} convolutions; "
        f"{_seen(config)}; {config.padding} padding; "
        f"{'sigmoid' if config.out_channels == 1 else 'softmax'} output"
    )
    return "\n".join(lines)


def _seen(config: UNetConfig) -> str:
    if config.encoder:
        return f"encoder {config.encoder} of timm"
    return f"receptive field {'×'.join(map(str, receptive_field(config)))} pixels"


def _scale(config: UNetConfig, level: int) -> str:
    """Return a level's resolution as a share of the image's, per axis where the axes differ.

    The head's, "level" -1, is that of the image.
    """
    if level < 0:
        return "1"
    sides = [
        s * 2 ** max(level - (config.depth - h), 0)
        for h, s in zip(config.halvings, config.strides, strict=True)
    ]
    shares = ["1" if n == 1 else f"1/{n}" for n in sides]
    return shares[-1] if len(set(shares)) == 1 else "×".join(shares)


def describe_model(card: ModelCard) -> str:
    """Return a card as text for people: what it does, what it learned from, how good it was."""
    data, scores = card.data, card.scores
    size = "×".join(map(str, card.preprocess.size))
    lines = [
        f"{card.name}",
        f"finds         {', '.join(card.classes)}",
        f"takes         {_takes(card)} ({card.preprocess.mode}, {size})",
        f"threshold     {card.threshold:g}",
        f"created       {card.created} with napari-unet {card.versions.get('napari-unet', '?')}",
    ]
    if data:
        subsets = ", ".join(f"{k} {v}" for k, v in dict(data.get("subsets", {})).items())
        lines.append(
            f"trained on    {data.get('folder', '?')}: {data.get('cases', '?')} cases of "
            f"{data.get('patients', '?')} patients ({subsets})"
        )
    if "val_dice" in scores:
        lines.append(f"val Dice      {scores['val_dice']:.4f} (epoch {scores.get('epoch', '?')})")
    return "\n".join([*lines, "", _shape(card.network)])


def _shape(config: UNetConfig) -> str:
    """Return the table of levels, or why there is none: the rest of the card can be shown."""
    try:
        return summary(config)
    except ModelError as e:
        return str(e)


def _takes(card: ModelCard) -> str:
    kind = "volumes" if card.network.dims == 3 else "images"
    beside = card.preprocess.neighbours
    slices = f", {2 * beside + 1} slices of a volume at a time" if beside else ""
    return f"{card.image_channels}-channel {kind}{slices}"

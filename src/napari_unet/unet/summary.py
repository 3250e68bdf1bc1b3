"""What a network looks like, in words: levels, channels, parameters, receptive field."""

from __future__ import annotations

import torch
from torch import nn

from napari_unet.card import ModelCard
from napari_unet.config import UNetConfig
from napari_unet.unet.model import UNet


def parameters(module: nn.Module) -> int:
    """Return the number of trainable parameters."""
    return sum(p.numel() for p in module.parameters() if p.requires_grad)


def receptive_field(config: UNetConfig) -> int:
    """Return the side, in pixels, of the square of input that one output pixel can depend on.

    Follows the longest way, through the bottleneck: every 3×3 convolution adds two of its own
    pixels, a pooling one, a bilinear upsampling one of the coarser image.
    The arithmetic is that of Araujo, Norris and Sim 2019 (doi:10.23915/distill.00021), for the
    worst-placed output pixel.
    """
    s, d = config.stem_stride, config.depth
    reach = 0
    for output in range(s * 2**d):  # where a pixel lies within a bottleneck pixel decides
        low = high = output // s  # first and last pixel reached, at the current resolution
        for _ in range(d):
            low, high = low - 2, high + 2
            low, high = _below(low, config), _below_last(high, config)
        low, high = low - 2, high + 2
        for _ in range(d):
            low, high = 2 * low, 2 * high + 1
            low, high = low - 2, high + 2
        if s > 1:
            low, high = low * s - s // 2, high * s - s // 2 + 2 * s - 1
        reach = max(reach, high - low + 1)
    return reach


def _below(i: int, config: UNetConfig) -> int:
    """Return the first pixel of the coarser image that pixel ``i`` of the finer one sees."""
    return (i - 1) // 2 if config.upsampling == "bilinear" else i // 2


def _below_last(i: int, config: UNetConfig) -> int:
    return (i + 1) // 2 if config.upsampling == "bilinear" else i // 2


def summary(config: UNetConfig) -> str:
    """Return a table of the network's levels and its totals, one line each."""
    with torch.device("meta"):
        net = UNet(config)
    lines = [f"{'level':<12}{'resolution':>12}{'channels':>10}{'parameters':>14}"]

    def line(name: str, factor: int, channels: int, *modules: nn.Module) -> None:
        scale = "1" if factor == 1 else f"1/{factor}"
        count = sum(map(parameters, modules))
        lines.append(f"{name:<12}{scale:>12}{channels:>10}{count:>14,}")

    s, levels, d = config.stem_stride, config.levels, config.depth
    if s > 1:
        line("stem", s, levels[0], net.stem)
    for i, block in enumerate(net.encoder):
        line(f"encoder {i + 1}", s * 2**i, levels[i], block)
    line("bottleneck", s * 2**d, levels[-1], net.bottleneck)
    for i, (up, block) in enumerate(zip(net.up, net.decoder, strict=True)):
        level = d - 1 - i
        line(f"decoder {level + 1}", s * 2**level, levels[level], up, block)
    line("head", 1, config.out_channels, net.head)
    field = receptive_field(config)
    convolutions = sum(isinstance(m, nn.Conv2d | nn.ConvTranspose2d) for m in net.modules())
    lines.append(
        f"{parameters(net):,} parameters in {convolutions} convolutions; "
        f"receptive field {field}×{field} pixels; {config.padding} padding; "
        f"{'sigmoid' if config.out_channels == 1 else 'softmax'} output"
    )
    return "\n".join(lines)


def describe_model(card: ModelCard) -> str:
    """Return a card as text for people: what it does, what it learned from, how good it was."""
    data, scores = card.data, card.scores
    size = "×".join(map(str, card.preprocess.size))
    lines = [
        f"{card.name}",
        f"finds         {', '.join(card.classes)}",
        f"takes         {card.network.in_channels}-channel images ({card.preprocess.mode}, {size})",
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
    return "\n".join([*lines, "", summary(card.network)])

"""The U-Net of Ronneberger, Fischer and Brox 2015 (arXiv:1505.04597), with options.

The defaults of `napari_unet.config.UNetConfig` give the textbook network with padding;
``padding="valid"`` gives the paper's own, whose output is smaller than its input. With ``dims=3``
it is the 3D U-Net of Çiçek et al. 2016 (arXiv:1606.06650). Either way `UNet.forward` takes images
of any size and returns logits of the same size: it mirrors the image at its borders as far as the
network needs and crops the result. ``padding="zeros"`` and ``upsampling="corners"`` are for the
versions of the network that are widespread in PyTorch (see `napari_unet.exchange.state_dict`).
With an ``encoder``, one that was trained on ImageNet is the left of the U.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import replace

import torch
from torch import Tensor, nn

from napari_unet.config import UNetConfig
from napari_unet.unet.encoders import Encoder
from napari_unet.unet.grid import grids
from napari_unet.unet.layers import (
    CONV,
    CONVOLUTIONS,
    GATE_OPEN,
    POOL,
    AttentionGate,
    Conv,
    DoubleConv,
    Up,
    crop_centre,
    enlarged,
    mirror_pad,
    shuffle,
    sides,
    zero_pad,
)

PRIOR = 3.0  # logit of the background at the start: foreground has a probability of 5 %


class UNet(nn.Module):
    """Encoder, bottleneck and decoder, joined by skips; see the module's docstring."""

    def __init__(self, config: UNetConfig) -> None:
        super().__init__()
        self.config = config
        levels, rising, conv = config.levels, config.rising, CONV[config.dims]
        flat = [i < config.flat_levels for i in range(config.depth)]
        dry = config if config.dropout_at == "everywhere" else replace(config, dropout=0.0)
        self.stem: nn.Module = nn.Identity()
        self.encoder, self.pool = nn.ModuleList(), nn.ModuleList()
        pretrained: Encoder | None = None
        skips: Sequence[int] = levels[:-1]  # channels that go across
        deepest = levels[-2]  # and down to the bottleneck
        if config.encoder:
            pretrained = Encoder(config.encoder, config.in_channels)
            *skips, deepest = pretrained.channels
        else:
            self._build_left(dry, flat)
        self.bottleneck = DoubleConv(deepest, rising[-1], config, c_mid=levels[-1])
        # Channels that come up from below, go across, are within, and passed on; the coarsest
        # level first.
        right = list(
            zip(rising[:0:-1], skips[::-1], levels[-2::-1], rising[-2::-1], flat[::-1], strict=True)
        )
        self.up = nn.ModuleList(Up(a, b, config, f) for a, _, b, _, f in right)
        self.decoder = nn.ModuleList(
            DoubleConv(s + b, c, dry, f, c_mid=b) for _, s, b, c, f in right
        )
        self.head = conv(levels[0], config.out_channels * math.prod(config.strides), 1)
        self.shuffle = shuffle(config.strides)
        self.gate = nn.ModuleList()
        if config.attention:
            self.gate.extend(AttentionGate(s, a, config, f) for a, s, _, _, f in right)
        # Heads of the coarser levels, the coarsest first, as the decoder comes by them.
        coarse = rising[config.supervision : 0 : -1]
        self.aux = nn.ModuleList(conv(c, config.out_channels, 1) for c in coarse)
        if not self.head.weight.is_meta:  # else torch loads its compiler, which takes two seconds
            self._draw_weights()
        self.pretrained = pretrained  # begins as it was made

    def _draw_weights(self) -> None:
        self.apply(_initialise)
        for head in (self.head, *self.aux):
            _start_unsure(head, self.config.out_channels)

    def _build_left(self, dry: UNetConfig, flat: Sequence[bool]) -> None:
        """Build the way down; ``dry`` is the configuration of the blocks before the last."""
        config, strides, conv = self.config, self.config.strides, CONV[self.config.dims]
        levels, c_in = config.levels, config.in_channels
        if config.stem_stride > 1:
            # Along an axis that is not shrunk, the stem sees one pixel.
            kernel = tuple(2 * s if s > 1 else 1 for s in strides)
            pad = tuple(s // 2 for s in strides)
            self.stem = conv(c_in, levels[0], kernel, stride=strides, padding=pad)
            c_in = levels[0]
        wet = [*itertools.repeat(dry, config.depth - 1), config]
        self.encoder.extend(
            DoubleConv(a, b, c, f)
            for a, b, c, f in zip((c_in, *levels), levels[:-1], wet, flat, strict=False)
        )
        self.pool.extend(POOL[config.dims](sides(2, config.dims, f)) for f in flat)

    def forward(self, x: Tensor) -> Tensor:
        """Return logits ``(N, out_channels, *S)`` for images ``(N, in_channels, *S)``.

        ``S`` is height and width, with the depth before them in 3D.
        """
        return self._answers(x, 0)[0]

    def answers(self, x: Tensor) -> list[Tensor]:
        """Return the logits of `forward`, then those of the supervised levels, ever coarser.

        All are ``(N, out_channels, *S)``: coarse ones are interpolated, so that every loss can
        judge them (deep supervision: Lee et al. 2015, arXiv:1409.5185).
        """
        return self._answers(x, self.config.supervision)

    def _answers(self, x: Tensor, coarser: int) -> list[Tensor]:
        space = x.shape[2:]
        *skips, x = self._down(mirror_pad(x, self.margins(space)))
        x = self.bottleneck(x)
        features = []
        for i, (up, block) in enumerate(zip(self.up, self.decoder, strict=True)):  # up the right
            coarse, x = x, up(x)
            skip = skips.pop()
            if self.config.padding == "zeros":
                x = zero_pad(x, skip.shape[2:])
            skip = crop_centre(skip, x.shape[2:])
            if self.config.attention:
                skip = self.gate[i](skip, coarse)
            x = block(torch.cat([skip, x], dim=1))
            features.append(x)
        y: Tensor = self.shuffle(self.head(features[-1]))
        found = [y]
        for head, x in zip(self.aux[::-1][:coarser], features[-2::-1], strict=False):
            found.append(enlarged(head(x), y.shape[2:]))
        # With valid convolutions the output already starts at the image's first pixel.
        return [_crop_start(y, space) for y in found]

    def _down(self, x: Tensor) -> list[Tensor]:
        """Go down the left of the U; return what goes across, and last what comes out below."""
        if self.pretrained is not None:
            found: list[Tensor] = self.pretrained(x)
            return found
        x, skips = self.stem(x), []
        for block, pool in zip(self.encoder, self.pool, strict=True):
            x = block(x)
            skips.append(x)
            x = pool(x)
        return [*skips, x]

    def margins(self, space: tuple[int, ...]) -> list[tuple[int, int]]:
        """Return how many mirrored pixels go before and after each side of an image."""
        found = grids(self.config, self.training)
        return [grid.margins(n) for n, grid in zip(space, found, strict=True)]


def _crop_start(x: Tensor, space: tuple[int, ...]) -> Tensor:
    for axis, n in enumerate(space, start=2):
        x = x.narrow(axis, 0, n)
    return x


def _initialise(module: nn.Module) -> None:
    """Draw weights with deviation sqrt(2 / fan-in), as section 3 of the paper asks."""
    if isinstance(module, CONVOLUTIONS):
        nn.init.kaiming_normal_(module.weight, nonlinearity="relu")
        if module.bias is not None:
            nn.init.zeros_(module.bias)
    elif isinstance(module, AttentionGate):  # after its own convolutions
        assert module.weight.bias is not None
        nn.init.constant_(module.weight.bias, GATE_OPEN)


def _start_unsure(head: Conv, classes: int) -> None:
    """Let the untrained network call nearly everything background, and be quiet about it.

    Most pixels are background: a network that starts from there does not spend its first hundred
    steps on finding out (Lin et al. 2017, arXiv:1708.02002, section 3.3).
    """
    assert head.bias is not None
    nn.init.normal_(head.weight, std=0.01)
    nn.init.constant_(head.bias, -PRIOR if classes == 1 else 0.0)
    if classes > 1:  # the pixel shuffle takes each class's outputs in a row
        nn.init.constant_(head.bias[: len(head.bias) // classes], PRIOR)


def probabilities(logits: Tensor) -> Tensor:
    """Turn logits ``(N, K, …)`` into probabilities: a sigmoid for K = 1, else a softmax."""
    return logits.sigmoid() if logits.shape[1] == 1 else logits.softmax(dim=1)

"""The layers of a U-Net in two and three dimensions, chosen by the network's configuration.

A *flat* layer of a 3D network works within the slices only: it neither mixes nor halves them.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, TypeAlias, cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from napari_unet.config import UNetConfig

Conv: TypeAlias = nn.Conv2d | nn.Conv3d
Layer: TypeAlias = Callable[..., nn.Module]

# For each number of dimensions.
CONV: dict[int, Callable[..., Conv]] = {2: nn.Conv2d, 3: nn.Conv3d}
POOL: dict[int, Layer] = {2: nn.MaxPool2d, 3: nn.MaxPool3d}
DROP: dict[int, Layer] = {2: nn.Dropout2d, 3: nn.Dropout3d}
BATCH: dict[int, Layer] = {2: nn.BatchNorm2d, 3: nn.BatchNorm3d}
INSTANCE: dict[int, Layer] = {2: nn.InstanceNorm2d, 3: nn.InstanceNorm3d}
SMOOTH = {2: "bilinear", 3: "trilinear"}
GATE_OPEN = 2.0  # logit at which attention gates start: they let nearly everything through

CONVOLUTIONS = (nn.Conv2d, nn.Conv3d, nn.ConvTranspose2d, nn.ConvTranspose3d)


def sides(n: int, dims: int, flat: bool) -> tuple[int, ...]:
    """Return the sides of a kernel or step: ``n`` along every axis, 1 along z if flat."""
    return (1 if flat else n,) * (dims - 2) + (n, n)


class DoubleConv(nn.Module):
    """Two 3×3 convolutions (3×3×3 in 3D), each followed by the normalisation and ReLU."""

    def __init__(
        self, c_in: int, c_out: int, config: UNetConfig, flat: bool = False, c_mid: int = 0
    ) -> None:
        super().__init__()
        conv, kernel, c_mid = CONV[config.dims], sides(3, config.dims, flat), c_mid or c_out
        bias = config.norm == "none"
        pad = tuple(0 if config.padding == "valid" else k // 2 for k in kernel)
        self.conv1 = conv(c_in, c_mid, kernel, padding=pad, bias=bias)
        self.norm1 = norm_layer(config, c_mid)
        self.conv2 = conv(c_mid, c_out, kernel, padding=pad, bias=bias)
        self.norm2 = norm_layer(config, c_out)
        self.shortcut: nn.Module | None = None
        if config.residual:
            self.shortcut = nn.Identity() if c_in == c_out else conv(c_in, c_out, 1)
        self.relu = nn.ReLU(inplace=True)
        self.drop = DROP[config.dims](config.dropout) if config.dropout else nn.Identity()

    def forward(self, x: Tensor) -> Tensor:
        """Map ``(N, c_in, *S)`` to ``(N, c_out, *S)``, or 4 pixels a side smaller when valid."""
        y: Tensor = self.relu(self.norm1(self.conv1(x)))
        y = self.norm2(self.conv2(y))
        if self.shortcut is not None:
            y = y + self.shortcut(crop_centre(x, y.shape[2:]))
        out: Tensor = self.drop(self.relu(y))
        return out


class Up(nn.Module):
    """Doubles height and width, and depth unless flat, and changes the number of channels."""

    def __init__(self, c_in: int, c_out: int, config: UNetConfig, flat: bool = False) -> None:
        super().__init__()
        factor = sides(2, config.dims, flat)
        self.up: nn.Module
        if config.upsampling == "transposed":
            self.up = TRANSPOSED[config.dims](c_in, c_out, factor, stride=factor)
        elif config.upsampling == "corners":
            assert c_in == c_out
            self.up = Smooth(factor, align_corners=True)
        else:
            # The 1×1 convolution comes first: it commutes with the interpolation and is four
            # times cheaper on the small image.
            self.up = nn.Sequential(CONV[config.dims](c_in, c_out, 1), Smooth(factor))

    def forward(self, x: Tensor) -> Tensor:
        """Map ``(N, c_in, H, W)`` to ``(N, c_out, 2H, 2W)``, likewise in 3D."""
        y: Tensor = self.up(x)
        return y


class Transposed2d(nn.ConvTranspose2d):
    """A transposed convolution without padding; see `_BiasAside`."""

    def forward(self, x: Tensor, output_size: list[int] | None = None) -> Tensor:
        """Map ``(N, c_in, *S)`` to ``(N, c_out, *larger)``."""
        learning = self.training and x.device.type == "cpu"
        return _learning(self, x) if learning else super().forward(x, output_size)


class Transposed3d(nn.ConvTranspose3d):
    """A transposed convolution without padding; see `_BiasAside`."""

    def forward(self, x: Tensor, output_size: list[int] | None = None) -> Tensor:
        """Map ``(N, c_in, *S)`` to ``(N, c_out, *larger)``."""
        learning = self.training and x.device.type == "cpu"
        return _learning(self, x) if learning else super().forward(x, output_size)


TRANSPOSED: dict[int, Layer] = {2: Transposed2d, 3: Transposed3d}


class _BiasAside(torch.autograd.Function):
    """Takes what a layer without its bias's gradient has computed, and adds that gradient.

    oneDNN, with which torch computes on processors, falls back to something twice as slow for the
    gradients of a transposed convolution if that of its bias is among them.
    """

    @staticmethod
    def forward(ctx: Any, y: Tensor, bias: Tensor) -> Tensor:
        ctx.dtype = bias.dtype
        return y.view_as(y)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, Tensor]:
        space = (0, *range(2, gradient.ndim))
        return gradient, gradient.sum(space, dtype=ctx.dtype)


def _learning(layer: nn.ConvTranspose2d | nn.ConvTranspose3d, x: Tensor) -> Tensor:
    convolve: Any = F.conv_transpose2d if x.ndim == 4 else F.conv_transpose3d
    bias = layer.bias
    if bias is None:
        return cast(Tensor, convolve(x, layer.weight, None, layer.stride))
    y = convolve(x, layer.weight, bias.detach(), layer.stride)
    return cast(Tensor, _BiasAside.apply(y, bias))  # type: ignore[no-untyped-call]


def enlarged(x: Tensor, size: Sequence[int]) -> Tensor:
    """Enlarge ``(N, C, *S)`` linearly to ``(N, C, *size)``, as `torch.nn.functional.interpolate`.

    It takes the weights from there, and multiplies by them axis by axis: of a few channels that is
    eight times as fast, with the gradient.
    """
    for axis, wanted in enumerate(size, start=2):
        one = torch.eye(x.shape[axis], device=x.device)
        weights = F.interpolate(one[None], size=wanted, mode="linear")[0]
        x = (x.transpose(axis, -1) @ weights.to(x.dtype)).transpose(axis, -1)
    return x


class Smooth(nn.Upsample):
    """Enlarges linearly along every axis by whole factors.

    With ``align_corners`` the outermost pixels' centres stay the outermost, so that where a pixel
    comes from depends on the image's size.
    """

    def __init__(self, factor: Sequence[int], align_corners: bool = False) -> None:
        scale = tuple(map(float, factor))
        super().__init__(scale_factor=scale, mode=SMOOTH[len(scale)], align_corners=align_corners)


class AttentionGate(nn.Module):
    """Weighs a skip connection by what the coarser level has found.

    The additive gate of Oktay et al. 2018 (arXiv:1804.03999, equations 1 and 2): the weights are
    computed at the coarser level's resolution and enlarged linearly.
    """

    def __init__(self, c_skip: int, c_coarse: int, config: UNetConfig, flat: bool = False) -> None:
        super().__init__()
        conv, factor = CONV[config.dims], sides(2, config.dims, flat)
        middle = max(c_skip // 2, 1)
        self.skip = conv(c_skip, middle, factor, stride=factor, bias=False)
        self.coarse = conv(c_coarse, middle, 1)
        self.weight = conv(middle, 1, 1)
        self.enlarge = Smooth(factor)

    def forward(self, skip: Tensor, coarse: Tensor) -> Tensor:
        """Return ``skip`` ``(N, c_skip, *S)`` weighted; ``coarse`` is ``(N, c_coarse, *S/2)``."""
        found: Tensor = self.weight(F.relu(self.skip(skip) + self.coarse(coarse)))
        share: Tensor = self.enlarge(found.sigmoid())
        return skip * share


class Shuffle(nn.Module):
    """Turns channels into pixels: `torch.nn.PixelShuffle` for any dimensions, any factors."""

    def __init__(self, factors: Sequence[int]) -> None:
        super().__init__()
        self.factors = tuple(factors)

    def forward(self, x: Tensor) -> Tensor:
        """Map ``(N, K · f1 · f2 …, S1, S2, …)`` to ``(N, K, f1 · S1, f2 · S2, …)``."""
        dims = len(self.factors)
        order = [a for i in range(dims) for a in (2 + dims + i, 2 + i)]
        # No step says how large the image is, so that the steps can be written down for any.
        x = torch.unflatten(x, 1, (-1, *self.factors)).permute(0, 1, *order)
        for axis in range(2, 2 + dims):
            x = x.flatten(axis, axis + 1)
        return x


def shuffle(factors: Sequence[int]) -> nn.Module:
    """Return the layer that undoes a stem's shrinking by ``factors``."""
    if math.prod(factors) == 1:
        return nn.Identity()
    if len(factors) == 2:
        return nn.PixelShuffle(factors[0])  # the same in one kernel
    return Shuffle(factors)


def norm_layer(config: UNetConfig, channels: int) -> nn.Module:
    """Return the normalisation that a network asks for, for so many channels."""
    if config.norm == "batch":
        return BATCH[config.dims](channels)
    if config.norm == "instance":
        return INSTANCE[config.dims](channels, affine=True)
    if config.norm == "group":
        return nn.GroupNorm(next(g for g in (8, 4, 2, 1) if channels % g == 0), channels)
    return nn.Identity()


def crop_centre(x: Tensor, size: Sequence[int]) -> Tensor:
    """Cut the middle ``size`` out of ``(N, C, *S)``."""
    for axis, n in enumerate(size, start=2):
        if x.shape[axis] != n:
            x = x.narrow(axis, (x.shape[axis] - n) // 2, n)
    return x


def zero_pad(x: Tensor, size: Sequence[int]) -> Tensor:
    """Put zeros around ``(N, C, *S)`` up to ``size``; of an odd number one more at the end."""
    border: list[int] = []
    for n, wanted in zip(x.shape[2:], size, strict=True):
        before = (wanted - n) // 2
        border = [before, wanted - n - before, *border]  # torch begins with the last axis
    return F.pad(x, border) if any(border) else x


def mirror_pad(x: Tensor, margins: Sequence[tuple[int, int]]) -> Tensor:
    """Mirror ``(N, C, *S)`` at its borders, as often as needed: also for a single pixel.

    ``margins`` holds the pixels to add before and after, axis by axis.
    """
    for axis, (before, after) in enumerate(margins, start=2):
        if before or after:
            x = x.index_select(axis, _mirror_index(x.shape[axis], before, after, x.device))
    return x


def _mirror_index(n: int, before: int, after: int, device: torch.device) -> Tensor:
    i = torch.arange(-before, n + after, device=device)
    period = max(2 * (n - 1), 1)
    i = i.remainder(period)
    return torch.where(i < n, i, period - i)

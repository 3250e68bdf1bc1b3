"""The U-Net of Ronneberger, Fischer and Brox 2015 (arXiv:1505.04597), with options.

The defaults of `napari_unet.config.UNetConfig` give the textbook network with padding;
``padding="valid"`` gives the paper's own, whose output is smaller than its input. Either way
`UNet.forward` takes images of any size and returns logits of the same size: it mirrors the image at
its borders as far as the network needs and crops the result.
"""

from __future__ import annotations

import itertools

import torch
from torch import Tensor, nn

from napari_unet.config import UNetConfig

PRIOR = 3.0  # logit of the background at the start: foreground has a probability of 5 %


class DoubleConv(nn.Module):
    """Two 3×3 convolutions, each followed by the normalisation and ReLU."""

    def __init__(self, c_in: int, c_out: int, config: UNetConfig) -> None:
        super().__init__()
        bias = config.norm == "none"
        self.pad = int(config.padding == "same")
        self.conv1 = nn.Conv2d(c_in, c_out, 3, padding=self.pad, bias=bias)
        self.norm1 = norm_layer(config.norm, c_out)
        self.conv2 = nn.Conv2d(c_out, c_out, 3, padding=self.pad, bias=bias)
        self.norm2 = norm_layer(config.norm, c_out)
        self.shortcut: nn.Module | None = None
        if config.residual:
            self.shortcut = nn.Identity() if c_in == c_out else nn.Conv2d(c_in, c_out, 1)
        self.relu = nn.ReLU(inplace=True)
        self.drop = nn.Dropout2d(config.dropout) if config.dropout else nn.Identity()

    def forward(self, x: Tensor) -> Tensor:
        """Map ``(N, c_in, H, W)`` to ``(N, c_out, H, W)``, or 4 pixels smaller when valid."""
        y: Tensor = self.relu(self.norm1(self.conv1(x)))
        y = self.norm2(self.conv2(y))
        if self.shortcut is not None:
            y = y + self.shortcut(crop_centre(x, y.shape[-2], y.shape[-1]))
        out: Tensor = self.drop(self.relu(y))
        return out


class Up(nn.Module):
    """Doubles height and width and changes the number of channels."""

    def __init__(self, c_in: int, c_out: int, config: UNetConfig) -> None:
        super().__init__()
        self.up: nn.Module
        if config.upsampling == "transposed":
            self.up = nn.ConvTranspose2d(c_in, c_out, 2, stride=2)
        else:
            # The 1×1 convolution comes first: it commutes with the interpolation and is four
            # times cheaper on the small image.
            self.up = nn.Sequential(
                nn.Conv2d(c_in, c_out, 1),
                nn.Upsample(scale_factor=2, mode="bilinear", align_corners=False),
            )

    def forward(self, x: Tensor) -> Tensor:
        """Map ``(N, c_in, H, W)`` to ``(N, c_out, 2H, 2W)``."""
        y: Tensor = self.up(x)
        return y


class UNet(nn.Module):
    """Encoder, bottleneck and decoder, joined by skips; see the module's docstring."""

    def __init__(self, config: UNetConfig) -> None:
        super().__init__()
        self.config = config
        levels = config.levels
        s = config.stem_stride
        self.stem: nn.Module = nn.Identity()
        c_in = config.in_channels
        if s > 1:
            self.stem = nn.Conv2d(c_in, levels[0], 2 * s, stride=s, padding=s // 2)
            c_in = levels[0]
        self.encoder = nn.ModuleList(
            DoubleConv(a, b, config) for a, b in zip((c_in, *levels), levels[:-1], strict=False)
        )
        self.pool = nn.MaxPool2d(2)
        self.bottleneck = DoubleConv(levels[-2], levels[-1], config)
        down = levels[::-1]
        self.up = nn.ModuleList(Up(a, b, config) for a, b in itertools.pairwise(down))
        self.decoder = nn.ModuleList(DoubleConv(2 * c, c, config) for c in down[1:])
        self.head = nn.Conv2d(levels[0], config.out_channels * s * s, 1)
        self.shuffle = nn.PixelShuffle(s) if s > 1 else nn.Identity()
        self.apply(_initialise)
        _start_unsure(self.head, config.out_channels)

    def forward(self, x: Tensor) -> Tensor:
        """Return logits ``(N, out_channels, H, W)`` for images ``(N, in_channels, H, W)``."""
        h, w = x.shape[-2:]
        (top, bottom), (left, right) = self.margins(h), self.margins(w)
        if top or bottom or left or right:
            x = mirror_pad(x, top, bottom, left, right)
        x = self.stem(x)
        skips = []
        for block in self.encoder:  # down the left side of the U
            x = block(x)
            skips.append(x)
            x = self.pool(x)
        x = self.bottleneck(x)
        for up, block in zip(self.up, self.decoder, strict=True):  # and up the right side
            x = up(x)
            skip = crop_centre(skips.pop(), x.shape[-2], x.shape[-1])
            x = block(torch.cat([skip, x], dim=1))
        y: Tensor = self.shuffle(self.head(x))
        # With valid convolutions the output already starts at the image's first pixel.
        return y[..., :h, :w]

    def margins(self, n: int) -> tuple[int, int]:
        """Return how many mirrored pixels go before and after a side of ``n`` pixels."""
        d = self.config.depth
        if self.config.padding == "same":
            step = 2**d * self.config.stem_stride
            # A norm over one image's pixels needs more than one of them at the bottleneck.
            least = 2 if self.config.norm in ("instance", "group") else 1
            return 0, max(-(-n // step), least) * step - n
        # A bottleneck output of b pixels leaves 2^d b - 4 (2^d - 1) after the decoder and needs
        # 2^d (b + 4) + 4 (2^d - 1) at the input; 28 gives the paper's 388 from 572.
        lost = 4 * (2**d - 1)
        b = -(-(n + lost) // 2**d)
        before = lost + 2 ** (d + 1)
        return before, 2**d * (b + 4) + lost - n - before


def crop_centre(x: Tensor, h: int, w: int) -> Tensor:
    """Cut the middle ``h × w`` pixels out of ``(N, C, H, W)``."""
    top, left = (x.shape[-2] - h) // 2, (x.shape[-1] - w) // 2
    return x[..., top : top + h, left : left + w]


def mirror_pad(x: Tensor, top: int, bottom: int, left: int, right: int) -> Tensor:
    """Mirror ``(N, C, H, W)`` at its borders, as often as needed: also for a single pixel."""
    rows = _mirror_index(x.shape[-2], top, bottom, x.device)
    columns = _mirror_index(x.shape[-1], left, right, x.device)
    return x.index_select(-2, rows).index_select(-1, columns)


def _mirror_index(n: int, before: int, after: int, device: torch.device) -> Tensor:
    i = torch.arange(-before, n + after, device=device)
    period = max(2 * (n - 1), 1)
    i = i.remainder(period)
    return torch.where(i < n, i, period - i)


def norm_layer(kind: str, channels: int) -> nn.Module:
    """Return the normalisation called ``kind`` for so many channels."""
    if kind == "batch":
        return nn.BatchNorm2d(channels)
    if kind == "instance":
        return nn.InstanceNorm2d(channels, affine=True)
    if kind == "group":
        return nn.GroupNorm(next(g for g in (8, 4, 2, 1) if channels % g == 0), channels)
    return nn.Identity()


def _initialise(module: nn.Module) -> None:
    """Draw weights with deviation sqrt(2 / fan-in), as section 3 of the paper asks."""
    if isinstance(module, nn.Conv2d | nn.ConvTranspose2d):
        nn.init.kaiming_normal_(module.weight, nonlinearity="relu")
        if module.bias is not None:
            nn.init.zeros_(module.bias)


def _start_unsure(head: nn.Conv2d, classes: int) -> None:
    """Let the untrained network call nearly everything background, and be quiet about it.

    Most pixels are background: a network that starts from there does not spend its first hundred
    steps on finding out (Lin et al. 2017, arXiv:1708.02002, section 3.3).
    """
    assert head.bias is not None
    nn.init.normal_(head.weight, std=0.01)
    nn.init.constant_(head.bias, -PRIOR if classes == 1 else 0.0)
    if classes > 1:  # the pixel shuffle takes each class's stem_stride² outputs in a row
        nn.init.constant_(head.bias[: len(head.bias) // classes], PRIOR)


def probabilities(logits: Tensor) -> Tensor:
    """Turn logits ``(N, K, …)`` into probabilities: a sigmoid for K = 1, else a softmax."""
    return logits.sigmoid() if logits.shape[1] == 1 else logits.softmax(dim=1)

"""The widespread PyTorch U-Net as its documentation describes it, to compare with.

Blocks of two 3×3 convolutions (padding 1, with bias), each followed by batch norm and ReLU; halved
by maxima; enlarged by transposed convolutions, or bilinearly from corner to corner; what comes up
is padded with zeros to the skip's size and stands after it. With ``bilinear``, the deepest level
has half of its channels, and blocks on the way up go through half of theirs to half of the level's.
"""

import torch
from torch import nn


class Block(nn.Module):
    def __init__(self, c_in, c_out, c_mid=None):
        super().__init__()
        layers = []
        for a, b in ((c_in, c_mid or c_out), (c_mid or c_out, c_out)):
            layers += [nn.Conv2d(a, b, 3, padding=1), nn.BatchNorm2d(b), nn.ReLU()]
        self.double_conv = nn.Sequential(*layers)

    def forward(self, x):
        return self.double_conv(x)


class Down(nn.Module):
    def __init__(self, c_in, c_out):
        super().__init__()
        self.maxpool_conv = nn.Sequential(nn.MaxPool2d(2), Block(c_in, c_out))

    def forward(self, x):
        return self.maxpool_conv(x)


class Up(nn.Module):
    def __init__(self, c_in, c_out, bilinear):
        super().__init__()
        if bilinear:
            self.up = nn.UpsamplingBilinear2d(scale_factor=2)  # which aligns corners
            self.conv = Block(c_in, c_out, c_in // 2)
        else:
            self.up = nn.ConvTranspose2d(c_in, c_in // 2, 2, stride=2)
            self.conv = Block(c_in, c_out)

    def forward(self, below, skip):
        x = self.up(below)
        y, z = (s - n for s, n in zip(skip.shape[2:], x.shape[2:], strict=True))
        x = nn.functional.pad(x, (z // 2, z - z // 2, y // 2, y - y // 2))
        return self.conv(torch.cat([skip, x], 1))


class Head(nn.Module):
    def __init__(self, c_in, c_out):
        super().__init__()
        self.conv = nn.Conv2d(c_in, c_out, 1)

    def forward(self, x):
        return self.conv(x)


class PytorchUNet(nn.Module):
    """Of 64 channels at first, as published, or of ``base``."""

    def __init__(self, channels, classes, bilinear, base=64):
        super().__init__()
        half = 2 if bilinear else 1
        self.inc = Block(channels, base)
        for i in (1, 2, 3):
            setattr(self, f"down{i}", Down(base << i - 1, base << i))
        self.down4 = Down(base * 8, base * 16 // half)
        for i in (1, 2, 3):
            setattr(self, f"up{i}", Up(base << 5 - i, (base << 4 - i) // half, bilinear))
        self.up4 = Up(base * 2, base, bilinear)
        self.outc = Head(base, classes)

    def forward(self, x):
        found = [self.inc(x)]
        for i in (1, 2, 3, 4):
            found.append(getattr(self, f"down{i}")(found[-1]))
        x = found.pop()
        for i in (1, 2, 3, 4):
            x = getattr(self, f"up{i}")(x, found.pop())
        return self.outc(x)


def random_unet(channels=1, classes=1, bilinear=False, base=4):
    """Return one in evaluation mode with random weights and as if it had been trained."""
    torch.manual_seed(0)
    net = PytorchUNet(channels, classes, bilinear, base).requires_grad_(False)
    norms = [m for m in net.modules() if isinstance(m, nn.BatchNorm2d)]
    for norm in norms:
        norm.momentum = 1.0  # the statistics are those of what comes next
        norm.weight.uniform_(0.7, 1.3)
        norm.bias.normal_(0, 0.2)
    net(torch.rand(4, channels, 64, 64))
    for norm in norms:
        norm.running_mean += 0.1 * torch.randn_like(norm.running_mean)
    net.eval()
    net.outc.conv.weight /= 3 * net(torch.rand(1, channels, 64, 64)).std()  # logits about 1
    return net

"""Networks with random weights whose answers differ from pixel to pixel."""

import torch

from napari_unet.unet.layers import BATCH
from napari_unet.unet.model import UNet


def random_net(config, seed=0):
    """Return a network in evaluation mode; batch norm has statistics as if it had been trained."""
    torch.manual_seed(seed)
    net = UNet(config).eval().requires_grad_(False)
    for module in net.modules():
        if isinstance(module, tuple(BATCH.values())):
            module.running_mean.normal_(0, 0.1)
            module.running_var.uniform_(0.5, 1.5)
    torch.nn.init.normal_(net.head.weight, std=3)
    torch.nn.init.zeros_(net.head.bias)
    return net

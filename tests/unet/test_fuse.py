import copy

import pytest
import torch

from napari_unet.config import UNetConfig
from napari_unet.unet.fuse import fuse
from nets import random_net


@pytest.mark.parametrize("dims", [2, 3])
@pytest.mark.parametrize("norm", ["batch", "instance", "none"])
def test_folding_changes_no_answer(dims, norm):
    config = UNetConfig(depth=1, base_channels=3, dims=dims, norm=norm, residual=True)
    net = random_net(config)
    folded = fuse(copy.deepcopy(net))
    x = torch.randn(1, 1, *(8,) * dims)
    torch.testing.assert_close(folded(x), net(x), atol=1e-5, rtol=1e-4)
    left = [m for m in folded.modules() if isinstance(m, torch.nn.modules.batchnorm._BatchNorm)]
    assert not left
    assert not any(p.requires_grad for p in folded.parameters())

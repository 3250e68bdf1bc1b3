from __future__ import annotations

import numpy as np
import pytest
import torch

from napari_unet.config import UNetConfig
from napari_unet.errors import ModelError
from napari_unet.exchange.bioimageio import onnx_weights as module
from napari_unet.exchange.bioimageio.network import unet
from napari_unet.exchange.bioimageio.onnx_weights import onnx_weights
from napari_unet.schema import to_json
from napari_unet.unet.graph import IMAGE
from nets import random_net

CONFIG = UNetConfig(in_channels=2, depth=1, base_channels=2, norm="batch")


@pytest.mark.parametrize("standardise", [True, False])
def test_it_gives_what_the_network_in_the_package_gives(standardise: bool) -> None:
    pytest.importorskip("onnx", reason="the extra 'onnx' is not installed")
    runtime = pytest.importorskip("onnxruntime", reason="the extra 'onnx' is not installed")
    net = random_net(CONFIG)
    theirs = unet(standardise, **to_json(CONFIG)).eval()
    theirs.load_state_dict(net.state_dict())
    options = runtime.SessionOptions()
    options.intra_op_num_threads = 1
    session = runtime.InferenceSession(onnx_weights(net, standardise), options)
    for image in (torch.rand(2, 2, 7, 10) * 9 + 4, torch.full((1, 2, 8, 8), 0.5)):
        (found,) = session.run(None, {IMAGE: image.numpy()})
        np.testing.assert_allclose(found, theirs(image).detach().numpy(), atol=1e-4)


def test_without_it_there_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: object) -> None:
        raise ModelError("another step")

    monkeypatch.setattr(module, "onnx_model", fails)
    assert onnx_weights(random_net(CONFIG), True) is None

import pytest
import torch

from napari_unet.config import UNetConfig
from napari_unet.unet.aside import finished
from napari_unet.unet.learner import Learner, copied
from napari_unet.unet.losses import make_loss
from napari_unet.unet.model import UNet
from napari_unet.unet.speed import Speed
from trainings import OPTIM, TINY


@pytest.fixture
def learner():
    torch.manual_seed(0)
    learner = Learner(
        UNet(UNetConfig(depth=1, base_channels=2)), TINY, Speed("cpu"), make_loss("bce")
    )
    yield learner
    learner.lanes.close()


def step(learner):
    chance = torch.Generator().manual_seed(0)
    images = torch.rand(2, 1, 16, 16, generator=chance)
    labels = (images[:, 0] > 0.5).to(torch.uint8)
    learner.begin()
    finished(learner.gradients(images, labels, [chance], parts=1))
    assert learner.update()
    learner.end()


def tensors(value):
    if isinstance(value, torch.Tensor):
        return [value]
    values = value.values() if isinstance(value, dict) else value
    return [
        t for v in values if isinstance(v, dict | list | tuple | torch.Tensor) for t in tensors(v)
    ]


def test_a_state_can_be_gone_back_to_more_than_once(learner):
    """What is learned after it must leave the state alone, the optimiser's memory included."""
    assert OPTIM.optimizer == "adamw"
    step(learner)
    good = copied(learner.state())
    before = [t.clone() for t in tensors(good)]
    assert len(before) > 10
    for _ in range(2):
        learner.restore(good)
        step(learner)
        assert all(a.equal(b) for a, b in zip(before, tensors(good), strict=True))

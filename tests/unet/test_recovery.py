import pytest
import torch

from napari_unet.config import OptimConfig, PreprocessConfig, Recipe, UNetConfig
from napari_unet.errors import JobError
from napari_unet.unet import faults
from napari_unet.unet.learner import Learner
from napari_unet.unet.losses import make_loss
from napari_unet.unet.model import UNet
from napari_unet.unet.recovery import MOST_PARTS, Recovery
from napari_unet.unet.speed import Speed

OPTIM = OptimConfig(batch=4, lr=0.1, optimizer="sgd")
RECIPE = Recipe("", UNetConfig(depth=1, base_channels=2), PreprocessConfig(), optim=OPTIM)
SPEED = Speed("cpu")


@pytest.fixture
def recovery():
    learner = Learner(UNet(RECIPE.network), RECIPE, SPEED, make_loss("bce"))
    yield Recovery(learner, (32, 48))
    learner.lanes.close()


def weights(recovery):
    return torch.cat([p.detach().flatten().clone() for p in recovery.learner.model.parameters()])


def spoil(recovery):
    with torch.no_grad():
        for p in recovery.learner.model.parameters():
            p.fill_(torch.nan)


def test_batches_are_divided_down_to_single_images(recovery):
    assert "in 2 parts" in recovery.divide().text
    assert "in 4 parts" in recovery.divide().text
    with pytest.raises(JobError, match="not even one image at 32×48"):
        recovery.divide()


def test_validation_is_divided_where_memory_lacks_and_not_for_ever(recovery):
    assert not recovery.can_divide_validation(ValueError("something else"))
    while recovery.can_divide_validation(MemoryError()):
        recovery.divide_validation()
    assert recovery.val_parts == MOST_PARTS


def test_only_steps_that_failed_in_a_row_are_lost(recovery):
    told = [recovery.lost(good) for good in (False, True, *[False] * faults.BAD_STEPS)]
    assert told == [False] * (len(told) - 1) + [True]


def test_it_goes_back_to_the_last_good_state_ever_gentler_and_then_gives_up(recovery):
    recovery.remember(7)
    good = weights(recovery)
    for time in range(1, faults.RETURNS + 1):
        spoil(recovery)
        steps, note = recovery.go_back(20)
        assert (steps, note.warning) == (7, True)
        assert weights(recovery).equal(good)
        assert recovery.learner.rate == pytest.approx(OPTIM.lr * faults.GENTLER**time)
    with pytest.raises(JobError, match=f"after 20 steps.* {faults.RETURNS} times"):
        recovery.go_back(20)


def test_another_takes_over_what_was_done(recovery):
    recovery.divide()
    recovery.divide_validation()
    recovery.go_back(0)
    other = Recovery(recovery.learner, (32, 48))
    other.restore(recovery.state())
    assert (other.parts, other.val_parts, other.gentler) == (2, 2, faults.GENTLER)

import math

import pytest

from napari_unet.config import OptimConfig
from napari_unet.unet import budget as budget_module
from napari_unet.unet.budget import MIN_STEPS, Budget, steps_per_epoch
from napari_unet.unet.speed import Speed


@pytest.fixture
def clock(monkeypatch):
    now = [100.0]
    monkeypatch.setattr(budget_module.time, "monotonic", lambda: now[0])
    return now


def test_epochs_are_counted(clock):
    budget = Budget(OptimConfig(epochs=4))
    assert math.isnan(budget.seconds_left(0))
    clock[0] += 30
    assert budget.share(1) == 0.25
    assert budget.seconds_left(1) == pytest.approx(90)
    assert budget.total_epochs(1) == 4
    assert not budget.why_over(3)
    assert budget.why_over(4) == "4 epochs are done"
    assert not budget.over


def test_minutes_follow_the_clock_whatever_the_epoch(clock):
    budget = Budget(OptimConfig(epochs=1, minutes=2.0))
    clock[0] += 30
    assert budget.share(7) == 0.25
    assert budget.seconds_left(7) == 90
    assert budget.total_epochs(7) == pytest.approx(28)
    assert not budget.why_over(7)
    budget.reserve = 60.0
    assert budget.share(7) == 0.5  # what follows the last step is none of the training
    clock[0] += 31
    assert budget.why_over(7) == "2 minutes are over"
    clock[0] += 999
    assert budget.share(8) == 1
    assert budget.seconds_left(8) == 0


@pytest.mark.parametrize(
    ("images", "seconds", "steps"),
    [
        (400, 0.0, 100),  # as long as nothing was measured: one pass
        (400, 0.001, 100),
        (8, 0.001, MIN_STEPS),  # a small set does not only validate
        (400, 0.1, 18),  # 150 steps fit the minute: several epochs of them
        (400, 100.0, 1),
    ],
)
def test_an_epoch_is_a_pass_that_fits_the_minutes_several_times(images, seconds, steps):
    optim, speed = OptimConfig(batch=4, minutes=1.0), Speed("cpu", seconds=seconds)
    assert steps_per_epoch(optim, speed, images) == steps


def test_counted_in_epochs_an_epoch_is_one_pass_however_short():
    speed = Speed("cpu", seconds=0.001)
    assert [steps_per_epoch(OptimConfig(batch=4), speed, n) for n in (1, 8, 400)] == [1, 2, 100]

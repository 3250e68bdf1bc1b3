import pytest
import torch

from napari_unet.config import OptimConfig, UNetConfig
from napari_unet.unet.model import UNet
from napari_unet.unet.optimizer import WARM_UP, make_optimizer, running_mean, scheduled


def test_the_running_mean_forgets_its_beginning_at_once_and_settles_at_its_decay():
    mean = running_mean(0.99)
    early, late, now = torch.tensor(100.0), torch.tensor(100.0), torch.tensor(0.0)
    for n in range(1, 30):
        mean([early], [now], n)
    assert early < 0.1
    mean([late], [now], 100_000)
    assert late == pytest.approx(99.0)


def test_counters_are_copied_not_averaged():
    count = torch.tensor(3)
    running_mean(0.99)([count], [torch.tensor(9)], 5)
    assert count == 9


@pytest.mark.parametrize("kind", ["adam", "adamw", "sgd"])
def test_biases_and_norms_are_spared_the_weight_decay(kind):
    net = UNet(UNetConfig(depth=1, base_channels=2, norm="batch"))
    groups = make_optimizer(net, OptimConfig(optimizer=kind, weight_decay=0.1)).param_groups
    assert [g["weight_decay"] for g in groups] == [0.1, 0.0]
    assert all(p.ndim > 1 for p in groups[0]["params"])
    assert all(p.ndim == 1 for p in groups[1]["params"])
    assert sum(len(g["params"]) for g in groups) == len(list(net.parameters()))


def test_the_rate_rises_over_the_first_steps_and_falls_with_the_budget():
    optim = OptimConfig(lr=0.3)
    assert scheduled(optim, 0, 0.0) == pytest.approx(0.01)
    assert scheduled(optim, WARM_UP, 0.0) == pytest.approx(0.3)
    assert scheduled(optim, WARM_UP, 0.5) == pytest.approx(0.3 * 0.5**0.9)
    assert scheduled(optim, WARM_UP, 1.0) == 0.0
    assert scheduled(OptimConfig(lr=0.3, schedule="constant"), WARM_UP, 0.9) == 0.3

import threading
from functools import partial

import pytest
import torch

from napari_unet.config import UNetConfig
from napari_unet.unet.aside import finished
from napari_unet.unet.lanes import Lanes, abandoned_ends
from napari_unet.unet.model import UNet


def make(norm="none"):
    torch.manual_seed(0)
    return UNet(UNetConfig(depth=2, base_channels=4, norm=norm))


def loss(model, x, weight):
    return model(x).square().mean() * weight


def gradients(model, lanes, x):
    shares = lanes.share(x)
    work = [[partial(loss, x=s, weight=len(s) / len(x))] for s in shares]
    values = finished(lanes.gradients(work))
    return sum(values), [p.grad.clone() for p in model.parameters()]


@pytest.mark.parametrize("images", [8, 5, 1])
def test_several_lanes_give_the_gradients_of_one(images):
    x = torch.randn(images, 1, 16, 16)
    alone, several = make(), make()
    lanes = Lanes(several, 3)
    value, wanted = gradients(alone, Lanes(alone), x)
    for _ in range(2):  # the second time nothing of the first may be left
        found, grads = gradients(several, lanes, x)
        assert found == pytest.approx(value, rel=1e-5)
        for a, b in zip(grads, wanted, strict=True):
            torch.testing.assert_close(a, b, rtol=1e-4, atol=1e-6)
    lanes.close()


def test_a_share_computed_in_parts_gives_the_same_gradients():
    x = torch.randn(6, 1, 16, 16)
    whole, divided = make(), make()
    value, wanted = gradients(whole, Lanes(whole), x)
    lanes = Lanes(divided, 2)
    work = [
        [partial(loss, x=part, weight=len(part) / len(x)) for part in share.chunk(3)]
        for share in lanes.share(x)
    ]
    assert sum(finished(lanes.gradients(work))) == pytest.approx(value, rel=1e-5)
    for a, b in zip((p.grad for p in divided.parameters()), wanted, strict=True):
        torch.testing.assert_close(a, b, rtol=1e-4, atol=1e-6)


def test_the_caller_is_not_kept_waiting():
    done = threading.Event()

    def slow(model):
        assert done.wait(10)
        return loss(model, torch.zeros(1, 1, 16, 16), 1.0)

    work = Lanes(make()).gradients([[slow]])
    assert next(work) is None
    assert next(work) is None
    done.set()
    assert len(finished(work)) == 1


def test_a_step_that_was_abandoned_can_be_waited_for():
    go_on = threading.Event()

    def slow(model):
        assert go_on.wait(10)
        return loss(model, torch.zeros(1, 1, 16, 16), 1.0)

    lanes = Lanes(make())
    work = lanes.gradients([[slow]])
    next(work)
    work.close()
    lanes.close()
    rest = abandoned_ends()
    next(rest)  # it still computes
    go_on.set()
    finished(rest)
    assert list(abandoned_ends()) == []


def test_all_lanes_follow_the_optimiser():
    model = make("batch")
    lanes = Lanes(model, 2)
    optimizer = torch.optim.AdamW(model.parameters(), lr=0.1, fused=True)
    x = torch.randn(4, 1, 16, 16)
    before, _ = gradients(model, lanes, x)
    optimizer.step()
    seen = []
    work = [[lambda m: seen.append(m.head.weight) or loss(m, x, 1.0)]] * 2
    finished(lanes.gradients(work))
    assert seen[0].data_ptr() == seen[1].data_ptr()
    assert gradients(model, lanes, x)[0] != before
    lanes.close()


def test_the_caller_keeps_its_threads():
    before = torch.get_num_threads()
    model = make()
    lanes = Lanes(model, 2)
    gradients(model, lanes, torch.randn(2, 1, 16, 16))
    lanes.close()
    assert torch.get_num_threads() == before


def test_an_error_in_a_lane_reaches_the_caller():
    def fail(model):
        raise ValueError("no")

    lanes = Lanes(make(), 2)
    with pytest.raises(ValueError, match="no"):
        finished(lanes.gradients([[fail], [fail]]))
    lanes.close()

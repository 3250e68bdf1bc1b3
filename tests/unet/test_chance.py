import pytest
import torch

from napari_unet.unet.chance import Chance, Order


def test_every_case_comes_once_a_pass():
    order = Order(5, torch.Generator().manual_seed(0))
    passes = [order.take(5) for _ in range(4)]
    assert all(sorted(p) == [0, 1, 2, 3, 4] for p in passes)
    assert len({tuple(p) for p in passes}) > 1


def test_the_order_does_not_depend_on_how_it_is_taken():
    one, other = (Order(5, torch.Generator().manual_seed(3)) for _ in range(2))
    assert one.take(20) == [i for n in (1, 6, 2, 11) for i in other.take(n)]


@pytest.mark.parametrize("taken", [0, 3, 5, 7])
def test_a_restored_state_draws_the_same_again(taken):
    chance = Chance(1, cases=5, lanes=2, device="cpu")
    chance.order.take(taken)

    def draw(chance):
        lanes = [torch.rand(3, generator=lane).tolist() for lane in chance.lanes]
        drawn = torch.rand(3, generator=chance.rng).tolist()
        return chance.order.take(12), lanes, drawn, torch.rand(3).tolist()

    state = chance.state()
    wanted = draw(chance)
    assert draw(chance) != wanted
    other = Chance(9, cases=5, lanes=2, device="cpu")
    other.restore(state)
    assert draw(other) == wanted


def test_lanes_draw_differently():
    first, second = Chance(1, cases=5, lanes=2, device="cpu").lanes
    assert torch.rand(3, generator=first).tolist() != torch.rand(3, generator=second).tolist()

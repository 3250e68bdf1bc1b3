import pytest
import torch

from napari_unet.unet.chance import Chance, Emphasis, Order, order_of


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


def counted(order, batches, size, chosen):
    return [sum(i in chosen for i in order.take(size)) for _ in range(batches)]


@pytest.mark.parametrize("chosen", [{3}, {0, 5, 7}], ids=["one", "three"])
def test_every_batch_holds_its_share_of_emphasised_cases(chosen):
    order = order_of(40, Emphasis(chosen, 0.5), torch.Generator().manual_seed(0))
    assert counted(order, 20, 8, chosen) == [4] * 20


def test_what_a_batch_cannot_hold_of_a_fraction_a_later_one_gets():
    order = order_of(40, Emphasis({1, 2}, 0.3), torch.Generator().manual_seed(0))
    found = counted(order, 10, 5, {1, 2})  # one and a half each
    assert set(found) == {1, 2}
    assert sum(found) == 15


def test_all_others_come_once_a_pass():
    order = order_of(9, Emphasis({0}, 0.5), torch.Generator().manual_seed(0))
    taken = order.take(16)
    assert sorted(i for i in taken if i) == list(range(1, 9))


@pytest.mark.parametrize("cases", [(), range(5)])
def test_nothing_or_everything_emphasised_is_no_mixture(cases):
    order = order_of(5, Emphasis(cases, 0.5), torch.Generator().manual_seed(0))
    assert isinstance(order, Order)


def test_a_mixture_goes_on_where_it_was():
    chance, other = (Chance(s, 12, 1, "cpu", emphasis=Emphasis({1, 4}, 0.3)) for s in (1, 2))
    chance.order.take(7)
    state = chance.state()
    wanted = chance.order.take(20)
    other.restore(state)
    assert other.order.take(20) == wanted


def test_a_state_of_an_earlier_version_is_understood():
    chance, other = (Chance(s, 5, 1, "cpu") for s in (1, 2))
    chance.order.take(3)
    state = chance.state()
    old = {k: v for k, v in state.items() if k != "order"} | state["order"]
    other.restore(old)
    assert other.order.take(9) == chance.order.take(9)

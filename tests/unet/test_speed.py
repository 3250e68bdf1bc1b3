import pytest
import torch

from napari_unet.config import UNetConfig
from napari_unet.errors import JobError
from napari_unet.unet import speed
from napari_unet.unet.model import UNet

NET = UNet(UNetConfig(depth=1, base_channels=2))
SHAPE = (1, 1, 8, 8)


@pytest.fixture(autouse=True)
def capable(monkeypatch):
    """Let the processor have instructions for bfloat16, whatever it is."""
    monkeypatch.setattr(torch.backends.cpu, "get_cpu_capability", lambda: "AVX512")


def test_auto_tries_several_and_a_wish_leaves_one():
    assert len(speed.candidates("cpu", "auto", "auto")) == 3
    assert speed.candidates("cpu", "float32", "no") == [speed.Speed("cpu")]


def test_bfloat16_is_not_tried_where_it_would_be_emulated(monkeypatch):
    monkeypatch.setattr(torch.backends.cpu, "get_cpu_capability", lambda: "AVX2")
    assert {s.precision for s in speed.candidates("cpu", "auto", "auto")} == {"float32"}
    assert {s.precision for s in speed.candidates("cpu", "bfloat16", "auto")} == {"bfloat16"}
    assert {s.precision for s in speed.candidates("cuda", "auto", "yes")} == {"float32", "bfloat16"}


@pytest.mark.parametrize(
    ("seconds", "winner"), [((1.0, 0.95, 0.92), 0), ((1.0, 0.5, 0.48), 1), ((1.0, 0.5, 0.2), 2)]
)
def test_a_less_plain_choice_must_be_clearly_faster(monkeypatch, seconds, winner):
    options = speed.candidates("cpu", "auto", "auto")
    times = dict(zip(options, seconds, strict=True))
    monkeypatch.setattr(speed, "measure", lambda model, shape, option, training: times[option])
    chosen = speed.choose(NET, SHAPE, options, training=True)
    assert chosen.precision == options[winner].precision
    assert chosen.channels_last == options[winner].channels_last
    assert chosen.seconds == seconds[winner]


def test_a_format_that_is_far_too_slow_is_not_tried_on_a_whole_batch(monkeypatch):
    shapes = []

    def measure(model, shape, option, training):
        shapes.append((option.precision, shape))
        return 9.0 if option.precision == "bfloat16" else 0.1

    monkeypatch.setattr(speed, "measure", measure)
    chosen = speed.choose(NET, (4, 1, 8, 6), speed.candidates("cpu", "auto", "auto"), True)
    assert chosen.precision == "float32"
    assert [s for p, s in shapes if p == "bfloat16"] == [(2, 1, 4, 3)]


@pytest.mark.parametrize("dims", [2, 3])
def test_networks_and_batches_take_the_layout_of_their_dimensions(dims):
    option = speed.Speed("cpu", channels_last=True)
    kind = {2: torch.channels_last, 3: torch.channels_last_3d}[dims]
    net = option.place(UNet(UNetConfig(dims=dims, depth=1, base_channels=2)))
    assert net.encoder[0].conv2.weight.is_contiguous(memory_format=kind)
    x = option.place(torch.randn(2, 3, *(4,) * dims))
    assert x.is_contiguous(memory_format=kind)
    assert speed.measure(net, (2, 1, *(4,) * dims), option, training=True) < 60


@pytest.mark.parametrize("training", [True, False])
def test_measuring_changes_neither_weights_nor_random_state(training):
    before = {k: v.clone() for k, v in NET.state_dict().items()}
    state = torch.get_rng_state()
    chosen = speed.choose(NET, SHAPE, speed.candidates("cpu", "auto", "auto"), training)
    assert chosen.seconds > 0
    assert torch.get_rng_state().equal(state)
    assert all(v.equal(before[k]) for k, v in NET.state_dict().items())


@pytest.mark.parametrize(
    ("device", "dropout", "alone", "together", "lanes"),
    [
        ("cpu", 0.0, 1.0, 0.8, 4),
        ("cpu", 0.0, 1.0, 0.95, 1),  # not worth it
        ("cpu", 0.1, 1.0, 0.5, 1),  # a seed would not give the same network again
        ("cuda", 0.0, 1.0, 0.5, 1),
    ],
)
def test_lanes_are_opened_where_they_help(monkeypatch, device, dropout, alone, together, lanes):
    monkeypatch.setattr(torch, "get_num_threads", lambda: 4)
    monkeypatch.setattr(
        speed, "measure", lambda model, shape, option, training: (alone, together)[option.lanes > 1]
    )
    net = UNet(UNetConfig(depth=1, base_channels=2, dropout=dropout))
    chosen = speed.with_lanes(net, (8, 1, 8, 8), speed.Speed(device))
    assert chosen.lanes == lanes
    assert ("lanes" in speed.Speed("cpu", lanes=lanes).words()) == (lanes > 1)


def test_no_more_lanes_than_images(monkeypatch):
    monkeypatch.setattr(torch, "get_num_threads", lambda: 16)
    monkeypatch.setattr(speed, "measure", lambda m, s, option, training: 1 / option.lanes)
    assert speed.with_lanes(NET, (3, 1, 8, 8), speed.Speed("cpu")).lanes == 3


def test_lanes_that_are_wanted_are_not_measured(monkeypatch):
    monkeypatch.setattr(speed, "measure", None)
    for wanted in (1, 2):
        assert speed.with_lanes(NET, (8, 1, 8, 8), speed.Speed("cpu"), wanted).lanes == wanted
    assert speed.with_lanes(NET, (8, 1, 8, 8), speed.Speed("cuda"), 2).lanes == 1


def test_lanes_can_be_measured():
    assert 0 < speed.measure(NET, (2, 1, 8, 8), speed.Speed("cpu", lanes=2), training=True) < 60


def test_a_device_that_is_not_there_is_named():
    with pytest.raises(JobError, match="'cuda:9' cannot be used"):
        speed.pick_device("cuda:9")
    with pytest.raises(JobError, match="'nonsense'"):
        speed.pick_device("nonsense")


def test_autocast_computes_in_the_chosen_format():
    x = torch.zeros(SHAPE)
    with speed.Speed("cpu", "bfloat16").autocast():
        assert NET(x).dtype == torch.bfloat16
    with speed.Speed("cpu").autocast():
        assert NET(x).dtype == torch.float32


def test_words_name_device_format_and_pace():
    assert "ms/image" in speed.Speed("cpu", seconds=0.01).words()
    assert "CPU" in speed.Speed("cpu").words()


def test_formats_are_compared_on_images_that_shrink_to_a_pixel():
    """Half of 32 pixels, halved four times, is one: too little for batch norm of one image."""
    net = UNet(UNetConfig(depth=4, channels=(2, 2, 2, 2, 2), norm="batch"))
    options = speed.candidates("cpu", "auto", "no")
    assert speed.choose(net, (4, 1, 32, 32), options, training=True).seconds > 0

import pytest

from models import random_model
from napari_unet.inference import speeds
from napari_unet.inference.predictors import Predictor
from napari_unet.inference.speeds import KEPT, Speeds
from napari_unet.unet.file import load_model
from napari_unet.unet.speed import Speed

SHAPE = (4, 1, 16, 16)
others_compute = speeds._others_compute  # as it is, whatever the tests make of it


@pytest.fixture(autouse=True)
def at_rest(monkeypatch):
    monkeypatch.setattr(speeds, "_others_compute", lambda: False)


@pytest.fixture
def path(tmp_path):
    return random_model(tmp_path / "m.unet.safetensors")


@pytest.fixture
def net(path):
    return load_model(path)[0]


@pytest.fixture
def measured(monkeypatch):
    """Have measurements find what `best` says, and count them."""
    found = {"best": Speed("cpu", channels_last=True, seconds=0.01), "times": 0}

    def choose(*_, **__):
        found["times"] += 1
        return found["best"]

    monkeypatch.setattr(speeds.speed, "choose", choose)
    monkeypatch.setattr(speeds.speed, "with_lanes", lambda model, shape, option, training: option)
    return found


def test_what_was_found_is_known_to_the_next_one(net, measured, monkeypatch):
    first = Speeds(net, SHAPE, "cpu").choose()
    assert (first.precision, first.channels_last) == ("float32", True)
    again = Speeds(net, SHAPE, "cpu").choose()
    assert (again.channels_last, measured["times"]) == (True, 1)
    Speeds(net, (4, 1, 32, 16), "cpu").choose()
    monkeypatch.setattr(speeds, "machine", lambda: "another")
    Speeds(net, SHAPE, "cpu").choose()
    assert measured["times"] == 3, "other sides and another machine are measured anew"


def test_weights_make_no_difference_but_the_network_does(tmp_path, net, measured):
    Speeds(net, SHAPE, "cpu").choose()
    same = load_model(random_model(tmp_path / "same.unet.safetensors"))[0]
    other = load_model(random_model(tmp_path / "other.unet.safetensors", norm="none"))[0]
    Speeds(same, SHAPE, "cpu").choose()
    assert measured["times"] == 1
    Speeds(other, SHAPE, "cpu").choose()
    assert measured["times"] == 2


def test_at_leisure_it_is_measured_once_more_for_the_next_one(path, measured):
    ready = Predictor(path, "cpu")
    measured["best"] = Speed("cpu", channels_last=False, seconds=0.005)
    ready.settle()
    assert ready.speed.channels_last, "one that answers goes on as it began"
    assert not Predictor(path, "cpu").speed.channels_last
    ready.settle()
    Predictor(path, "cpu").settle()
    assert measured["times"] == 2, "once at leisure is enough"


def test_who_waits_is_let_go_first(net, measured):
    one = Speeds(net, SHAPE, "cpu")
    one.choose()
    one.settle(lambda: True)
    assert measured["times"] == 1
    assert [choice.sure for choice in KEPT.read().values()] == [False]


def test_nothing_is_measured_at_leisure_beside_other_work(net, measured, monkeypatch):
    monkeypatch.setattr(speeds, "_others_compute", lambda: True)
    one = Speeds(net, SHAPE, "cpu")
    one.choose()
    one.settle(lambda: False)
    assert measured["times"] == 1


@pytest.mark.parametrize(("percent", "busy"), [(3.0, False), (60.0, True)])
def test_how_busy_the_processor_is_tells_of_other_work(monkeypatch, percent, busy):
    monkeypatch.setattr(speeds.psutil, "cpu_percent", lambda seconds: percent)
    assert others_compute() is busy


def test_slow_networks_are_measured_for_lanes_at_leisure_only(net, measured, monkeypatch):
    asked = []

    def with_lanes(model, shape, option, training):
        asked.append(shape)
        return option

    monkeypatch.setattr(speeds.speed, "with_lanes", with_lanes)
    measured["best"] = Speed("cpu", seconds=1.0)
    one = Speeds(net, SHAPE, "cpu")
    one.choose()
    assert not asked
    one.settle(lambda: False)
    assert [shape[1:] for shape in asked] == [SHAPE[1:]]


def test_where_there_is_no_choice_nothing_is_kept(net, monkeypatch):
    monkeypatch.setattr(speeds.speed, "candidates", lambda device, *_: [Speed(device)])
    one = Speeds(net, (1, *SHAPE[1:]), "cpu")
    assert (one.choose().precision, one.choose().lanes) == ("float32", 1)
    one.settle(lambda: False)
    assert KEPT.read() == {}


def test_who_waits_for_one_image_is_given_a_guess_and_what_was_measured_next_time(
    path, measured, monkeypatch
):
    measured["best"] = Speed("cpu", channels_last=False, seconds=0.005)
    monkeypatch.setattr(speeds, "_multiplies_bfloat16", lambda: False)
    ready = Predictor(path, "cpu", soon=True)
    assert (ready.speed.precision, ready.speed.channels_last) == ("float32", True)
    assert measured["times"] == 0
    ready.settle()
    assert [choice.sure for choice in KEPT.read().values()] == [True]
    assert not Predictor(path, "cpu", soon=True).speed.channels_last
    ready.settle()
    assert measured["times"] == 1


def test_the_guess_has_lanes_on_few_cores_only(net, monkeypatch):
    for threads, lanes in ((2, 2), (16, 1)):
        monkeypatch.setattr(speeds.torch, "get_num_threads", lambda n=threads: n)
        assert Speeds(net, SHAPE, "cpu").choose(soon=True).lanes == lanes


@pytest.mark.parametrize(
    ("told", "precision"),
    [({"amx_bf16": True}, "bfloat16"), ({"avx512_bf16": True}, "float32"), ({}, "float32")],
)
def test_the_guess_is_bfloat16_where_matrices_of_it_are_multiplied(
    net, monkeypatch, told, precision
):
    monkeypatch.setattr(speeds.torch.cpu, "get_capabilities", lambda: told, raising=False)
    assert Speeds(net, SHAPE, "cpu").choose(soon=True).precision == precision


def test_of_a_gpu_nothing_is_guessed(net, measured):
    Speeds(net, SHAPE, "meta").choose(soon=True)
    assert measured["times"] == 1

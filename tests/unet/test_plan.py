from dataclasses import replace

import pytest

from napari_unet.config import OptimConfig, PreprocessConfig
from napari_unet.data.cases import LabelRule
from napari_unet.presets import PRESETS, RUNGS
from napari_unet.unet import speed
from napari_unet.unet.plan import fit_recipe, settle, working_size


@pytest.mark.parametrize(
    ("shapes", "largest", "size"),
    [
        ([(256, 256)] * 3, 192, (192, 192)),
        ([(64, 64)], 192, (64, 64)),
        ([(480, 640)] * 9, 192, (160, 192)),
        ([(220, 190)] * 5 + [(230, 170)] * 4 + [(200, 200)], 160, (160, 128)),
        ([(640, 480), (480, 640)], 192, (192, 192)),
        ([(10, 10)], 192, (32, 32)),
        ([(1000, 30)], 192, (192, 32)),
    ],
)
def test_working_size_follows_the_images(shapes, largest, size):
    assert working_size(shapes, largest) == size


def test_channels_and_classes_come_from_the_data():
    rule = LabelRule(values=(1, 2), names=("a", "b"))
    recipe = fit_recipe(PRESETS["plain"], 3, rule)
    assert (recipe.network.in_channels, recipe.network.out_channels) == (3, 3)
    assert recipe.preprocess == PRESETS["plain"].preprocess
    assert fit_recipe(PRESETS["auto"], 1, LabelRule()).network.out_channels == 1


@pytest.fixture
def pace(monkeypatch):
    """Let a training step take as many milliseconds as the images have pixels a side."""
    monkeypatch.setattr(
        speed, "measure", lambda net, shape, option, training: max(shape[2:]) / 1000
    )


SHAPES = [(512, 512)]


def auto(minutes, **optim):
    recipe = PRESETS["auto"]
    return replace(recipe, optim=replace(recipe.optim, minutes=minutes, **optim))


@pytest.mark.parametrize(
    ("minutes", "cases", "rung"),
    [
        *[(1000.0, 10_000, 0), (100.0, 10_000, 1), (80.0, 10_000, 2), (41.0, 10_000, 3)],
        *[(10.0, 10_000, -1), (30.0, 100, 0), (0.001, 9, -1)],
    ],
)
def test_auto_takes_the_best_that_sees_enough_images(pace, minutes, cases, rung):
    recipe, found = settle(auto(minutes), SHAPES, cases, "cpu")
    assert recipe.network == RUNGS[rung].network
    assert recipe.preprocess.size == (RUNGS[rung].side,) * 2
    assert found.seconds == RUNGS[rung].side / 1000


def test_epochs_say_nothing_of_time(pace):
    recipe, _ = settle(auto(0.0), SHAPES, 9999, "cpu")
    assert recipe.network == RUNGS[1].network


def test_a_chosen_network_and_a_chosen_format_stay(pace):
    plain = replace(PRESETS["plain"], optim=OptimConfig(minutes=0.001))
    assert settle(plain, SHAPES, 9999, "cpu")[0] == plain
    wish = auto(0.001, precision="bfloat16", channels_last="yes")
    recipe, found = settle(wish, SHAPES, 100, "cpu")
    assert recipe.network == RUNGS[-1].network
    assert (found.precision, found.channels_last) == ("bfloat16", True)


def test_the_data_s_channels_reach_every_rung(pace):
    rule = LabelRule(values=(1, 2), names=("a", "b"))
    recipe = fit_recipe(auto(0.001), 3, rule)
    network = settle(recipe, SHAPES, 100, "cpu")[0].network
    assert (network.in_channels, network.out_channels) == (3, 3)


def test_the_size_of_the_pretrained_preset_follows_the_images(pace):
    recipe, _ = settle(PRESETS["pretrained"], [(480, 640)], 9, "cpu")
    assert recipe.preprocess.size == (192, 256)
    assert recipe.network == PRESETS["pretrained"].network
    own = replace(PRESETS["pretrained"], preprocess=PreprocessConfig(size=(64, 96)))
    assert settle(own, [(480, 640)], 9, "cpu")[0] == own


def test_auto_keeps_an_encoder_that_a_person_chose(pace):
    asked = auto(10.0)
    asked = replace(asked, network=replace(asked.network, encoder="resnet18"))
    recipe, _ = settle(asked, SHAPES, 9, "cpu")
    assert recipe.network == asked.network

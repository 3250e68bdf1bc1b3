import math

import pytest
import torch

from napari_unet.cli import build_parser
from napari_unet.cli.arguments import split_config
from napari_unet.config import SplitConfig
from napari_unet.errors import ConfigError
from napari_unet.presets import DESCRIPTIONS, PRESETS, SPLITS, TITLES, preset, split_of
from napari_unet.unet.layers import DoubleConv
from napari_unet.unet.model import UNet


def test_every_preset_has_its_name_title_and_words():
    assert PRESETS.keys() == TITLES.keys() == DESCRIPTIONS.keys()
    assert all(preset(name).name == name for name in PRESETS)
    assert len(set(TITLES.values())) == len(TITLES)
    assert SPLITS.keys() <= PRESETS.keys()
    with pytest.raises(ConfigError, match="choose auto"):
        preset("nope")


@pytest.mark.parametrize("name", PRESETS)
def test_every_preset_can_be_built_and_used(name):
    network, size = PRESETS[name].network, PRESETS[name].preprocess.size
    with torch.device("meta"):
        net = UNet(network)
        assert net(torch.empty(2, network.in_channels, *size)).shape[2:] == size


def test_the_paper_s_network_loses_its_values_at_the_end_of_the_encoder_only():
    with torch.device("meta"):
        net = UNet(PRESETS["paper-2015"].network)
    dropping = [
        name
        for name, m in net.named_modules()
        if isinstance(m, DoubleConv) and not isinstance(m.drop, torch.nn.Identity)
    ]
    assert dropping == ["encoder.3", "bottleneck"]
    optim = PRESETS["paper-2015"].optim
    assert (optim.momentum, optim.border_weight, optim.loss) == (0.99, 10.0, "bce")


def test_the_lab_s_baseline_is_what_the_lab_says():
    lab = PRESETS["lab"]
    assert lab.preprocess.size == (128, 128)
    assert (lab.network.base_channels, lab.network.norm) == (32, "none")
    assert (lab.optim.optimizer, lab.optim.loss, lab.optim.epochs) == ("adam", "bce", 20)
    assert (lab.optim.schedule, lab.optim.minutes) == ("plateau", 0.0)
    assert lab.optim.patience > 0
    assert math.isclose(SplitConfig.parse(split_of("lab")).test, 30)


@pytest.mark.parametrize(
    ("words", "test"), [([], 10), (["--preset", "lab"], 30), (["--split", "60:20:20"], 20)]
)
def test_a_preset_brings_its_split_unless_another_is_asked_for(words, test):
    args = build_parser().parse_args(["plan", "folder", *words])
    assert split_config(args, "").test == test

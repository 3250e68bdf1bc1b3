"""State dicts of the widespread PyTorch U-Net, both ways."""

import copy
import json
from dataclasses import replace

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from models import random_model
from napari_unet.card import ModelCard, read_card
from napari_unet.cli import main
from napari_unet.config import PreprocessConfig, UNetConfig
from napari_unet.data.cases import COLOUR, LabelRule
from napari_unet.errors import ConfigError, ModelError
from napari_unet.exchange.pytorch_unet import misfit
from napari_unet.exchange.state_dict import read, write
from napari_unet.inference.predictors import Predictor
from napari_unet.unet.file import load_model, save_model
from nets import random_net
from pytorch_unet import PytorchUNet, random_unet

SIZES = [(16, 16), (32, 48), (33, 47), (63, 17), (100, 75)]


@pytest.fixture
def target(tmp_path):
    return tmp_path / "made.unet.safetensors"


def saved(path, net, **beside):
    torch.save({**net.state_dict(), **beside}, path)
    return path


def same(ours, theirs, x):
    """Check logits, in float64: in float32, rounding alone makes up to 1e-5 of them."""
    found, wanted = (copy.deepcopy(net).double()(x.double()) for net in (ours, theirs))
    torch.testing.assert_close(found, wanted, atol=1e-5, rtol=0)
    torch.testing.assert_close(ours(x), theirs(x), atol=1e-4, rtol=0)
    assert wanted.std() > 0.02


@pytest.mark.parametrize("bilinear", [False, True])
@pytest.mark.parametrize(("channels", "classes"), [(1, 1), (3, 2), (3, 4)])
def test_logits_are_those_of_the_layout(tmp_path, target, bilinear, channels, classes):
    theirs = random_unet(channels, classes, bilinear)
    read(saved(tmp_path / "theirs.pth", theirs), target)
    ours, card = load_model(target)
    assert (card.image_channels, card.network.out_channels) == (channels, classes)
    for size in SIZES:
        same(ours, theirs, torch.rand(2, channels, *size))
    assert ours.encoder[0].norm1.num_batches_tracked == 1


@pytest.mark.parametrize("bilinear", [False, True])
def test_the_published_size_is_taken(tmp_path, target, bilinear):
    theirs = PytorchUNet(3, 2, bilinear).eval()
    weights = {k: v.half() if v.ndim else v for k, v in theirs.state_dict().items()}
    torch.save(weights, tmp_path / "a.pth")
    read(tmp_path / "a.pth", target)
    ours, card = load_model(target)
    assert card.network.levels == (64, 128, 256, 512, 512 if bilinear else 1024)
    theirs.load_state_dict(weights)
    x = torch.rand(1, 3, 19, 33)
    torch.testing.assert_close(ours(x), theirs(x), atol=1e-5, rtol=0)


def test_an_image_is_segmented_as_the_layout_s_own_program_does(tmp_path, target):
    """Of any size, seen whole, and 8 bits divided by 255."""
    theirs = random_unet(3, 1, bilinear=True)
    theirs.outc.conv.weight *= 5
    read(saved(tmp_path / "theirs.pth", theirs), target)
    image = np.random.default_rng(0).integers(0, 256, (45, 71, 3), np.uint8)
    found = Predictor(target, "cpu").volume(image, "yxc")[0]
    wanted = theirs(torch.from_numpy(image / np.float32(255)).permute(2, 0, 1)[None])
    wanted = (wanted.sigmoid() * 255).round()[0, 0].numpy()
    assert np.abs(found - wanted).max() <= 8  # computed in bfloat16 where that is faster
    assert wanted.std() > 20


@pytest.mark.parametrize("wrap", ["state_dict", "model_state_dict", "parallel", "compiled", "old"])
def test_checkpoints_are_unwrapped(tmp_path, target, wrap):
    net = random_unet()
    weights = dict(net.state_dict())
    found = {
        "state_dict": {"state_dict": weights, "epoch": 3, "optimizer": {"lr": 0.1}},
        "model_state_dict": {"model_state_dict": weights, "loss": torch.tensor(0.1)},
        "parallel": {f"module.{k}": v for k, v in weights.items()},
        "compiled": {"state_dict": {f"_orig_mod.module.{k}": v for k, v in weights.items()}},
        "old": weights,
    }[wrap]
    path = tmp_path / "checkpoint.pt"
    torch.save(found, path, _use_new_zipfile_serialization=wrap != "old")
    read(path, target)
    same(load_model(target)[0], net, torch.rand(1, 1, 20, 20))


def test_the_card_says_what_it_is(tmp_path, target):
    path = saved(tmp_path / "lung.pth", random_unet(3, 3), mask_values=[0, 7, 200])
    read(path, target)
    card = read_card(target)
    assert card.name == "lung"
    assert card.labels == LabelRule(values=(7, 200), names=("class 1", "class 2"))
    assert card.preprocess.mode == "patch"
    assert (card.preprocess.mean, card.preprocess.std) == ((0.0,) * 3, (1.0,) * 3)
    options = {"classes": ["lung", "heart"], "size": (64, 96), "mean": [0.5] * 3, "std": [0.2] * 3}
    read(path, target, name="chest", threshold=0.3, **options)
    card = read_card(target)
    assert (card.name, card.classes, card.threshold) == ("chest", ("lung", "heart"), 0.3)
    assert (card.preprocess.mode, card.preprocess.size) == ("whole", (64, 96))
    assert (card.preprocess.mean, card.preprocess.std) == ((0.5,) * 3, (0.2,) * 3)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"classes": ["a", "b"]}, "2 class names"),
        ({"mean": [0.5, 0.5], "std": [1, 1]}, "2 means"),
        ({"mean": [0.5], "std": [0]}, "one positive deviation"),
        ({"size": (5, 5)}, "working size"),
    ],
)
def test_options_that_do_not_fit_are_refused(tmp_path, target, options, words):
    with pytest.raises(ConfigError, match=words):
        read(saved(tmp_path / "a.pth", random_unet()), target, **options)
    assert not target.exists()


def spoiled(kind):
    weights = dict(random_unet().state_dict())
    if kind == "one more":
        weights["extra.weight"] = torch.zeros(3)
    elif kind == "one less":
        del weights["up2.conv.double_conv.4.running_var"]
    elif kind == "larger":
        weights["up3.conv.double_conv.0.weight"] = torch.zeros(8, 17, 3, 3)
    elif kind == "long bias":
        weights["inc.double_conv.0.bias"] = torch.zeros(5)
    elif kind == "other names":
        weights = {k.replace("double_conv", "conv"): v for k, v in weights.items()}
    elif kind == "flat":
        weights["inc.double_conv.0.weight"] = torch.zeros(4)
    elif kind == "too wide":
        weights["outc.conv.weight"] = torch.zeros(300, 4, 1, 1)
    return weights


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ("one more", r"1 weights have other names \(extra.weight\). Nothing was loaded"),
        ("one less", r"1 are missing \(up2.conv.double_conv.4.running_var\)"),
        ("larger", r"1 weights are not as large .* \(decoder.2.conv1.weight"),
        ("long bias", "inc.double_conv.0.bias does not fit"),
        ("other names", r"126 weights have other names \(inc.conv.0.weight, .*, …\)"),
        ("flat", r"missing \(inc.double_conv.0.weight\)"),
        ("too wide", "no network of this program"),
    ],
)
def test_other_layouts_are_refused_as_a_whole(tmp_path, target, kind, words):
    torch.save(spoiled(kind), tmp_path / "a.pth")
    with pytest.raises(ModelError, match=words):
        read(tmp_path / "a.pth", target)
    assert list(tmp_path.iterdir()) == [tmp_path / "a.pth"]


# --- writing ------------------------------------------------------------------------------------


def own_model(path, rule=None, **options):
    shape = {"in_channels": 3, "depth": 4, "base_channels": 4, "norm": "batch", **options}
    config = UNetConfig(**shape)
    card = ModelCard("own", config, PreprocessConfig(size=(32, 32)), rule or LabelRule())
    save_model(path, random_net(config), card)
    return path


@pytest.mark.parametrize("suffix", [".pth", ".safetensors"])
@pytest.mark.parametrize("bilinear", [False, True])
def test_the_layout_s_own_class_loads_what_is_written(tmp_path, suffix, bilinear):
    how = {"upsampling": "corners", "channels": (4, 8, 16, 32, 32)} if bilinear else {}
    rule = LabelRule(values=(3, 9), names=("a", "b"))
    model = own_model(tmp_path / "m.unet.safetensors", rule, out_channels=3, **how)
    file = write(model, tmp_path / f"out{suffix}")
    theirs = PytorchUNet(3, 3, bilinear, base=4).eval()
    if suffix == ".pth":
        found = torch.load(file, weights_only=True)
        assert found.pop("mask_values") == [0, 3, 9]
        theirs.load_state_dict(found)
    x = torch.rand(1, 3, 32, 48)  # halves evenly: mirrored margins and zeros are alike
    ours, card = load_model(model)
    if suffix == ".pth":
        same(theirs, ours, x)
    again = read(file, tmp_path / "again.unet.safetensors", classes=("a", "b"))
    same(load_model(again)[0], ours, x)
    assert read_card(again).labels == card.labels


def test_what_was_read_is_written_as_it_was_but_for_biases(tmp_path, target):
    theirs = random_unet(1, 1, bilinear=True)
    back = write(read(saved(tmp_path / "a.pth", theirs), target), tmp_path / "b.pth")
    found = torch.load(back, weights_only=True)
    assert found.pop("mask_values") == [0, 255]
    before = theirs.state_dict()
    assert found.keys() == before.keys()
    kept = [k for k in before if not k.endswith(("running_mean", "0.bias", "3.bias"))]
    assert all(found[k].equal(before[k]) for k in kept)
    again = PytorchUNet(1, 1, True, base=4).eval()
    again.load_state_dict(found)
    same(again, theirs, torch.rand(1, 1, 37, 50))


@pytest.mark.parametrize("suffix", [".pth", ".safetensors"])
def test_other_networks_keep_our_names_and_come_back(tmp_path, suffix):
    model = random_model(tmp_path / "m.unet.safetensors", norm="instance")
    file = write(model, tmp_path / f"own{suffix}")
    if suffix == ".pth":
        found = torch.load(file, weights_only=True)
        assert "encoder.0.conv1.weight" in found["state_dict"]
        assert json.loads(found["napari_unet"])["name"] == "m"
    again = read(file, tmp_path / "again.unet.safetensors")
    assert read_card(again) == read_card(model)
    before, after = (load_model(p)[0].state_dict() for p in (model, again))
    assert all(after[k].equal(v) for k, v in before.items())


def test_our_names_can_be_asked_for(tmp_path):
    model = own_model(tmp_path / "m.unet.safetensors")
    found = torch.load(write(model, tmp_path / "a.pt", layout="own"), weights_only=True)
    assert "bottleneck.conv1.weight" in found["state_dict"]


def test_what_is_not_of_the_layout_says_why():
    plain = UNetConfig(norm="batch", padding="zeros")
    assert not misfit(plain)
    assert not misfit(replace(plain, padding="same", dropout=0.2, base_channels=7))
    for change in (
        {"norm": "group"},
        {"residual": True},
        {"dims": 3},
        {"padding": "valid"},
        {"upsampling": "bilinear"},
        {"padding": "same", "attention": True},
    ):
        assert list(change)[-1] in misfit(replace(plain, **change))
    assert "channels" in misfit(replace(plain, upsampling="corners"))
    assert not misfit(replace(plain, upsampling="corners", channels=(4, 8, 16, 32, 32)))


@pytest.mark.parametrize(
    "rule",
    [
        LabelRule(),
        LabelRule(values=(4, 1), names=("class 1", "class 2")),
        LabelRule(values=(COLOUR | 0xFF0000, COLOUR | 0x0102FF), names=("class 1", "class 2")),
    ],
)
def test_mask_values_come_back(tmp_path, target, rule):
    classes = rule.classes + (rule.classes > 1)
    model = own_model(tmp_path / "m.unet.safetensors", rule, out_channels=classes)
    read(write(model, tmp_path / "a.pth"), target)
    assert read_card(target).labels == replace(rule, names=read_card(target).classes)


def test_safetensors_hold_the_values_as_text(tmp_path, target):
    path = tmp_path / "a.safetensors"
    save_file(random_unet(classes=3).state_dict(), path, {"mask_values": "[0, 2, 5]"})
    read(path, target)
    assert read_card(target).labels.values == (2, 5)


def test_a_state_dict_is_imported_and_exported_from_the_command_line(tmp_path, capsys):
    path = saved(tmp_path / "chest.pth", random_unet(3, 3))
    told = ["--option", "classes=lung,heart", "--option", "size=32,48"]
    assert main(["models", "import", str(path), "--name", "thorax", *told, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["classes"] == ["lung", "heart"]
    assert main(["models", "export", "thorax", str(tmp_path / "back.pth")]) == 0
    found = torch.load(tmp_path / "back.pth", weights_only=True)
    assert found.keys() - {"mask_values"} == random_unet(3, 3).state_dict().keys()
    assert main(["models", "import", str(path), "--option", "speed=3"]) == 1
    assert "no option 'speed'" in capsys.readouterr().err

import argparse

import pytest

from napari_unet.cli import build_parser, main
from napari_unet.cli.settings import changed, recipe_of
from napari_unet.errors import ConfigError
from napari_unet.presets import preset


def asked(*words):
    return build_parser().parse_args(["train", "folder", "--model", "m.unet.safetensors", *words])


def test_every_kind_of_value_can_be_set():
    found = changed(
        preset("plain"),
        [
            "loss=tversky",
            "optim.lr=1e-4",
            "batch = 3",
            "preprocess.size=128x160",
            "network.channels=8,16,32",
            "depth=2",
            "residual=yes",
            "stem_stride=2",
            "augment.intensity=0.3",
        ],
    )
    assert (found.optim.loss, found.optim.lr, found.optim.batch) == ("tversky", 1e-4, 3)
    assert found.preprocess.size == (128, 160)
    assert found.network.channels == (8, 16, 32)
    assert (found.network.residual, found.network.stem_stride) == (True, 2)
    assert found.augment.intensity == 0.3
    assert found.name == "plain"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("loss", "write it as NAME=VALUE"),
        ("los=dice", "no such setting: did you mean loss"),
        ("nonsense.at.all=1", "--settings lists them"),
        ("intensity=0.1", "write preprocess.intensity or augment.intensity"),
        ("loss=best", "Loss: 'best' is not one of bce, dice"),
        ("batch=many", "Batch: 'many' is not a whole number"),
        ("batch=0", "Batch: 0 is below 1"),
        ("residual=perhaps", "'perhaps' is not yes or no"),
        ("dims=3", "3D network needs 3 numbers"),
        ("minutes=3", "no such setting"),  # options of their own
    ],
)
def test_what_cannot_be_set_is_said(text, words):
    with pytest.raises(ConfigError, match=words):
        changed(preset("plain"), [text])


def test_without_changes_the_preset_is_left_to_itself():
    assert recipe_of(asked(), "auto") is None
    assert recipe_of(asked("--set", "batch=16"), "auto") is None  # as it is
    found = recipe_of(asked("--set", "batch=8", "--set", "loss=focal"), "auto")
    assert (found.optim.batch, found.optim.loss) == (8, "focal")
    both = recipe_of(asked("--random-weights", "--set", "batch=8"), "pretrained")
    assert (both.optim.pretrained, both.optim.batch) == (False, 8)


def test_the_plan_takes_them_too(monkeypatch, capsys):
    seen = {}

    def plan(folder, **options):
        seen.update(options)
        return argparse.Namespace(words="words", reasons=())

    monkeypatch.setattr("napari_unet.api.plan", plan)
    assert main(["plan", "folder", "--set", "batch=5"]) == 0
    assert seen["recipe"].optim.batch == 5
    assert main(["plan", "folder", "--set", "batch=no"]) == 1
    assert "Batch: 'no' is not a whole number" in capsys.readouterr().err


def test_they_are_listed_with_their_words(capsys):
    with pytest.raises(SystemExit) as end:
        asked("--settings")
    assert end.value.code == 0
    told = capsys.readouterr().out
    assert "optim.loss\n    Loss (bce, dice, bce+dice" in told
    assert "optim.lr\n    Learning rate. At the start." in told
    assert "minutes" not in [line for line in told.splitlines() if line[0] != " "]
    assert max(map(len, told.splitlines())) <= 80

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from napari_unet.config import (
    AugmentConfig,
    OptimConfig,
    PreprocessConfig,
    Recipe,
    SplitConfig,
    UNetConfig,
)
from napari_unet.errors import ConfigError
from napari_unet.presets import DESCRIPTIONS, PRESETS, preset
from napari_unet.schema import from_json, to_json

CONFIGS = [UNetConfig, PreprocessConfig, AugmentConfig, SplitConfig, OptimConfig]


@pytest.mark.parametrize("recipe", PRESETS.values(), ids=PRESETS)
def test_recipes_survive_json(recipe):
    import json

    assert from_json(Recipe, json.loads(json.dumps(to_json(recipe)))) == recipe


@pytest.mark.parametrize("cls", CONFIGS)
def test_every_field_has_words_for_people(cls):
    for f in dataclasses.fields(cls):
        assert f.metadata["label"], f.name
        assert f.metadata["help"], f.name


@pytest.mark.parametrize(
    ("cls", "data", "words"),
    [
        (UNetConfig, {"depth": "4"}, "whole number"),
        (UNetConfig, {"depth": True}, "whole number"),
        (UNetConfig, {"depth": 99}, "above 8"),
        (UNetConfig, {"padding": "none"}, "one of same, zeros, valid"),
        (UNetConfig, {"depth": 2, "channels": [8, 16]}, "needs 3"),
        (UNetConfig, {"padding": "valid", "stem_stride": 2}, "cannot be combined"),
        (UNetConfig, {"padding": "zeros", "stem_stride": 2}, "cannot be combined"),
        (UNetConfig, {"padding": "zeros", "attention": True}, "cannot be combined"),
        (UNetConfig, {"nonsense": 1}, "unknown setting nonsense"),
        (PreprocessConfig, {"size": [64]}, "two numbers"),
        (PreprocessConfig, {"size": [4, 64]}, "between"),
        (PreprocessConfig, {"size": [16, 64, 64], "neighbours": 1}, "are for 2D"),
        (UNetConfig, {"flat_levels": 1}, "need 3D"),
        (Recipe, {"preprocess": {"size": [16, 64, 64]}}, "2D network needs 2 numbers"),
        (PreprocessConfig, {"size": [64, 1_000_000]}, "between"),
        (PreprocessConfig, {"mean": [0.5], "std": [0.0]}, "positive"),
        (OptimConfig, {"lr": float("nan")}, "a number"),
        (OptimConfig, {"lr": -1.0}, "below 0"),
        (SplitConfig, {"train": 0.0}, "above zero"),
        (UNetConfig, [1], "object"),
    ],
)
def test_bad_settings_are_refused_in_words(cls, data, words):
    with pytest.raises(ConfigError, match=words):
        from_json(cls, data)


def test_whole_numbers_pass_for_numbers():
    assert from_json(OptimConfig, {"lr": 1}).lr == 1.0


def test_levels_double_unless_given():
    assert UNetConfig(depth=2, base_channels=8).levels == (8, 16, 32)
    assert UNetConfig(depth=2, channels=(5, 6, 7)).levels == (5, 6, 7)


@pytest.mark.parametrize(
    ("text", "shares"),
    [("80:10:10", (80, 10, 10)), ("8/1/1", (8, 1, 1)), ("70:30", (61.25, 8.75, 30))],
)
def test_split_is_parsed(text, shares):
    split = SplitConfig.parse(text, seed=7)
    assert (split.train, split.val, split.test) == shares
    assert split.seed == 7


@given(st.text(max_size=8))
def test_split_never_crashes(text):
    try:
        split = SplitConfig.parse(text)
    except ConfigError:
        return
    assert split.train > 0


def test_presets_are_described_and_named():
    assert PRESETS.keys() == DESCRIPTIONS.keys()
    assert preset("plain").name == "plain"
    with pytest.raises(ConfigError, match="choose auto"):
        preset("nope")

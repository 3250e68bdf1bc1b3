"""What all settings share: words for people, JSON, and refusals that say what is wrong."""

import dataclasses
import json

import pytest

from napari_unet import config
from napari_unet.config import (
    OptimConfig,
    PreprocessConfig,
    Recipe,
    SplitConfig,
    UNetConfig,
)
from napari_unet.errors import ConfigError
from napari_unet.presets import PRESETS
from napari_unet.schema import from_json, to_json

SETTINGS = [
    cls
    for name in config.__all__
    if dataclasses.is_dataclass(cls := getattr(config, name)) and cls is not Recipe
]


@pytest.mark.parametrize("recipe", PRESETS.values(), ids=PRESETS)
def test_recipes_survive_json(recipe):
    assert from_json(Recipe, json.loads(json.dumps(to_json(recipe)))) == recipe


@pytest.mark.parametrize("cls", SETTINGS)
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
        (UNetConfig, {"nonsense": 1}, "unknown setting nonsense"),
        (UNetConfig, [1], "object"),
        (PreprocessConfig, {"size": [64]}, "two numbers"),
        (OptimConfig, {"lr": float("nan")}, "a number"),
        (OptimConfig, {"lr": -1.0}, "below 0"),
        (SplitConfig, {"train": 0.0}, "above zero"),
    ],
)
def test_bad_settings_are_refused_in_words(cls, data, words):
    with pytest.raises(ConfigError, match=words):
        from_json(cls, data)


def test_whole_numbers_pass_for_numbers():
    assert from_json(OptimConfig, {"lr": 1}).lr == 1.0

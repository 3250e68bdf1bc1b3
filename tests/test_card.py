import json
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from napari_unet.card import KEY, ModelCard, parse_card, read_card
from napari_unet.config import PreprocessConfig, UNetConfig
from napari_unet.data.cases import LabelRule
from napari_unet.errors import ConfigError, ModelError
from napari_unet.schema import to_json

CARD = ModelCard("m", UNetConfig(), PreprocessConfig(), LabelRule())


def write(path, header, body=b""):
    text = json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(text)) + text + body)
    return path


def test_card_survives_the_file(tmp_path):
    file = write(tmp_path / "a.unet.safetensors", {"__metadata__": {KEY: CARD.dumps()}})
    assert read_card(file) == CARD


def test_class_names_must_fit_the_outputs():
    with pytest.raises(ConfigError, match="class names"):
        ModelCard("m", UNetConfig(out_channels=4), PreprocessConfig(), LabelRule())


def test_newer_format_is_named():
    data = {**to_json(CARD), "format": 99, "something": "new"}
    with pytest.raises(ModelError, match="newer napari-unet"):
        parse_card(json.dumps(data), "m")


@pytest.mark.parametrize(
    ("header", "body", "words"),
    [
        ({"__metadata__": {}}, b"", "not a model of napari-unet"),
        ({"__metadata__": {KEY: "{"}}, b"", "cannot be read"),
        ({"__metadata__": {KEY: "[]"}}, b"", "cannot be read"),
        ({"w": {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]}}, b"1234", "damaged"),
        ({"w": 3}, b"", "no model file"),
        ([], b"", "no model file"),
    ],
)
def test_other_files_are_refused(tmp_path, header, body, words):
    with pytest.raises(ModelError, match=words):
        read_card(write(tmp_path / "x", header, body))


@given(st.binary(max_size=64))
def test_no_bytes_crash_the_reader(tmp_path_factory, data):
    file = tmp_path_factory.mktemp("bytes") / "x"
    file.write_bytes(data)
    with pytest.raises(ModelError):
        read_card(file)


def test_missing_file_is_named(tmp_path):
    with pytest.raises(ModelError, match="no model file"):
        read_card(tmp_path / "none")


def test_a_folder_is_no_model(tmp_path):
    with pytest.raises(ModelError):
        read_card(tmp_path)


def test_the_image_s_channels_are_those_of_one_slice():
    network = UNetConfig(in_channels=9)
    card = ModelCard("m", network, PreprocessConfig(neighbours=1), LabelRule())
    assert card.image_channels == 3
    with pytest.raises(ConfigError, match="9 channels are not those of 5 slices"):
        ModelCard("m", network, PreprocessConfig(neighbours=2), LabelRule())


def test_a_network_and_its_working_size_have_as_many_dimensions():
    with pytest.raises(ConfigError, match="3D network needs 3 numbers"):
        ModelCard("m", UNetConfig(dims=3), PreprocessConfig(), LabelRule())

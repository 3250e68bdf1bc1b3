import base64
import hashlib
import io
import json
import struct
from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from napari_unet.card import (
    KEY,
    PICTURE_KEY,
    ModelCard,
    checksum,
    parse_card,
    read_card,
    read_picture,
)
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


def test_settings_of_later_versions_are_told_apart_from_damage():
    data = to_json(CARD)
    data["network"]["wings"] = 2
    with pytest.raises(ModelError, match=r"unknown setting wings.*newer napari-unet may"):
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


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"about": ["x"]}, "about is no table"),
        ({"labels": LabelRule(values=(1, 2))}, "2 values for 1 classes"),
        ({"labels": LabelRule(values=(1 << 64,))}, "64 bits"),
        ({"labels": LabelRule(colours=("red",))}, "#rrggbb"),
        ({"preprocess": PreprocessConfig(size=(4096, 4096, 4096))}, "any memory|numbers"),
    ],
)
def test_what_decides_must_make_sense(changes, words):
    with pytest.raises(ConfigError, match=words):
        replace(CARD, **changes)


def test_the_history_of_a_long_training_is_thinned_out(monkeypatch):
    monkeypatch.setattr("napari_unet.card.MAX_CARD", 10_000)
    history = [{"epoch": i, "class_dice": {"a": 0.123456789}} for i in range(501)]
    card = replace(CARD, training={"history": history})
    kept = [row["epoch"] for row in parse_card(card.dumps(), "m").training["history"]]
    assert len(card.dumps()) < 10_000
    assert len(kept) > 100 and kept[-1] == 500
    assert {b - a for a, b in pairwise(kept)} == {4}


def picture(side=8, **options):
    buffer = io.BytesIO()
    Image.new("RGB", (side, side)).save(buffer, "PNG", **options)
    return buffer.getvalue()


def with_picture(path, data):
    metadata = {KEY: CARD.dumps(), PICTURE_KEY: base64.b64encode(data).decode()}
    return write(path, {"__metadata__": metadata})


def test_the_picture_comes_back(tmp_path):
    assert read_picture(with_picture(tmp_path / "m", picture())) == picture()
    assert read_picture(write(tmp_path / "n", {"__metadata__": {KEY: CARD.dumps()}})) is None


def test_other_pictures_count_as_none(tmp_path):
    text = PngInfo()
    text.add_text("Comment", "A" * 1_000_000, zip=True)  # a kilobyte in the file
    bad = (
        b"\x89PNG\r\n\x1a\n",
        picture()[:-1],
        picture()[:-12],
        picture().replace(b"IDAT", b"IDAU"),
        picture(2000),
        picture(pnginfo=text),
        b"GIF89a",
    )
    for data in bad:
        assert read_picture(with_picture(tmp_path / "m", data)) is None


def test_the_checksum_is_of_the_weights_alone(tmp_path):
    tensor = {"w": {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}}
    one, same, other = (
        checksum(write(tmp_path / "m", {"__metadata__": {KEY: text}, **tensor}, body))
        for text, body in ((CARD.dumps(), b"abcd"), ("{}", b"abcd"), ("{}", b"abce"))
    )
    assert one == same == hashlib.sha256(b"abcd").hexdigest() != other

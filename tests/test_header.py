import json
import struct

import pytest

from napari_unet.errors import ModelError
from napari_unet.header import MAX_HEADER, Stored, body, no_repeats, opened, read_header

TENSORS = {
    "b": {"dtype": "F16", "shape": [2, 3], "data_offsets": [8, 20]},
    "a": {"dtype": "I64", "shape": [], "data_offsets": [0, 8]},
}
BYTES = bytes(range(20))


def write(path, header, data=BYTES):
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(text)) + text + data)
    return path


def test_texts_and_tensors_are_found(tmp_path):
    path = write(tmp_path / "m", {"__metadata__": {"key": "text"}, **TENSORS})
    header = read_header(path)
    assert header.metadata == {"key": "text"}
    assert header.tensors == {
        "a": Stored("I64", (), 0, 8),
        "b": Stored("F16", (2, 3), 8, 20),
    }
    assert (header.start, header.size) == (path.stat().st_size - 20, path.stat().st_size)
    with opened(path) as (file, header):
        assert b"".join(body(file, header, "m", chunk=7)) == BYTES


def test_a_header_may_be_padded_with_spaces(tmp_path):
    path = write(tmp_path / "m", json.dumps(TENSORS).encode().ljust(512))
    assert read_header(path).metadata == {}


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"dtype": "F64"}, "b is of type F64"),
        ({"shape": [7]}, "b does not lie"),
        ({"data_offsets": [7, 19]}, "b does not lie"),
        ({"shape": [-2, -3]}, "header cannot be read"),
        ({"shape": [1] * 9}, "header cannot be read"),
    ],
)
def test_tensors_must_fill_the_file(tmp_path, change, words):
    path = write(tmp_path / "m", {**TENSORS, "b": {**TENSORS["b"], **change}})
    with pytest.raises(ModelError, match=words):
        read_header(path)


def test_headers_are_bounded(tmp_path):
    text = json.dumps(TENSORS).encode()
    assert read_header(write(tmp_path / "m", text.ljust(MAX_HEADER))).tensors
    with pytest.raises(ModelError, match="its header takes 4,194,305 bytes"):
        read_header(write(tmp_path / "m", text.ljust(MAX_HEADER + 1)))


def test_what_was_cut_off_meanwhile_is_missed(tmp_path):
    path = write(
        tmp_path / "m",
        {"w": {"dtype": "F32", "shape": [1 << 16], "data_offsets": [0, 1 << 18]}},
        bytes(1 << 18),
    )
    with opened(path) as (file, header):
        with path.open("rb+") as other:
            other.truncate(1 << 17)
        with pytest.raises(ModelError, match="changed while it was read"):
            list(body(file, header, "m"))


def test_whatever_cannot_be_read_is_named(tmp_path):
    with pytest.raises(ModelError, match="There is no model file"):
        read_header(tmp_path / "none")
    with pytest.raises(ModelError, match=r"is no file|cannot be read"):
        read_header(tmp_path)
    (tmp_path / "m").touch()
    with pytest.raises(ModelError, match="m is no model file: it is empty"):
        read_header(tmp_path / "m")


def test_a_key_stands_once():
    assert no_repeats([("a", 1), ("b", 2)]) == {"a": 1, "b": 2}
    with pytest.raises(ValueError, match="twice"):
        no_repeats([("a", 1), ("a", 1)])

"""Model files that mean harm, or came to it: each made from a good one by one function.

`REFUSED` must be refused with one sentence by whatever reads the weights; `READ` are harmless once
what they say was cleaned. None may be executed, take much memory, or take long.
"""

from __future__ import annotations

import io
import json
import os
import pickle
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch

from napari_unet.card import GRAPH_KEY, KEY, PICTURE_KEY
from napari_unet.header import MAX_BODY, MAX_HEADER

Make = Callable[[bytes, Path], bytes | None]  # from a good file's bytes; None: it wrote `path`
REFUSED: dict[str, Make] = {}
READ: dict[str, Make] = {}


def refused(make: Make) -> Make:
    REFUSED[make.__name__] = make
    return make


def read(make: Make) -> Make:
    READ[make.__name__] = make
    return make


def each(table: dict[str, Make], name: str, make: Make) -> None:
    table[name] = make


def parts(good: bytes) -> tuple[dict, bytes]:
    length = struct.unpack("<Q", good[:8])[0]
    return json.loads(good[8 : 8 + length]), good[8 + length :]


def whole(header: object, body: bytes) -> bytes:
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + body


def with_header(change: Callable[[dict], object]) -> Make:
    """Return what changes a file's header."""

    def make(good: bytes, path: Path) -> bytes:
        header, body = parts(good)
        changed = change(header)
        return whole(header if changed is None else changed, body)

    return make


def with_card(change: Callable[[dict], object]) -> Make:
    """Return what changes the card in a file's header."""

    def changed(header: dict) -> None:
        card = json.loads(header["__metadata__"][KEY])
        found = change(card)
        text = found if isinstance(found, str) else json.dumps(card if found is None else found)
        header["__metadata__"][KEY] = text

    return with_header(changed)


def tensor_named(name: str) -> Make:
    """Return what adds a tensor of this name, and its bytes."""

    def make(good: bytes, path: Path) -> bytes:
        header, body = parts(good)
        place = [len(body), len(body) + 4]
        header[name] = {"dtype": "F32", "shape": [1], "data_offsets": place}
        return whole(header, body + bytes(4))

    return make


def with_weight(value: float, dtype: str = "<f4", key: str = "head.weight") -> Make:
    """Return what puts a value into the middle of a weight."""

    def make(good: bytes, path: Path) -> bytes:
        header, body = parts(good)
        start, end = header[key]["data_offsets"]
        at = start + (end - start) // 2 // 4 * 4
        return whole(header, body[:at] + np.array(value, dtype).tobytes() + body[at + 4 :])

    return make


class Marker:
    """Executed when it is unpickled: leaves a folder that tells of it."""

    def __init__(self, path: Path) -> None:
        self.path = str(path)

    def __reduce__(self) -> tuple:
        return (os.mkdir, (self.path,))


# --- no model files at all -----------------------------------------------------------------------


@refused
def a_pickle(good: bytes, path: Path) -> bytes:
    return pickle.dumps(Marker(path.parent / "executed"))


@refused
def a_torch_archive(good: bytes, path: Path) -> bytes:
    buffer = io.BytesIO()
    torch.save({"w": Marker(path.parent / "executed")}, buffer)
    return buffer.getvalue()


@refused
def an_old_torch_file(good: bytes, path: Path) -> bytes:
    buffer = io.BytesIO()
    torch.save(Marker(path.parent / "executed"), buffer, _use_new_zipfile_serialization=False)
    return buffer.getvalue()


@refused
def a_pickled_array(good: bytes, path: Path) -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, np.array([Marker(path.parent / "executed")], object), allow_pickle=True)
    return buffer.getvalue()


@refused
def a_pickle_behind_a_length(good: bytes, path: Path) -> bytes:
    return whole(pickle.dumps(Marker(path.parent / "executed")), b"")


@refused
def an_archive_that_unfolds(good: bytes, path: Path) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("zeros", bytes(1 << 24))
    return buffer.getvalue()


@refused
def nothing(good: bytes, path: Path) -> bytes:
    return b""


@refused
def seven_bytes(good: bytes, path: Path) -> bytes:
    return good[:7]


# --- headers --------------------------------------------------------------------------------------

for n in (0, 1, 1 << 31, 1 << 40, (1 << 63) + 1, (1 << 64) - 1):
    each(REFUSED, f"header_of_{n}_bytes", lambda g, p, n=n: struct.pack("<Q", n) + g[8:])


def sparse(path: Path, start: bytes, size: int) -> None:
    with path.open("wb") as file:
        file.write(start)
        file.truncate(size)


@refused
def a_gigabyte_of_header(good: bytes, path: Path) -> None:
    sparse(path, struct.pack("<Q", 1 << 30), (1 << 30) + 8)


@refused
def a_header_padded_to_gigabytes(good: bytes, path: Path) -> bytes:
    header, body = parts(good)
    return whole(json.dumps(header).encode().ljust(MAX_HEADER + 1), body)


@refused
def a_header_full_of_objects(good: bytes, path: Path) -> bytes:
    return whole(b'{"a":[' + b"{}," * (MAX_HEADER // 3 - 10) + b"{}]}", b"")


@refused
def a_header_full_of_tensors(good: bytes, path: Path) -> bytes:
    one = {"dtype": "F32", "shape": [0], "data_offsets": [0, 0]}
    return whole({f"w{i}": one for i in range(20_000)}, b"")


for name, text in {
    "nested": b"[" * 1_000_000,
    "nested_objects": b'{"a":' * 500_000,
    "utf16": '{"a": 1}'.encode("utf-16"),
    "marked": b'\xef\xbb\xbf{"__metadata__":{}}',
    "not_utf8": b'{"\xff": 1}',
    "number": b"17",
    "null": b"null",
    "nan": b'{"w": NaN}',
    "digits": b'{"w": ' + b"9" * 100_000 + b"}",
}.items():
    each(REFUSED, f"header_{name}", lambda g, p, text=text: whole(text, b""))


@refused
def the_card_twice(good: bytes, path: Path) -> bytes:
    header, body = parts(good)
    text = json.dumps(header)
    return whole((text[:-1] + ', "__metadata__": {}}').encode(), body)


@refused
def a_tensor_twice(good: bytes, path: Path) -> bytes:
    header, body = parts(good)
    text = json.dumps(header)
    return whole(f'{text[:-1]}, "head.bias": {json.dumps(header["head.bias"])}}}'.encode(), body)


for name, metadata in {
    "number": 3,
    "list": [],
    "null": None,
    "of_numbers": {KEY: 3},
    "of_tables": {KEY: {}},
    "none": {},
}.items():
    change = with_header(lambda h, metadata=metadata: h.update(__metadata__=metadata))
    each(REFUSED, f"metadata_{name}", change)


# --- tensors --------------------------------------------------------------------------------------


def tensor(**changes: object) -> Make:
    return with_header(lambda h: h["head.weight"].update(changes))


for name, shape in {
    "other": [4, 4],
    "zero": [0],
    "negative": [-1, -4],
    "huge": [1 << 62, 1 << 62],
    "fraction": [1.0, 4],
    "truth": [True, 4, 1, 1],
    "text": "abcd",
    "number": 4,
    "null": None,
    "deep": [1] * 100_000,
    "digits": [10**300],
}.items():
    each(REFUSED, f"shape_{name}", tensor(shape=shape))
for name, dtype in {
    **{t: t for t in ("F64", "I32", "U8", "BOOL", "F8_E4M3", "F4", "C64", "I64", "f32", "")},
    "path": "../../etc/passwd",
    "number": 3,
    "null": None,
}.items():
    each(REFUSED, f"type_{name}", tensor(dtype=dtype))
for name, offsets in {
    "negative": [-4, 12],
    "backwards": [16, 0],
    "beyond": [0, 1 << 50],
    "digits": [0, 10**300],
    "three": [0, 8, 16],
    "text": ["0", "16"],
    "null": None,
    "same_as_another": [0, 16],
    "fraction": [0.0, 16.0],
}.items():
    each(REFUSED, f"offsets_{name}", tensor(data_offsets=offsets))


def two_in_one_place(header: dict) -> None:
    header["decoder.0.conv1.weight"]["data_offsets"] = header["decoder.0.conv2.weight"][
        "data_offsets"
    ]


each(REFUSED, "tensors_in_one_place", with_header(two_in_one_place))
each(REFUSED, "a_tensor_missing", with_header(lambda h: h.pop("head.bias") and None))
each(REFUSED, "a_tensor_is_a_number", with_header(lambda h: h.update({"head.bias": 3})))
each(REFUSED, "no_tensors", with_header(lambda h: {"__metadata__": h["__metadata__"]}))
each(REFUSED, "bytes_more", lambda g, p: g + bytes(64))
each(REFUSED, "bytes_less", lambda g, p: g[:-64])


each(REFUSED, "a_tensor_more", tensor_named("more.weight"))
each(REFUSED, "a_tensor_with_a_nasty_name", tensor_named("../\x1b[31m\ud800\n" + "A" * 100_000))
each(REFUSED, "a_type_with_a_nasty_name", tensor(dtype="\x1b[31m\n" + "A" * 100_000))


@refused
def empty_tensors_more(good: bytes, path: Path) -> bytes:
    header, body = parts(good)
    place = [len(body), len(body)]
    header["empty"] = {"dtype": "F32", "shape": [0, 1 << 40], "data_offsets": place}
    return whole(header, body)


@refused
def weights_of_integers(good: bytes, path: Path) -> bytes:
    header, body = parts(good)
    header["head.bias"].update(dtype="I64")  # as many bytes as two float32
    header["head.bias"]["data_offsets"] = [0, 8]
    return whole(
        {"__metadata__": header["__metadata__"], "head.bias": header["head.bias"]}, body[:8]
    )


each(REFUSED, "nan_weight", with_weight(np.nan))
each(REFUSED, "infinite_weight", with_weight(np.inf))
each(REFUSED, "negative_infinite_weight", with_weight(-np.inf))
each(REFUSED, "nan_mean", with_weight(np.nan, key="bottleneck.norm1.running_mean"))
each(REFUSED, "negative_variance", with_weight(-1.0, key="bottleneck.norm1.running_var"))


def giant(header: dict) -> dict:
    """Return a header of a network that the card agrees with, and no computer holds."""
    from napari_unet.config import UNetConfig
    from napari_unet.schema import to_json
    from napari_unet.unet.model import UNet

    config = UNetConfig(depth=8, channels=(4096,) * 9)
    card = json.loads(header["__metadata__"][KEY])
    card["network"] = to_json(config)
    found, at = {"__metadata__": {KEY: json.dumps(card)}}, 0
    with torch.device("meta"):
        weights = UNet(config).state_dict()
    for name, weight in weights.items():
        end = at + 4 * weight.numel()
        place = {"shape": list(weight.shape), "data_offsets": [at, end]}
        found[name] = {"dtype": "F32", **place}
        at = end
    return found


@refused
def a_giant_that_takes_no_room(good: bytes, path: Path) -> None:
    header = giant(parts(good)[0])
    start = whole(header, b"")
    size = max(v["data_offsets"][1] for k, v in header.items() if k != "__metadata__")
    assert size > MAX_BODY
    sparse(path, start, len(start) + size)


# --- cards ----------------------------------------------------------------------------------------

for name, text in {
    "nested": "[" * 500_000,
    "broken": "{",
    "empty": "",
    "list": "[]",
    "text": '"card"',
    "number": "3",
    "twice": '{"name": "a", "name": "b"}',
    "digits": '{"threshold": ' + "9" * 100_000 + "}",
    "nothing": "{}",
}.items():
    each(REFUSED, f"card_{name}", with_card(lambda c, text=text: text))


def set_card(**changes: object) -> Make:
    return with_card(lambda c: c.update(changes))


def within(section: str, **changes: object) -> Make:
    return with_card(lambda c: c[section].update(changes))


for name, make in {
    "newer": set_card(format=2),
    "much_newer": set_card(format=10**30, something="new"),
    "format_text": set_card(format="1"),
    "unknown": set_card(code="__import__('os').system('true')"),
    "name_number": set_card(name=3),
    "name_null": set_card(name=None),
    "threshold_nan": set_card(threshold=float("nan")),
    "threshold_infinite": set_card(threshold=float("inf")),
    "threshold_huge": set_card(threshold=10**400),
    "threshold_text": set_card(threshold="0.5"),
    "training_list": set_card(training=[1]),
    "versions_text": set_card(versions="1"),
    "about_list": set_card(about=["x"]),
    "network_null": set_card(network=None),
    "network_list": set_card(network=[]),
    "encoder_address": within("network", encoder="hf-hub:somebody/something"),
    "giant_channels": within("network", depth=8, channels=[4096] * 9),
    "huge_channels": within("network", depth=1, channels=[10**9, 10**9]),
    "many_channels": within("network", depth=1, channels=[1] * 20_000),
    "in_channels": within("network", in_channels=10**9),
    "out_channels": within("network", out_channels=10**9),
    "depth": within("network", depth=10**6),
    "depth_negative": within("network", depth=-1),
    "depth_digits": within("network", depth=10**300),
    "dims": within("network", dims=4),
    "size": within("preprocess", size=[10**9, 10**9]),
    "size_negative": within("preprocess", size=[-8, 8]),
    "size_fraction": within("preprocess", size=[32.5, 32]),
    "neighbours": within("preprocess", neighbours=10**6),
    "mean_infinite": within("preprocess", intensity="dataset", mean=[float("inf")], std=[1.0]),
    "mean_nan": within("preprocess", intensity="dataset", mean=[float("nan")], std=[1.0]),
    "std_zero": within("preprocess", intensity="dataset", mean=[0.0], std=[0.0]),
    "std_huge": within("preprocess", intensity="dataset", mean=[0.0], std=[10**400]),
    "classes_missing": within("labels", names=[]),
    "classes_many": within("labels", names=["a"] * 20_000),
    "classes_numbers": within("labels", names=[3]),
    "classes_nested": within("labels", names=[["a"]]),
    "values_huge": within("labels", values=[10**30]),
    "values_many": within("labels", values=[1, 2, 3]),
    "colours_code": within("labels", colours=["red; background: url(file:///etc/passwd)"]),
    "label_threshold_nan": within("labels", threshold=float("nan")),
    "labels_null": set_card(labels=None),
}.items():
    each(REFUSED, f"card_{name}", make)


def volumes_of_terabytes(card: dict) -> None:
    card["network"].update(dims=3)
    card["preprocess"].update(size=[4096, 4096, 4096])


each(REFUSED, "card_volumes_of_terabytes", with_card(volumes_of_terabytes))


# --- harmless, once cleaned -----------------------------------------------------------------------

SHORT = "\x1b[2J\x1b]0;owned\x07\u202egpj.exe\x00\ud800\r\n<img src=file:///etc/passwd>"
NASTY = SHORT + "A" * 50_000

for name, make in {
    "nasty_name": set_card(name=NASTY),
    "name_that_leads_elsewhere": set_card(name="../../../etc/passwd"),
    "windows_name": set_card(name="..\\..\\con"),
    "empty_name": set_card(name=""),
    "nasty_classes": within("labels", names=[NASTY]),
    "nasty_about": set_card(about={NASTY: NASTY, "licence": NASTY}),
    "about_numbers": set_card(about={"use": 3, "limits": {"a": [NASTY]}}),
    "nasty_versions": set_card(versions={NASTY: NASTY}, created=NASTY),
    "records_of_another_kind": set_card(
        training={"history": 3, "seconds": "x", "recipe": [], "start": 7},
        data={"cases": "many", "patients": [], "subsets": 3, "folder": {}},
        scores={"val_dice": "good", "epoch": {}, "subsets": [3]},
    ),
    "scores_of_another_kind": set_card(
        scores={"subsets": {"test": {"mean": [SHORT]}, SHORT: {"mean": {"dice": {}}}, "val": 3}}
    ),
    "history_of_texts": set_card(training={"history": [{"epoch": SHORT}] * 1000}),
    "numbers_without_end": set_card(
        data={"cases": 10**400}, scores={"val_dice": float("inf"), "epoch": 10**30}
    ),
    "picture_is_none": with_header(lambda h: h["__metadata__"].update({PICTURE_KEY: "%%%"})),
    "picture_is_a_pickle": with_header(lambda h: h["__metadata__"].update({PICTURE_KEY: "gASV"})),
    "picture_is_large": with_header(
        lambda h: h["__metadata__"].update({PICTURE_KEY: "A" * 2_000_000})
    ),
    "evil_graph": with_header(
        lambda h: h["__metadata__"].update({GRAPH_KEY: '{"steps":[["x","system",{},{}]]}'})
    ),
    "texts_of_others": with_header(lambda h: h["__metadata__"].update({NASTY: NASTY})),
}.items():
    each(READ, name, make)


# --- what is no file ------------------------------------------------------------------------------

if os.name == "posix":

    @refused
    def a_folder(good: bytes, path: Path) -> None:
        path.mkdir()

    @refused
    def a_pipe(good: bytes, path: Path) -> None:
        os.mkfifo(path)

    @refused
    def zeros_without_end(good: bytes, path: Path) -> None:
        path.symlink_to("/dev/zero")

    @refused
    def a_link_to_nothing(good: bytes, path: Path) -> None:
        path.symlink_to(path.parent / "nothing there")

    @refused
    def a_link_to_itself(good: bytes, path: Path) -> None:
        path.symlink_to(path)

    @refused
    def a_file_s_name_with_colours(good: bytes, path: Path) -> None:
        target = path.with_name("\x1b[31m\u202ered")
        target.write_bytes(b"")
        path.symlink_to(target)


def write(folder: Path, good: bytes, table: dict[str, Make]) -> list[Path]:
    """Write every file of a table into a folder that need not exist."""
    found = []
    for name, make in table.items():
        path = folder / f"{name}.unet.safetensors"
        path.parent.mkdir(parents=True, exist_ok=True)
        data = make(good, path)
        if data is not None:
            path.write_bytes(data)
        found.append(path)
    return found

"""The header of a safetensors file, read without trusting it.

The format (https://github.com/huggingface/safetensors, "Format"): eight bytes that say how long the
header is, the header (a JSON object: each tensor's type, shape and place, and ``__metadata__``, a
table of texts), then the tensors' bytes one after the other. Whoever wrote the file may have meant
harm: nothing here believes a number before it was compared with the file, and nothing is executed.
Neither torch nor safetensors is needed.
"""

from __future__ import annotations

import json
import math
import os
import stat
import struct
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from napari_unet.errors import ModelError
from napari_unet.printable import printable

# safetensors itself allows 100 MB, which as Python's objects take gigabytes and half a minute. A
# model's card takes 0.4 MB with a thousand epochs and 2 MB at most (a fifth more as text within
# text), the picture 0.1 MB, tensors and steps of the deepest networks 0.1 MB.
MAX_HEADER = 4 << 20
MAX_BODY = 4 << 30  # bytes of weights: a thousand million in float32, of which nobody has a U-Net
MAX_AXES = 8
SIZES = {"F32": 4, "F16": 2, "BF16": 2, "I64": 8}  # bytes of a number, by the format's names


@dataclass(frozen=True)
class Stored:
    """A tensor's type, shape, and first and last byte (exclusive) after the header."""

    dtype: str
    shape: tuple[int, ...]
    start: int
    end: int


@dataclass(frozen=True)
class Header:
    """What a file's header says; its tensors fill the file from ``start`` to its end exactly."""

    metadata: Mapping[str, str]
    tensors: Mapping[str, Stored]
    start: int
    size: int

    @property
    def body(self) -> int:
        """Bytes of all tensors."""
        return self.size - self.start


def read_header(path: str | Path) -> Header:
    """Return the header of a file; raises what `opened` does."""
    with opened(path) as (_, header):
        return header


@contextmanager
def opened(path: str | Path) -> Iterator[tuple[BinaryIO, Header]]:
    """Open a file whose header is sound, at the first byte after the header.

    Raises
    ------
    ModelError
        If there is none, it cannot be read, is no safetensors file, or is not as its header says.
    """
    path = Path(path)
    try:
        with _plain_file(path) as file:
            yield file, _header(file, path.name)
    except FileNotFoundError as e:
        raise ModelError(f"There is no model file {path}.") from e
    except OSError as e:
        raise ModelError(f"{path} cannot be read ({e.strerror or e}).") from e


def body(file: BinaryIO, header: Header, name: str, chunk: int = 1 << 20) -> Iterator[bytes]:
    """Yield the bytes after the header, a chunk at a time.

    Raises
    ------
    ModelError
        If there are fewer than there were when the header was read.
    """
    left = header.body
    while left:
        part = file.read(min(chunk, left))
        if not part:
            raise ModelError(f"{name} was changed while it was read. Try again.")
        left -= len(part)
        yield part


def _plain_file(path: Path) -> BinaryIO:
    """Open a file, but no folder, pipe or device: those have no end, or never begin."""
    # Not to wait for somebody who writes into a pipe; what is opened is looked at, not its name.
    number = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    file = os.fdopen(number, "rb") if stat.S_ISREG(os.fstat(number).st_mode) else None
    if file is None:
        os.close(number)
        raise ModelError(f"{path} is no file. A model is a single .unet.safetensors file.")
    return file


def _header(file: BinaryIO, name: str) -> Header:
    size = os.fstat(file.fileno()).st_size
    start = file.read(8)
    length = struct.unpack("<Q", start)[0] if len(start) == 8 else 0
    if not 2 <= length <= size - 8:
        why = "it does not begin like a .unet.safetensors file" if size else "it is empty"
        raise ModelError(f"{name} is no model file: {why}.")
    if length > MAX_HEADER:
        raise ModelError(
            f"{name} is no model file: its header takes {length:,} bytes, those of models at most "
            f"{MAX_HEADER:,}."
        )
    text = file.read(length)
    if len(text) != length:
        raise ModelError(f"{name} was changed while it was read. Try again.")
    try:
        found = json.loads(text.decode("utf-8"), object_pairs_hook=no_repeats)
        metadata, tensors = _tables(found)
    except (ValueError, TypeError, KeyError, RecursionError) as e:
        raise ModelError(f"{name} is no model file: its header cannot be read.") from e
    header = Header(metadata, tensors, 8 + length, size)
    if problem := _misplaced(header):
        raise ModelError(f"{name} is damaged: {problem}.")
    return header


def no_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Return a JSON object; of two values for one key, readers would choose differently."""
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a key stands twice in one object")
    return found


def _tables(found: Any) -> tuple[dict[str, str], dict[str, Stored]]:
    """Return texts and tensors; raises ValueError, TypeError or KeyError if this is no header."""
    if not isinstance(found, dict):
        raise TypeError("no JSON object")
    metadata = found.pop("__metadata__", {})
    if not isinstance(metadata, dict) or not all(isinstance(v, str) for v in metadata.values()):
        raise TypeError("__metadata__ is no table of texts")
    tensors = {}
    for key, value in found.items():
        shape, (start, end) = tuple(value["shape"]), value["data_offsets"]
        if any(type(n) is not int or n < 0 for n in (*shape, start, end)):
            raise ValueError("sizes are whole numbers")
        if len(shape) > MAX_AXES or not isinstance(value["dtype"], str):
            raise ValueError("no tensor of this kind")
        tensors[key] = Stored(value["dtype"], shape, start, end)
    return metadata, tensors


def shown(key: str) -> str:
    """Return a tensor's name as it can be shown, whatever it is."""
    return printable(key, 80, lines=False)


def _misplaced(header: Header) -> str:
    """Say how tensors and file disagree; empty if each byte belongs to one tensor."""
    at = 0
    for key, one in sorted(header.tensors.items(), key=lambda item: (item[1].start, item[1].end)):
        if one.dtype not in SIZES:
            return f"{shown(key)} is of type {shown(one.dtype)}, as no weights of this program are"
        if one.start != at or one.end - one.start != math.prod(one.shape) * SIZES[one.dtype]:
            return f"{shown(key)} does not lie where it should"
        at = one.end
    if at != header.body:
        return f"{header.size:,} bytes are not what its header describes"
    if at > MAX_BODY:
        return f"it claims {at:,} bytes of weights; no model has more than {MAX_BODY:,}"
    return ""

"""MATLAB files of version 5 to 7.2: numeric arrays, text, and the members of structs.

SciPy's reader is fast C that trusts the file, and one wrong byte ends the whole program. Here every
size is checked against what is there, so that a damaged file is an error like any other. The layout
is that of "MAT-File Level 5 File Format" (The MathWorks).
"""

from __future__ import annotations

import math
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import numpy as np

from napari_unet.errors import DataError

HEADER = 128  # bytes before the first element
LARGEST = 2**30  # bytes that one compressed variable may unfold to

# Types of stored data, and codecs where they are text.
NUMBERS = {
    **{1: "i1", 2: "u1", 3: "i2", 4: "u2", 5: "i4", 6: "u4", 7: "f4", 9: "f8", 12: "i8", 13: "u8"},
}
TEXT = {1: "latin-1", 2: "latin-1", 4: "utf-16", 16: "utf-8", 17: "utf-16", 18: "utf-32"}
MATRIX, COMPRESSED = 14, 15
NOTHING = (0, memoryview(b""))  # the element after the last

# Classes of arrays.
STRUCT, CHAR = 2, 4
CLASSES = {
    **{6: "f8", 7: "f4", 8: "i1", 9: "u1", 10: "i2", 11: "u2", 12: "i4", 13: "u4", 14: "i8"},
    15: "u8",
}


def is_mat5(path: Path) -> bool:
    """Say whether a file has the header of this format."""
    with path.open("rb") as file:
        start = file.read(HEADER)
    return len(start) == HEADER and start[126:] in (b"IM", b"MI") and start[:4] != bytes(4)


def read_arrays(path: Path) -> dict[str, np.ndarray]:
    """Read all numeric arrays and texts; members of a struct are called ``struct/member``.

    Arrays have the shape that MATLAB shows; a text is an array of one string. Cells, objects,
    sparse and complex arrays are left out.

    Raises
    ------
    DataError
        If the file is cut short or a size in it does not fit.
    """
    data = path.read_bytes()
    order: Literal["<", ">"] = "<" if data[126:HEADER] == b"IM" else ">"
    found: dict[str, np.ndarray] = {}
    for kind, body in _elements(memoryview(data)[HEADER:], order):
        if kind == COMPRESSED:
            kind, body = next(_elements(_unfold(body), order), NOTHING)
        if kind == MATRIX and len(body):
            name, value = _matrix(body, order)
            if isinstance(value, dict):
                found |= {f"{name}/{member}": array for member, array in value.items()}
            elif value is not None:
                found[name] = value
    return found


def _elements(data: memoryview, order: str) -> Iterator[tuple[int, memoryview]]:
    """Yield type and bytes of each element in turn."""
    at = 0
    while at + 8 <= len(data):
        kind, size = (int(n) for n in np.frombuffer(data[at : at + 8], order + "u4"))
        if kind >> 16:  # a small one: type, size and up to four bytes in one place
            start, kind, size = at + 4, kind & 0xFFFF, kind >> 16
            at += 8
        else:
            start = at + 8
            at = start + size + (0 if kind == COMPRESSED else -size % 8)
        if start + size > len(data) or (start == at - 4 and size > 4):
            raise DataError("it is cut short or damaged")
        yield kind, data[start : start + size]


def _unfold(data: memoryview) -> memoryview:
    inflate = zlib.decompressobj()
    unfolded = inflate.decompress(data, LARGEST)
    if inflate.unconsumed_tail:
        raise DataError("a variable in it is too large")
    if not inflate.eof:
        raise DataError("it is cut short")
    return memoryview(unfolded)


def _matrix(
    body: memoryview, order: str, inside: bool = False
) -> tuple[str, np.ndarray | dict[str, np.ndarray] | None]:
    """Return a variable's name and its array, text or members; None for other classes."""
    elements = _elements(body, order)
    flags = _number(next(elements, NOTHING), order)
    kind, is_complex = flags & 0xFF, bool(flags & 0x0800)
    if kind not in (STRUCT, CHAR, *CLASSES) or is_complex:
        return "", None
    shape = tuple(int(n) for n in _numbers(next(elements, NOTHING), order))
    name = bytes(next(elements, NOTHING)[1]).decode("latin-1")
    if kind == STRUCT:
        one = not inside and math.prod(shape) == 1
        return name, _members(elements, order) if one else None
    stored = next(elements, NOTHING)
    if kind == CHAR:
        return name, _text(stored, order)
    values = _numbers(stored, order)
    if not shape or min(shape) < 0 or math.prod(shape) != values.size:
        raise DataError("it is damaged: an array's size does not fit its values")
    return name, values.astype(CLASSES[kind]).reshape(shape, order="F")


def _members(elements: Iterator[tuple[int, memoryview]], order: str) -> dict[str, np.ndarray]:
    """Read the members of a struct, but no structs within it."""
    length = _number(next(elements, NOTHING), order)
    names = bytes(next(elements, NOTHING)[1])
    if length < 1:
        raise DataError("it is damaged: a struct's members have no names")
    members = {}
    for start in range(0, len(names), length):
        kind, body = next(elements, NOTHING)
        if kind == MATRIX and len(body):
            value = _matrix(body, order, inside=True)[1]
            if isinstance(value, np.ndarray):
                name = names[start : start + length].partition(b"\0")[0]
                members[name.decode("latin-1")] = value
    return members


def _numbers(element: tuple[int, memoryview], order: str) -> np.ndarray:
    """Return an element's numbers in the machine's byte order."""
    kind, data = element
    dtype = np.dtype(order + NUMBERS.get(kind, "u1"))
    if kind not in NUMBERS or len(data) % dtype.itemsize:
        raise DataError("it is damaged: numbers of an unknown kind")
    return np.frombuffer(data, dtype).astype(dtype.newbyteorder("="))


def _number(element: tuple[int, memoryview], order: str) -> int:
    numbers = _numbers(element, order)
    if not numbers.size:
        raise DataError("it is damaged: a number is missing")
    return int(numbers[0])


def _text(element: tuple[int, memoryview], order: str) -> np.ndarray:
    kind, data = element
    codec = TEXT.get(kind, "latin-1")
    if codec in ("utf-16", "utf-32"):
        codec += "-le" if order == "<" else "-be"
    return np.array(bytes(data).decode(codec, "replace"))

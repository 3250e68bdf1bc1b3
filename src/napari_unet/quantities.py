"""Numbers with their units, as people say them."""

from __future__ import annotations

from collections.abc import Iterable


def size_words(size: float) -> str:
    """Return a number of bytes in words, such as "7.8 MB" or "214 MB"; 1000 bytes are a kB."""
    for unit in ("bytes", "kB", "MB", "GB"):
        # Not 999.9 of one, which would be rounded to 1000 of it.
        if size < 999.5 or unit == "GB":
            break
        size /= 1000
    digits = 0 if unit == "bytes" or size >= 99.95 else 1
    return f"{size:,.{digits}f} {unit}"


def shape_words(shape: Iterable[object]) -> str:
    """Return the sides of an array in words, such as "512 × 512"."""
    return " × ".join(map(str, shape))


def plural(number: int, noun: str) -> str:
    """Return "1 case" or "2 cases"."""
    return f"{number} {noun}" + ("" if number == 1 else "s")

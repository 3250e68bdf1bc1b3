"""Texts that came from a file, made harmless to show.

A file's or a class's name may hold what a terminal obeys (colours, a cleared screen, a changed
title), what turns a line of text around, or half a character, at which printing fails.
"""

from __future__ import annotations

import unicodedata

REPLACED = "\N{REPLACEMENT CHARACTER}"
# Control characters, those that format (and turn around) text, half characters, ends of lines.
_OBEYED = frozenset(("Cc", "Cf", "Cs", "Zl", "Zp"))
_HARMLESS = frozenset("\n\t\N{ZERO WIDTH JOINER}\N{ZERO WIDTH NON-JOINER}")  # the last two: letters


def printable(text: str, most: int = 0, lines: bool = True) -> str:
    """Return a text without characters that are no text.

    Parameters
    ----------
    most
        Where to cut it; 0: nowhere.
    lines
        Keep the ends of lines; else it becomes a single one.
    """
    if not text.isprintable():
        kept = (
            c if c in _HARMLESS or unicodedata.category(c) not in _OBEYED else None for c in text
        )
        text = "".join(REPLACED if c is None else c for c in kept)
    if not lines:
        text = " ".join(text.split())
    return f"{text[: most - 1]}…" if 0 < most < len(text) else text


def _obeyed(character: str) -> bool:
    return character not in _HARMLESS and unicodedata.category(character) in _OBEYED

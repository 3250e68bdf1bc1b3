"""Which stored axis is which: as the file says, as a person says, or guessed and said.

The guess knows only sizes and the type of the values. Axes of length one are left out, unless fewer
than two would remain. An axis of at most four entries at the end or before rows and columns holds
channels, any other before rows and columns slices, and one more before these time.
"""

from __future__ import annotations

from typing import NamedTuple

from napari_unet.data.scan import AXES, Array
from napari_unet.errors import DataError

MOST_CHANNELS = 4  # a longer axis that nobody names is no axis of channels
WORDS = {"t": "time", "z": "slices", "y": "rows", "x": "columns", "c": "channels"}
UNNAMED = "qi"  # tifffile's letters for axes that a file does not name


class Layout(NamedTuple):
    """How to lay out a stored array: which of its axes, in which order, called what.

    ``order`` lists the stored axes that are kept; all others have length one.
    """

    order: tuple[int, ...]
    axes: str
    guess: str = ""

    def apply(self, array: Array) -> Array:
        """Return a view with the axes in order."""
        dropped = [i for i in range(array.ndim) if i not in self.order]
        array = array.transpose([*dropped, *self.order])
        return array[(0,) * len(dropped)] if dropped else array

    def shape(self, stored: tuple[int, ...]) -> tuple[int, ...]:
        """Return the shape that an array of this stored shape gets."""
        return tuple(int(stored[i]) for i in self.order)


def find_layout(shape: tuple[int, ...], known: str = "", wanted: str = "") -> Layout:
    """Find out which axis is which.

    Parameters
    ----------
    shape : tuple of int
        The stored shape.
    known : str
        The stored axes' letters as far as the file names them, "q" for those it does not; or "".
    wanted : str
        The stored axes' letters as a person says: of all of them, or of those longer than one.

    Raises
    ------
    DataError
        If there is no such image: fewer than two axes, more than five, or letters that do not fit.
    """
    if not shape or min(shape) < 1:
        raise DataError(f"its shape {shape} is not that of an image")
    if wanted:
        return _as_told(shape, wanted.casefold())
    known = known.casefold().replace("s", "c") or "q" * len(shape)
    if not set(known) & set(UNNAMED):
        return _arranged(shape, known, "")
    long = _long(shape, known)
    names = _guessed(tuple(shape[i] for i in long), "".join(known[i] for i in long))
    full = ["-"] * len(shape)
    for axis, name in zip(long, names, strict=True):
        full[axis] = name
    return _arranged(shape, "".join(full), _in_words(shape, long, names))


def _as_told(shape: tuple[int, ...], wanted: str) -> Layout:
    long = [i for i, n in enumerate(shape) if n > 1]
    if len(wanted) == len(shape):
        return _arranged(shape, wanted, "")
    if len(wanted) == len(long):
        names = ["-"] * len(shape)
        for axis, name in zip(long, wanted, strict=True):
            names[axis] = name
        return _arranged(shape, "".join(names), "")
    raise DataError(f"the axes {wanted!r} do not fit its shape {shape}")


def _long(shape: tuple[int, ...], known: str) -> list[int]:
    """Return the axes that count: longer than one, or named rows and columns."""
    long = [i for i, n in enumerate(shape) if n > 1 or known[i : i + 1] in ("y", "x")]
    for i in reversed(range(len(shape))):
        if len(long) >= 2:
            break
        if i not in long:
            long.append(i)
    return sorted(long)


def _guessed(shape: tuple[int, ...], known: str) -> str:
    """Name the axes of an array without axes of length one, keeping what is known."""
    if "y" in known and "x" in known:
        free = [a for a in "zt" if a not in known]
        names = ""
        for name in reversed(known):  # the innermost unnamed axis holds slices
            names = ((free.pop(0) if free else "-") if name in UNNAMED else name) + names
        return names
    if not 2 <= len(shape) <= 5:
        raise DataError(f"its shape {shape} is not that of an image")
    rest, channel = len(shape), -1
    if rest > 2 and shape[-1] <= MOST_CHANNELS:
        channel = len(shape) - 1
    elif rest > 2:
        channel = next((i for i in range(rest - 2) if shape[i] <= MOST_CHANNELS), -1)
    others = [i for i in range(rest) if i != channel]
    if len(others) > 4 or len(others) < 2:
        raise DataError(f"its shape {shape} is not that of an image")
    named = dict(zip(others, "tzyx"[-len(others) :], strict=True))
    return "".join(named.get(i, "c") for i in range(rest))


def _arranged(shape: tuple[int, ...], names: str, guess: str) -> Layout:
    """Put named axes in order; those of length one, other than rows and columns, are left out."""
    kept = [i for i, n in enumerate(shape) if n > 1 or names[i] in "yx"]
    letters = "".join(names[i] for i in kept)
    if len(set(letters)) < len(letters) or not {"y", "x"} <= set(letters) <= set(AXES):
        raise DataError(
            f"its axes {names.replace('-', '')!r} of shape {shape} are not those of one image: "
            f"each of {AXES} may be there once, y and x must"
        )
    order = sorted(kept, key=lambda i: AXES.index(names[i]))
    return Layout(tuple(order), "".join(names[i] for i in order), guess)


def _in_words(shape: tuple[int, ...], long: list[int], names: str) -> str:
    """Say what was guessed; nothing for a plain image of rows and columns."""
    if names in ("yx", "yxc"):
        return ""
    parts = ", ".join(f"{shape[i]} {WORDS.get(n, n)}" for i, n in zip(long, names, strict=True))
    return f"the file does not name its axes: taken for {parts}"

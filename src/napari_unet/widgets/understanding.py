"""How the open image is understood, how else it may be, and what is wrong with it: in words."""

from __future__ import annotations

from typing import Literal

from napari_unet.session import Message, Session
from napari_unet.widgets.case_layers import Shown
from napari_unet.widgets.reading import Opened

AXES = {
    "t": "times",
    "z": "slices",
    "y": "rows",
    "x": "columns",
    "c": "channels",
    "case": "cases",
}
POSSIBLE = {
    3: ("zyx", "tyx", "cyx", "yxc"),
    4: ("tzyx", "ztyx", "zyxc", "tyxc", "zcyx", "tcyx", "czyx", "ctyx"),
    5: ("tzyxc", "tzcyx", "tczyx", "ztcyx"),
}


class Understanding:
    """What is said of the open case."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self.words = ""  # how its image is understood
        self.other_axes: tuple[str, ...] = ()  # how else it may be, where that is a guess
        self._said = Message()

    def take(self, opened: Opened) -> None:
        """Tell of a case as it was read."""
        self.words, self.other_axes = describe(opened.shown), other_axes(opened)
        self.say(opened.warning)

    def take_stack(self, shown: Shown) -> None:
        """Tell of a stack of cases, whose axes are no guess."""
        self.words, self.other_axes = describe(shown), ()

    def say(self, text: str, kind: Literal["error", "warning"] = "warning") -> None:
        """Say what is wrong with the open case; what is said of other things is left standing."""
        if text or self.session.messages.get("dataset") is self._said:
            self._said = Message(text, kind)
            self.session.set_message("dataset", self._said)


def describe(shown: Shown) -> str:
    """Say how an image is understood: its size, axes, what a pixel measures, what is guessed."""
    scan = shown.scan
    shape = " × ".join(f"{n}" for n in scan.spatial)
    words = [AXES.get(axis, axis) for axis in shown.axis_labels or scan.axes.removesuffix("c")]
    parts = [f"{shape} ({', '.join(words)})"]
    if scan.channels:
        parts.append("in colour" if scan.colour else f"{scan.array.shape[-1]} channels")
    if scan.spacing is not None:
        unit = scan.units[-1] if scan.units else "units"
        parts.append(f"a pixel is {' × '.join(f'{s:.3g}' for s in scan.spacing)} {unit}")
    if scan.lazy:
        parts.append("read piece by piece")
    return "; ".join([*parts, *([scan.guess] if scan.guess else [])])


def other_axes(opened: Opened) -> tuple[str, ...]:
    """Return what an image's axes may be instead, as letters; none where there is no doubt.

    Time and slices cannot be told apart by looking at sizes, and few slices look like channels.
    """
    doubtful = opened.shown.scan.guess or opened.case.axes
    return POSSIBLE.get(len(opened.shown.scan.axes), ()) if doubtful else ()


def axes_in_words(axes: str) -> str:
    """Return letters of axes as words, such as "slices, rows, columns"."""
    return ", ".join(AXES[axis] for axis in axes)

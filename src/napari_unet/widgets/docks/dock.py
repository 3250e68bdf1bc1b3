"""What all docks share: a view, the viewer's desk, and signals that end with the widget."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from typing import Any, Protocol

from qtpy.QtCore import QSize
from qtpy.QtWidgets import QFileDialog, QSizePolicy, QVBoxLayout, QWidget

from napari_unet.card import SUFFIX
from napari_unet.session import Busy, Lane, Message, Place
from napari_unet.widgets.desk import Desk, desk_of
from napari_unet.widgets.parts.durations import seconds
from napari_unet.widgets.parts.page import Page


class Progressing(Protocol):
    """A view that shows how far something is."""

    def set_running(self, text: str, share: float | None, stopping: bool) -> None:
        """Show that it runs."""

    def set_idle(self) -> None:
        """Show that it does not."""


class Dock(QWidget):
    """A dock widget that shows one view; a subclass binds it to the desk."""

    place: Place

    def __init__(self, viewer: Any, view: Page) -> None:
        super().__init__()
        self.desk: Desk = desk_of(viewer)
        self.desk.docks.add(self)
        self._page = view
        self._heard: list[tuple[Any, Callable[..., Any]]] = []
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Expanding)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(view)
        # The session lives as long as the viewer, this widget may be closed before.
        self.destroyed.connect(partial(_unhear, self._heard))
        self.listen(self.desk.session.message_changed, self._show_message)
        view.message_dismissed.connect(self._clear_message)
        self._show_message(self.place)

    @property
    def open(self) -> bool:
        """Whether the widget is still there; Qt deletes one that napari closes."""
        return bool(self._heard)

    def sizeHint(self) -> QSize:  # noqa: N802
        """Return a size at which everything can be read."""
        return QSize(320, 600)

    def listen(self, signal: Any, slot: Callable[..., Any]) -> None:
        """Connect a signal of the session or its helpers for as long as the widget exists."""
        signal.connect(slot)
        self._heard.append((signal, slot))

    def unlisten(self, heard: Iterable[tuple[Any, Callable[..., Any]]]) -> None:
        """Undo `listen` for something that ended before the widget."""
        for signal, slot in heard:
            signal.disconnect(slot, missing_ok=True)
            self._heard.remove((signal, slot))

    def busy(self) -> tuple[Lane, Busy] | None:
        """Return what runs for this place."""
        running = self.desk.session.busy.items()
        return next(((lane, b) for lane, b in running if b.place == self.place), None)

    def show_running(self, view: Progressing) -> None:
        """Let a view show what runs for this place, or that nothing does."""
        running = self.busy()
        if running is None:
            view.set_idle()
        else:
            text, share = words(running[1])
            view.set_running(text, share, running[1].stopping)

    def browse_model(self) -> None:
        """Let a person choose a model file."""
        pattern = f"Models (*{SUFFIX});;All files (*)"
        path, _ = QFileDialog.getOpenFileName(self, "Choose a model", "", pattern)
        if path:
            self.desk.use_model(path, self.place)

    def add_models(self, files: Iterable[str]) -> None:
        """Add model files that were dropped here to the library, and select the last one."""
        for file in files:
            self.desk.librarian.add(
                file, lambda path: self.desk.use_model(path, self.place), place=self.place
            )

    def _show_message(self, place: str) -> None:
        if place == self.place:
            message = self.desk.session.messages.get(self.place, Message())
            self._page.set_message(message.text, message.kind)

    def _clear_message(self) -> None:
        self.desk.session.set_message(self.place, Message())


def words(busy: Busy) -> tuple[str, float | None]:
    """Say what runs and how much of it is done (None while that is unknown)."""
    progress = busy.progress
    if busy.stopping:
        return "Stopping …", None
    if progress is None:
        return f"Starting: {busy.title} …", None
    left = seconds(progress.seconds_left)
    text = f"{progress.what}{f', {left} left' if left else ' …'}"
    known = progress.total > 0 and progress.done > 0
    return text[:1].upper() + text[1:], min(progress.done / progress.total, 1.0) if known else None


def _unhear(heard: list[tuple[Any, Callable[..., Any]]], *_: object) -> None:
    for signal, slot in heard:
        signal.disconnect(slot, missing_ok=True)
    heard.clear()

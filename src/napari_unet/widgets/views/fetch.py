"""Known data sets and other addresses: size and licence first, then the download."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from qtpy.QtCore import Qt
from qtpy.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QLineEdit,
    QListWidget,
    QListWidgetItem,
    QVBoxLayout,
    QWidget,
)

from napari_unet.events import Offer
from napari_unet.quantities import plural, size_words
from napari_unet.widgets.parts.action import Action, Running
from napari_unet.widgets.parts.qt import Signal
from napari_unet.widgets.parts.strip import Strip
from napari_unet.widgets.parts.text import Text

INTRO = (
    "Choose a data set, or paste the address of a file, a figshare article or a Google Drive "
    "share. Its size and licence are shown before anything is downloaded."
)


@dataclass(frozen=True)
class Known:
    """A data set known by name, and what to say of it."""

    name: str
    title: str
    holds: str
    licence: str
    size: int


class FetchDialog(QDialog):
    """Looks an address up, shows what it offers, and downloads it."""

    look_up_wanted = Signal(str)
    fetch_wanted = Signal(str)
    cancel_wanted = Signal()

    def __init__(self, known: Sequence[Known], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("Get a data set")
        self._offer: Offer | None = None
        self.strip = Strip()
        self.intro = Text(INTRO)
        self.list = QListWidget()
        self.list.setWordWrap(True)
        self.list.setSpacing(3)
        self.list.setAccessibleName("Known data sets")
        for entry in known:
            item = QListWidgetItem(_describe(entry))
            item.setData(Qt.ItemDataRole.UserRole, entry.name)
            self.list.addItem(item)
        self.address = QLineEdit()
        self.address.setPlaceholderText("https://…")
        self.address.setAccessibleName("Address")
        self.look_up = Action("&Look up", "Ask for size and licence; nothing is downloaded")
        self.offer = Text()
        self.download = Action("&Download", "Download, unpack and open it")
        self.running = Running()
        self.buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        layout = QVBoxLayout(self)
        top: tuple[QWidget, ...] = (self.strip, self.intro, self.list, self.address, self.look_up)
        for widget in (*top, self.offer, self.download, self.running, self.buttons):
            layout.addWidget(widget)
        self.resize(480, 460)
        self._connect()
        self.set_offer(None)
        self._check()

    # --- setters ------------------------------------------------------------------------------

    def set_offer(self, offer: Offer | None) -> None:
        """Show what can be downloaded."""
        self._offer = offer
        self.offer.set_text("" if offer is None else _offered(offer))
        self.download.setVisible(offer is not None)

    def set_message(self, text: str, kind: str = "error") -> None:
        """Show a message on top; an empty one clears it."""
        self.strip.show_message(text, kind)

    def set_running(self, text: str, share: float | None, stopping: bool) -> None:
        """Show that something is looked up or downloaded."""
        self.running.set_running(text, share, stopping)
        self._check(busy=True)

    def set_idle(self, reason: str = "") -> None:
        """Show that nothing runs; ``reason`` says why nothing can be started, if so."""
        self.running.set_idle()
        self._check(reason)

    def source(self) -> str:
        """Return what was chosen: an address, else the name of a known data set."""
        item = self.list.currentItem()
        return self.address.text().strip() or (
            str(item.data(Qt.ItemDataRole.UserRole)) if item is not None else ""
        )

    # --- inside -------------------------------------------------------------------------------

    def _connect(self) -> None:
        self.list.currentRowChanged.connect(self._chosen)
        self.address.textEdited.connect(self._typed)
        self.address.returnPressed.connect(self._look_up)
        self.look_up.clicked.connect(self._look_up)
        self.download.clicked.connect(self._download)
        self.running.stop.connect(self.cancel_wanted)
        self.buttons.rejected.connect(self.reject)

    def _chosen(self, row: int) -> None:
        if row >= 0:
            self.address.clear()
            self._anew()

    def _typed(self) -> None:
        self.list.setCurrentRow(-1)
        self._anew()

    def _anew(self) -> None:
        """Forget the offer: it was of something else than what is chosen now."""
        self.set_offer(None)
        self._check()

    def _look_up(self) -> None:
        if self.source():
            self.set_message("")
            self.look_up_wanted.emit(self.source())

    def _download(self) -> None:
        if self._offer is not None:
            self.fetch_wanted.emit(self._offer.source)

    def _check(self, reason: str = "", busy: bool = False) -> None:
        nothing = "" if self.source() else "Choose a data set or paste an address."
        self.look_up.set_reason(reason or nothing)
        for action in (self.look_up, self.download):
            action.button.setEnabled(action.button.isEnabled() and not busy)
        if not busy and not reason:
            self.download.set_reason("")
        self.list.setEnabled(not busy)
        self.address.setEnabled(not busy)


def _size(size: int) -> str:
    return size_words(size) if size > 0 else "size unknown"


def _files(offer: Offer) -> str:
    return f"{plural(len(offer.files), 'file')}, " if offer.files else ""


def _describe(entry: Known) -> str:
    return f"{entry.title}\n{entry.holds}\n{_size(entry.size)} · {entry.licence}"


def _offered(offer: Offer) -> str:
    lines = [
        offer.title,
        f"{_files(offer)}{_size(offer.size)}",
        f"Licence: {offer.licence or 'the source states none'}",
        f"Goes into {offer.folder}",
        offer.note,
        "A download that was broken off continues where it stopped.",
    ]
    return "\n".join(line for line in lines if line)

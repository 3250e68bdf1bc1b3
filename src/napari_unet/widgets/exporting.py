"""Saving what is shown of trainings: their values, and pictures of their curves."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from qtpy.QtGui import QPixmap

from napari_unet.errors import DataError, readable
from napari_unet.session import Message, Place, Session
from napari_unet.session.history import Row, write_history
from napari_unet.widgets.background import Background
from napari_unet.workspace import atomic


class Exporter:
    """Writes files that a person chose; each appears whole or not at all."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self._thread = Background()

    def save_values(self, place: Place, path: str, histories: Mapping[str, Sequence[Row]]) -> None:
        """Write the epochs of some runs as CSV."""
        self.write(place, path, lambda: write_history(path, histories))

    def save_picture(self, place: Place, path: str, picture: QPixmap) -> None:
        """Write a picture as PNG."""
        image = picture.toImage()  # unlike a pixmap, it may be used in a thread

        def write() -> None:
            with atomic(path) as temporary:
                if not image.save(str(temporary), "PNG"):
                    raise DataError(f"{path} could not be written: choose another folder.")

        self.write(place, path, write)

    def write(self, place: Place, path: str, write: Callable[[], None]) -> None:
        """Write a file in a thread, and say so in a widget."""

        def written(_: object) -> None:
            self.session.set_message(place, Message(f"Saved {path}", "info"))

        def failed(error: Exception) -> None:
            self.session.fail(place, readable(error))

        self._thread.run(f"writing {path}", write, written, failed)

"""A look at the augmentation: images as the network may be shown them, their masks outlined."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from qtpy.QtCore import QSize, Qt
from qtpy.QtGui import QImage, QPainter, QPaintEvent, QPixmap
from qtpy.QtWidgets import QDialog, QHBoxLayout, QPushButton, QSizePolicy, QVBoxLayout, QWidget

from napari_unet.events import Augmented
from napari_unet.widgets.case_layers import COLOURS
from napari_unet.widgets.parts.qt import Signal
from napari_unet.widgets.parts.strip import Strip
from napari_unet.widgets.parts.text import Text
from napari_unet.widgets.thumbnails import outline, rgb

GAP = 4  # pixels between two pictures
LONE = "#56b4e9"  # the outline of a lone class, as in the viewer
EXPLAINED = (
    "Left, in each row, an image as it is; beside it, as the network may be shown it. The settings "
    "are under Advanced settings, Augmentation: change them, and this follows."
)


class AugmentationDialog(QDialog):
    """Stays open beside the settings and follows them."""

    again_wanted = Signal()
    closed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("What the augmentation does")
        self.text = Text(EXPLAINED)
        self.strip = Strip()
        self.grid = Grid()
        self.state = Text()
        self.again = QPushButton("Other changes")
        self.again.setToolTip("Draw other random numbers")
        self.close_button = QPushButton("Close")
        row = QHBoxLayout()
        row.addWidget(self.state, 1)
        row.addWidget(self.again)
        row.addWidget(self.close_button)
        layout = QVBoxLayout(self)
        for widget in (self.text, self.strip, self.grid):
            layout.addWidget(widget, 1 if widget is self.grid else 0)
        layout.addLayout(row)
        self.again.clicked.connect(lambda: self.again_wanted.emit())
        self.close_button.clicked.connect(self.reject)
        self.finished.connect(lambda _: self.closed.emit())
        self.resize(620, 480)

    def set_augmented(self, augmented: Augmented | None) -> None:
        """Show the pictures."""
        self.grid.set_picture(grid(augmented) if augmented is not None else None)
        names = ", ".join(augmented.names) if augmented is not None else ""
        self.grid.setToolTip(names)
        self.grid.setAccessibleName(f"Augmented images of {names}")

    def set_busy(self, text: str) -> None:
        """Say that pictures are being made; empty when they are there."""
        self.state.set_text(text)

    def set_message(self, text: str, kind: str) -> None:
        """Show what went wrong."""
        self.strip.show_message(text, kind)


class Grid(QWidget):
    """A picture, as large as it fits."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.pixmap: QPixmap | None = None
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)

    def sizeHint(self) -> QSize:  # noqa: N802
        """Return a size at which something can be seen."""
        return QSize(560, 360)

    def minimumSizeHint(self) -> QSize:  # noqa: N802
        """Fit a narrow window."""
        return QSize(120, 80)

    def set_picture(self, picture: NDArray[np.uint8] | None) -> None:
        """Show a picture ``(H, W, 3)``."""
        self.pixmap = None
        if picture is not None:
            height, width = picture.shape[:2]
            data = np.ascontiguousarray(picture).tobytes()
            format = QImage.Format.Format_RGB888
            self.pixmap = QPixmap.fromImage(QImage(data, width, height, 3 * width, format))
        self.update()

    def paintEvent(self, event: QPaintEvent | None) -> None:  # noqa: N802
        """Draw it in the middle."""
        if self.pixmap is None:
            return
        size = self.pixmap.size().scaled(self.size(), Qt.AspectRatioMode.KeepAspectRatio)
        room = self.rect()
        room.setSize(size)
        room.moveCenter(self.rect().center())
        with QPainter(self) as painter:
            painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
            painter.drawPixmap(room, self.pixmap)


def grid(augmented: Augmented) -> NDArray[np.uint8]:
    """Return all pictures side by side, ``(H, W, 3)``, each class's outline in its colour."""
    images, labels = augmented.images, augmented.labels
    if images.ndim == 4:
        images = np.repeat(images[..., None], 3, axis=-1)
    rows, columns, height, width = labels.shape
    shape = (rows * (height + GAP) - GAP, columns * (width + GAP) - GAP, 3)
    picture = np.full(shape, 128, np.uint8)
    lone = len(augmented.classes) == 1
    colours = np.array([rgb(c) for c in ((LONE,) if lone else COLOURS)], np.uint8)
    for row, column in np.ndindex(rows, columns):
        cell = images[row, column].copy()
        inside = np.where(labels[row, column] == 255, 0, labels[row, column])
        edge = outline(inside)
        cell[edge] = colours[(inside[edge].astype(int) - 1) % len(colours)]
        top, left = row * (height + GAP), column * (width + GAP)
        picture[top : top + height, left : left + width] = cell
    return picture

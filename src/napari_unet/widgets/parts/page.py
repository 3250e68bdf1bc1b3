"""The frame of every view: a message strip on top, content that scrolls only up and down."""

from __future__ import annotations

from qtpy.QtCore import Qt
from qtpy.QtWidgets import QFrame, QLabel, QScrollArea, QSizePolicy, QVBoxLayout, QWidget

from napari_unet.widgets.parts.qt import Signal
from napari_unet.widgets.parts.strip import Strip


class Page(QWidget):
    """A view's frame; a subclass fills ``self.body``."""

    message_dismissed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Expanding)
        self.strip = Strip()
        self.strip.dismissed.connect(self.message_dismissed)
        self.question = Strip()
        content = QWidget()
        self.body = QVBoxLayout(content)
        self.body.setContentsMargins(4, 4, 4, 4)
        self.body.setSpacing(6)
        self.area = QScrollArea()
        self.area.setWidgetResizable(True)
        self.area.setFrameShape(QFrame.Shape.NoFrame)
        self.area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.area.setWidget(content)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(2, 2, 2, 2)
        layout.addWidget(self.strip)
        layout.addWidget(self.question)
        layout.addWidget(self.area, 1)

    def set_message(self, text: str, kind: str = "error") -> None:
        """Show a message on top; an empty one clears it."""
        self.strip.show_message(text, kind)


def heading(text: str) -> QLabel:
    """Return a section's heading."""
    label = QLabel(text)
    font = label.font()
    font.setBold(True)
    label.setFont(font)
    return label

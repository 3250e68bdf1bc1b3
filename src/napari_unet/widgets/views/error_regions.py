"""The layer of errors: its legend, how much of it is seen, and going from error to error."""

from __future__ import annotations

from collections.abc import Mapping

from qtpy.QtCore import Qt
from qtpy.QtWidgets import (
    QCheckBox,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QSlider,
    QVBoxLayout,
    QWidget,
)

from napari_unet.widgets.parts.qt import Signal
from napari_unet.widgets.parts.text import Text

NEXT, BACK, SHOW = "N", "Shift+N", "E"  # keys while the keyboard is in the dock
SWATCH = "background: {}; border: 1px solid palette(mid); border-radius: 2px;"


class ErrorRegions(QWidget):
    """A switch for the layer, a legend, and two buttons."""

    shown = Signal(bool)  # by a person, as all that follow
    opacity_changed = Signal(float)
    jump_wanted = Signal(int)  # to the next region (1) or the one before (-1)

    def __init__(
        self, colours: Mapping[str, str], opacity: float, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.box = QCheckBox("Show &errors")
        self.box.setToolTip(f"Colour what is right and wrong, in a layer of its own ({SHOW})")
        self.opacity = QSlider(Qt.Orientation.Horizontal)
        self.opacity.setRange(5, 100)
        self.opacity.setValue(round(100 * opacity))
        self.opacity.setToolTip("How much the colours cover what lies below them")
        self.opacity.setAccessibleName("Opacity of the errors")
        self.legend = QWidget()
        self._classes = self._make_legend(colours)
        self.back, self.next = QPushButton("◂ Previous"), QPushButton("Next error ▸")
        self.back.setToolTip(f"Go to the error region before ({BACK})")
        self.next.setToolTip(f"Go to the next error region, the largest first ({NEXT})")
        self.text = Text()
        self._lay_out()
        self.box.clicked.connect(lambda: self.shown.emit(self.box.isChecked()))
        self.opacity.valueChanged.connect(lambda n: self.opacity_changed.emit(n / 100))
        self.back.clicked.connect(lambda: self.jump_wanted.emit(-1))
        self.next.clicked.connect(lambda: self.jump_wanted.emit(1))

    def set_shown(self, shown: bool, several: bool) -> None:
        """Say whether the layer is shown, and whether there are several classes."""
        self.box.setChecked(shown)
        self.opacity.setEnabled(shown)
        self.legend.setVisible(shown)
        for widget in self._classes:
            widget.setVisible(several)

    def set_text(self, text: str) -> None:
        """Say which region is looked at, of how many."""
        if text != self.text.plain:
            self.text.set_text(text)

    def _make_legend(self, colours: Mapping[str, str]) -> list[QWidget]:
        """Return what of the legend is for several classes only: its last entry."""
        grid = QGridLayout(self.legend)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setHorizontalSpacing(6)
        grid.setVerticalSpacing(2)
        entry: list[QWidget] = []
        for i, (name, colour) in enumerate(colours.items()):
            swatch, label = QLabel(), QLabel(name)
            swatch.setFixedSize(14, 14)
            swatch.setStyleSheet(SWATCH.format(colour))
            swatch.setAccessibleName(f"Colour of {name}")
            grid.addWidget(swatch, i // 2, 2 * (i % 2))
            grid.addWidget(label, i // 2, 2 * (i % 2) + 1)
            entry = [swatch, label]
        grid.setColumnStretch(1, 1)
        grid.setColumnStretch(3, 1)
        return entry

    def _lay_out(self) -> None:
        top, jumps = QHBoxLayout(), QHBoxLayout()
        top.addWidget(self.box)
        top.addWidget(self.opacity, 1)
        jumps.addWidget(self.back)
        jumps.addWidget(self.next)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(4)
        layout.addLayout(top)
        layout.addWidget(self.legend)
        layout.addLayout(jumps)
        layout.addWidget(self.text)

"""How one training goes, or how several went: loss and Dice over epochs."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from qtpy.QtCore import QPoint
from qtpy.QtGui import QPalette, QPixmap
from qtpy.QtWidgets import QFileDialog, QHBoxLayout, QMenu, QPushButton, QVBoxLayout, QWidget

from napari_unet.session.history import Row
from napari_unet.widgets.parts.curve import Curve, Line
from napari_unet.widgets.parts.qt import Signal
from napari_unet.widgets.parts.timing import single_shot

PAUSE = 100  # milliseconds between two drawings: nobody sees more


class CurvesPanel(QWidget):
    """Two plots that share the pointer and the buttons below them."""

    values_wanted = Signal(str)  # a CSV file to be written
    picture_wanted = Signal(str)  # a PNG file to be written

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.loss = Curve("Loss")
        self.dice = Curve("Dice", (0.0, 1.0))
        self.all_button = QPushButton("See all")
        self.all_button.setToolTip("Undo zooming: show every epoch")
        self.save_button = QPushButton("Save…")
        self.save_button.setToolTip("Save the values as CSV or the curves as a picture")
        self.menu = QMenu(self)
        self.menu.addAction("Values as CSV…", self._save_values)
        self.menu.addAction("Picture as PNG…", self._save_picture)
        self.save_button.setMenu(self.menu)
        self._waiting: Mapping[str, Sequence[Row]] | None = None
        self._pause = single_shot(PAUSE, self._draw_latest, self)
        self._lay_out()
        self.loss.hovered.connect(self.dice.set_hovered)
        self.dice.hovered.connect(self.loss.set_hovered)
        for curve in (self.loss, self.dice):
            self.all_button.clicked.connect(curve.show_all)

    def set_histories(self, histories: Mapping[str, Sequence[Row]]) -> None:
        """Draw the epochs of some runs; of a single one, more is shown."""
        histories = {name: rows for name, rows in histories.items() if rows}
        self.setVisible(bool(histories))
        self._waiting = histories
        if not histories:
            self._pause.stop()
        if not self._pause.isActive():
            self._draw_latest()
            if histories:
                self._pause.start()

    def picture(self, scale: float = 2.0) -> QPixmap:
        """Return the curves as they look now, ``scale`` times as fine."""
        height = self.loss.height() + self.dice.height()
        pixmap = QPixmap(round(self.width() * scale), round(height * scale))
        pixmap.setDevicePixelRatio(scale)
        pixmap.fill(self.palette().color(QPalette.ColorRole.Window))
        for curve, top in ((self.loss, 0), (self.dice, self.loss.height())):
            curve.render(pixmap, QPoint(0, top))
        return pixmap

    # --- inside -------------------------------------------------------------------------------

    def _lay_out(self) -> None:
        buttons = QHBoxLayout()
        buttons.addStretch(1)
        buttons.addWidget(self.all_button)
        buttons.addWidget(self.save_button)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(2)
        for curve in (self.loss, self.dice):
            layout.addWidget(curve)
        layout.addLayout(buttons)

    def _draw_latest(self) -> None:
        histories, self._waiting = self._waiting, None
        if histories is None:
            return
        if len(histories) == 1:
            (rows,) = histories.values()
            loss, dice = loss_lines(rows), dice_lines(rows)
        else:
            loss, dice = _overlaid(histories, "val_loss"), _overlaid(histories, "val_dice")
        self.loss.set_lines(loss)
        self.dice.set_lines(dice)

    def _save_values(self) -> None:
        path, _ = QFileDialog.getSaveFileName(self, "Save values", "training.csv", "CSV (*.csv)")
        if path:
            self.values_wanted.emit(path)

    def _save_picture(self) -> None:
        path, _ = QFileDialog.getSaveFileName(self, "Save picture", "training.png", "PNG (*.png)")
        if path:
            self.picture_wanted.emit(path)


def loss_lines(rows: Sequence[Row]) -> list[Line]:
    """Return the curves of the loss."""
    return [
        Line("validation", _values(rows, "val_loss"), 0),
        Line("training", _values(rows, "loss"), 1, faint=True),
    ]


def dice_lines(rows: Sequence[Row]) -> list[Line]:
    """Return the curves of the validation Dice: its mean, and that of each class."""
    classes = dict.fromkeys(name for row in rows for name in row.get("class_dice") or ())
    mean = Line("mean" if classes else "validation", _values(rows, "val_dice"), 0)
    return [
        mean,
        *(
            Line(name, tuple(_number((row.get("class_dice") or {}).get(name)) for row in rows), i)
            for i, name in enumerate(classes, 1)
        ),
    ]


def _overlaid(histories: Mapping[str, Sequence[Row]], key: str) -> list[Line]:
    pairs = enumerate(histories.items())
    return [Line(name, _values(rows, key), i) for i, (name, rows) in pairs]


def _values(rows: Sequence[Row], key: str) -> tuple[float, ...]:
    return tuple(_number(row.get(key)) for row in rows)


def _number(value: object) -> float:
    return float(value) if isinstance(value, int | float) else math.nan

"""From which probability on a pixel counts: one threshold, or one for every class."""

from __future__ import annotations

from collections.abc import Sequence

from qtpy.QtCore import QEvent, QObject, QSize, Qt
from qtpy.QtWidgets import (
    QDoubleSpinBox,
    QHBoxLayout,
    QLabel,
    QSizePolicy,
    QSlider,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from napari_unet.labelling import OWN
from napari_unet.widgets.parts.fields import plain
from napari_unet.widgets.parts.qt import Signal
from napari_unet.widgets.parts.text import Elided, Text

STEPS = 100
NAME = 92  # pixels for a class's name
MIDDLE = 0.5  # where the slider of a class stands that has no threshold of its own
HELP = "The probability from which on a pixel is foreground"
HELP_CLASS = (
    "The probability from which on a pixel can be {name}; of several classes the likeliest wins. "
    "auto: {name} must be likelier than the background."
)


class ThresholdRow(QWidget):
    """A slider, its number, and a button that goes back to the model's own value.

    A double click on the slider goes back as well.
    """

    changed = Signal(float)  # by a person

    def __init__(self, label: QLabel, name: str = "", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.name = name
        self.own = OWN if name else MIDDLE
        self.slider = QSlider(Qt.Orientation.Horizontal)
        self.slider.setRange(0, STEPS)
        self.slider.setPageStep(5)
        self.slider.setMinimumWidth(40)
        self.number = _number(auto=bool(name))
        self.reset = QToolButton()
        self.reset.setText("↺")
        self.reset.setAutoRaise(True)
        self.label = label
        label.setBuddy(self.slider)
        about = f"Threshold of {name}" if name else "Threshold"
        self.slider.setAccessibleName(about)
        self.number.setAccessibleName(f"{about}, as a number")
        self.reset.setAccessibleName(f"{about}: the model's own")
        self.slider.installEventFilter(self)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(4)
        row.addWidget(label)
        row.addWidget(self.slider, 1)
        row.addWidget(self.number)
        row.addWidget(self.reset)
        self.slider.valueChanged.connect(lambda step: self._moved(step / STEPS))
        self.slider.sliderPressed.connect(self._pressed)
        self.number.valueChanged.connect(self._typed)
        self.reset.clicked.connect(lambda: self._go(self.own))

    def value(self) -> float:
        """Return the threshold, `OWN` for a class without one."""
        value = self.number.value()
        return OWN if value < 0 else value

    def set_value(self, value: float) -> None:
        """Show a threshold."""
        for widget in (self.slider, self.number):
            widget.blockSignals(True)
        self.slider.setValue(round((MIDDLE if value < 0 else value) * STEPS))
        self.number.setValue(max(value, self.number.minimum()))
        for widget in (self.slider, self.number):
            widget.blockSignals(False)
        self._show_reset()

    def set_own(self, own: float) -> None:
        """Set what the button goes back to."""
        self.own = own
        self._show_reset()

    def set_note(self, note: str) -> None:
        """Say why the threshold cannot be moved; empty if it can."""
        help = HELP_CLASS.format(name=self.name) if self.name else HELP
        for widget in (self.slider, self.number):
            widget.setEnabled(not note)
            widget.setToolTip(note or help)
        self._show_reset()

    def eventFilter(self, slider: QObject | None, event: QEvent | None) -> bool:  # noqa: N802
        """Go back to the model's own value at a double click."""
        if event is not None and event.type() == QEvent.Type.MouseButtonDblClick:
            if self.slider.isEnabled():
                self._go(self.own)
            return True
        return super().eventFilter(slider, event)

    def _pressed(self) -> None:
        if self.value() < 0:  # the slider stands where nobody has put it
            self._go(MIDDLE)

    def _moved(self, value: float) -> None:
        self._go(value)

    def _typed(self, value: float) -> None:
        self._go(OWN if value < 0 else value)

    def _go(self, value: float) -> None:
        self.set_value(value)
        self.changed.emit(value)

    def _show_reset(self) -> None:
        own = "auto" if self.own < 0 else f"{self.own:.2f}"
        self.reset.setToolTip(f"Back to the model's own: {own}")
        away = round(self.value() * STEPS) != round(self.own * STEPS)
        self.reset.setEnabled(away and self.slider.isEnabled())


class ThresholdsPanel(QWidget):
    """One row for a lone class; for several a row for each, and a note why they cannot be moved."""

    threshold_changed = Signal(float)  # by a person
    thresholds_changed = Signal(tuple)  # by a person

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.lone = ThresholdRow(QLabel("Th&reshold"))
        self.rows: list[ThresholdRow] = []
        self.note = Text()
        self._box = QVBoxLayout()
        self._box.setSpacing(4)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(2)
        layout.addWidget(self.lone)
        layout.addLayout(self._box)
        layout.addWidget(self.note)
        self.lone.changed.connect(self.threshold_changed)

    def set_threshold(self, threshold: float, note: str, own: float) -> None:
        """Show one threshold; ``note`` says why it cannot be moved, empty if it can."""
        self._set_names(())
        self.lone.set_value(threshold)
        self.lone.set_own(own)
        self._set_note(note)

    def set_thresholds(self, names: Sequence[str], values: Sequence[float], note: str) -> None:
        """Show a threshold for each class; no values stand for `OWN`."""
        self._set_names(tuple(names))
        for row, value in zip(self.rows, values or (OWN,) * len(self.rows), strict=True):
            row.set_value(value)
        self._set_note(note)

    def _set_names(self, names: tuple[str, ...]) -> None:
        self.lone.setVisible(not names)
        if names == tuple(row.name for row in self.rows):
            return
        for row in self.rows:
            self._box.removeWidget(row)
            row.hide()
            row.deleteLater()
        self.rows = [ThresholdRow(_Name(name), name) for name in names]
        before: QWidget = self.lone.reset
        for row in self.rows:
            self._box.addWidget(row)
            row.changed.connect(self._changed)
            for stop in (row.slider, row.number, row.reset):
                QWidget.setTabOrder(before, stop)
                before = stop

    def _set_note(self, note: str) -> None:
        for row in (self.lone, *self.rows):
            row.set_note(note)
        self.note.set_text(note)

    def _changed(self, _: float) -> None:
        self.thresholds_changed.emit(tuple(row.value() for row in self.rows))


class _Name(Elided):
    """A class's name, which leaves room for its slider."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self.setContentsMargins(4, 0, 0, 0)

    def sizeHint(self) -> QSize:  # noqa: N802
        """Return the same width for every name, so that the sliders stand below each other."""
        return QSize(NAME, super().sizeHint().height())

    def minimumSizeHint(self) -> QSize:  # noqa: N802
        """Return the same."""
        return self.sizeHint()


def _number(auto: bool) -> QDoubleSpinBox:
    number = QDoubleSpinBox()
    number.setRange(-1 / STEPS if auto else 0.0, 1.0)
    number.setSingleStep(1 / STEPS)
    number.setDecimals(2)
    number.setKeyboardTracking(False)
    if auto:
        number.setSpecialValueText("auto")
    plain(number)
    return number

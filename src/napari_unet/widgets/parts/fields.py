"""One editor per type of setting, all with the same three names.

``value()`` returns exactly what ``set_value`` was given until a person edits it, so that no
setting is rounded by merely being shown.
"""

from __future__ import annotations

import typing
from collections.abc import Mapping
from typing import Any

from qtpy.QtCore import QEvent, QObject, QSize, Qt
from qtpy.QtWidgets import (
    QAbstractSpinBox,
    QCheckBox,
    QComboBox,
    QDoubleSpinBox,
    QHBoxLayout,
    QLineEdit,
    QSizePolicy,
    QSpinBox,
    QWidget,
)

from napari_unet.widgets.parts.qt import Signal

# napari's style asks for 70 pixels between the buttons; fewer hold the numbers of these settings.
NARROW = "min-width: 46px;"
HUGE = 999_999  # what can be dialled where a setting has no bound; larger values are kept


class Field(QWidget):
    """An editor of one value."""

    value_changed = Signal()  # by a person or by set_value

    def __init__(self, editor: QWidget) -> None:
        super().__init__()
        self.editor = editor
        self._value: Any = None
        self._quiet = False
        editor.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(editor)
        self.setFocusProxy(editor)
        self.least = 70
        editor.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        editor.installEventFilter(self)

    def value(self) -> Any:
        """Return the value."""
        return self._value

    def set_value(self, value: Any) -> None:
        """Show a value."""
        self._quiet = True
        try:
            self._show(value)
        finally:
            self._quiet = False
        if value != self._value:
            self._value = value
            self.value_changed.emit()

    def minimumSizeHint(self) -> QSize:  # noqa: N802
        """Ask for the room the editor needs, so that a form wraps before it cuts anything off."""
        hint = self.editor.minimumSizeHint()
        return QSize(max(self.least, hint.width()), hint.height())

    def eventFilter(self, editor: QObject | None, event: QEvent | None) -> bool:  # noqa: N802
        """Let the wheel scroll the form; it changes a value only where the person has clicked."""
        if event is not None and event.type() == QEvent.Type.Wheel and not self.editor.hasFocus():
            event.ignore()
            return True
        return super().eventFilter(editor, event)

    def _edited(self) -> None:
        if not self._quiet:
            self._value = self._read()
            self.value_changed.emit()

    def _show(self, value: Any) -> None:
        raise NotImplementedError

    def _read(self) -> Any:
        raise NotImplementedError


class IntField(Field):
    """A whole number."""

    def __init__(self, low: float | None = None, high: float | None = None) -> None:
        self.spin = QSpinBox()
        self.spin.setRange(
            int(low) if low is not None else -HUGE, int(high) if high is not None else HUGE
        )
        self.spin.setStyleSheet(NARROW)
        super().__init__(self.spin)
        self.spin.valueChanged.connect(lambda _: self._edited())

    def _show(self, value: Any) -> None:
        self.spin.setValue(value)

    def _read(self) -> int:
        return self.spin.value()


class _Number(QDoubleSpinBox):
    """A spin box that writes 0.002 as 0.002 and not as 0.00200000."""

    def textFromValue(self, v: float) -> str:  # noqa: N802
        """Return the number without trailing zeros."""
        locale = self.locale()
        text = locale.toString(v, "f", self.decimals())
        point = locale.decimalPoint()
        return text.rstrip(locale.zeroDigit()).rstrip(point) if point in text else text


class FloatField(Field):
    """A number."""

    def __init__(self, low: float | None = None, high: float | None = None) -> None:
        self.spin = _Number()
        self.spin.setDecimals(7)
        self.spin.setStepType(QDoubleSpinBox.StepType.AdaptiveDecimalStepType)
        self.spin.setRange(low if low is not None else -1e9, high if high is not None else 1e9)
        self.spin.setStyleSheet(NARROW)
        super().__init__(self.spin)
        self.spin.valueChanged.connect(lambda _: self._edited())

    def _show(self, value: Any) -> None:
        self.spin.setValue(value)

    def _read(self) -> float:
        return self.spin.value()


class BoolField(Field):
    """Yes or no."""

    def __init__(self, text: str = "") -> None:
        self.box = QCheckBox(text)
        super().__init__(self.box)
        self.box.toggled.connect(lambda _: self._edited())

    def _show(self, value: Any) -> None:
        self.box.setChecked(value)

    def _read(self) -> bool:
        return self.box.isChecked()


class ChoiceField(Field):
    """One of several values."""

    def __init__(self, choices: tuple[Any, ...], titles: Mapping[Any, str] | None = None) -> None:
        self.combo = QComboBox()
        for choice in choices:
            self.combo.addItem((titles or {}).get(choice, str(choice)), choice)
        if titles:
            # A long one must not push the editor below its label: what fits is shown.
            policy = QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon
            self.combo.setSizeAdjustPolicy(policy)
            self.combo.setMinimumContentsLength(8)
        super().__init__(self.combo)
        self.combo.currentIndexChanged.connect(lambda _: self._edited())

    def _show(self, value: Any) -> None:
        self.combo.setCurrentIndex(self.combo.findData(value))

    def _read(self) -> Any:
        return self.combo.currentData()


class TextField(Field):
    """A line of text."""

    def __init__(self) -> None:
        self.line = QLineEdit()
        super().__init__(self.line)
        self.line.textEdited.connect(lambda _: self._edited())

    def _show(self, value: Any) -> None:
        self.line.setText(str(value))

    def _read(self) -> Any:
        return self.line.text()


class NumbersField(TextField):
    """Several numbers, written as "192, 192"; what cannot be read leaves the value as it was."""

    def __init__(self, kind: type, length: int | None) -> None:
        super().__init__()
        self._kind, self._length = kind, length
        self.least = 110
        self.line.setPlaceholderText("none" if length is None else ", ".join("0" * length))

    def _show(self, value: Any) -> None:
        self.line.setText(", ".join(map(str, value)))
        self.line.setCursorPosition(0)

    def _read(self) -> Any:
        parts = [p for p in self.line.text().replace("×", ",").replace(" ", ",").split(",") if p]
        try:
            numbers = tuple(self._kind(p) for p in parts)
        except ValueError:
            return self._value
        return numbers if self._length in (None, len(numbers)) else self._value


def plain(spin: QAbstractSpinBox) -> None:
    """Take the buttons off a spin box, and the room that napari's style keeps for them."""
    spin.setButtonSymbols(QAbstractSpinBox.ButtonSymbols.NoButtons)
    spin.setStyleSheet("min-width: 36px; padding: 1px 4px;")


def field_for(
    hint: Any,
    low: float | None,
    high: float | None,
    titles: Mapping[Any, str] | None = None,
) -> Field:
    """Return an editor for a type hint of the config dataclasses."""
    origin, args = typing.get_origin(hint), typing.get_args(hint)
    if origin is typing.Literal:
        return ChoiceField(args, titles)
    if origin is tuple:
        return NumbersField(args[0], None if args[-1] is Ellipsis else len(args))
    if hint is bool:
        return BoolField()
    if hint is int:
        return IntField(low, high)
    if hint is float:
        return FloatField(low, high)
    return TextField()

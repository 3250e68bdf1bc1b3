"""A form made from a config dataclass: its fields, labels, help and bounds."""

from __future__ import annotations

import dataclasses
import typing
from collections.abc import Collection
from typing import Any, Generic, TypeVar

from qtpy.QtWidgets import QFormLayout, QWidget

from napari_unet.errors import ConfigError
from napari_unet.widgets.parts.fields import Field, field_for
from napari_unet.widgets.parts.qt import Signal
from napari_unet.widgets.parts.text import Text

C = TypeVar("C")


class Form(QWidget, Generic[C]):
    """A view of one config value.

    Parameters
    ----------
    value
        What is shown first; its class decides the fields.
    without
        Names of fields that are not shown and keep their values.
    """

    value_changed = Signal()

    def __init__(self, value: C, without: Collection[str] = ()) -> None:
        super().__init__()
        self._value = value
        self.problem = Text()
        self.fields: dict[str, Field] = {}
        layout = narrow(QFormLayout(self))
        hints = typing.get_type_hints(type(value))
        for f in dataclasses.fields(value):  # type: ignore[arg-type]
            if f.name in without:
                continue
            words = f.metadata
            field = field_for(
                hints[f.name], words.get("low"), words.get("high"), words.get("titles")
            )
            field.set_value(getattr(value, f.name))
            field.value_changed.connect(self._edited)
            self.fields[f.name] = field
            add_row(layout, words.get("label", f.name), field, words.get("help", ""))
        layout.addRow(self.problem)

    def value(self) -> C:
        """Return the value; while the fields contradict each other, the last good one."""
        return self._value

    def set_value(self, value: C) -> None:
        """Show a value."""
        if value == self._value:
            return
        self._value = value
        for name, field in self.fields.items():
            field.blockSignals(True)
            field.set_value(getattr(value, name))
            field.blockSignals(False)
        self.problem.set_text("")
        self.value_changed.emit()

    def _edited(self) -> None:
        values = {name: field.value() for name, field in self.fields.items()}
        try:
            value: Any = dataclasses.replace(self._value, **values)  # type: ignore[type-var]
        except ConfigError as error:
            self.problem.set_text(f"Not used: {error}")
            return
        self.problem.set_text("")
        if value != self._value:
            self._value = value
            self.value_changed.emit()


def narrow(layout: QFormLayout) -> QFormLayout:
    """Let a form fit a dock: editors take what labels leave, and go below them if they must."""
    layout.setContentsMargins(0, 0, 0, 0)
    layout.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
    layout.setRowWrapPolicy(QFormLayout.RowWrapPolicy.WrapLongRows)
    return layout


def add_row(layout: QFormLayout, label: str, field: QWidget, help: str) -> None:
    """Add an editor with its label; the help is the tooltip of both."""
    layout.addRow(label, field)
    shown = layout.labelForField(field)
    for widget in (shown, field):
        if widget is not None:
            widget.setToolTip(help)
    field.setAccessibleName(label.replace("&", ""))
    field.setAccessibleDescription(help)

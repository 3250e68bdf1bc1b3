"""Choosing from a list that fits a narrow dock; choosing a model file."""

from __future__ import annotations

from collections.abc import Sequence

from qtpy.QtCore import Qt
from qtpy.QtGui import QPaintEvent
from qtpy.QtWidgets import (
    QComboBox,
    QHBoxLayout,
    QSizePolicy,
    QStyle,
    QStyleOptionComboBox,
    QStylePainter,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from napari_unet.card import SUFFIX
from napari_unet.library import Entry
from napari_unet.widgets.parts.dropping import FileDrop
from napari_unet.widgets.parts.model_words import describe
from napari_unet.widgets.parts.qt import Signal
from napari_unet.widgets.parts.text import Text


class Choice(QComboBox):
    """A combo box of (key, text) pairs that takes whatever width there is."""

    chosen = Signal(str)  # by a person

    def __init__(self, empty: str = "", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._empty = empty
        policy = QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon
        self.setSizeAdjustPolicy(policy)
        self.setMinimumContentsLength(6)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.activated.connect(lambda _: self.chosen.emit(self.key()))
        view = self.view()
        if view is not None:
            view.setTextElideMode(Qt.TextElideMode.ElideMiddle)

    def paintEvent(self, event: QPaintEvent | None) -> None:  # noqa: N802
        """Draw the chosen text without its middle where there is no room for all of it."""
        option = QStyleOptionComboBox()
        self.initStyleOption(option)
        style = self.style()
        assert style is not None
        kind, part = QStyle.ComplexControl.CC_ComboBox, QStyle.SubControl.SC_ComboBoxEditField
        room = style.subControlRect(kind, option, part, self).width() - 4
        text = option.currentText or self._empty
        option.currentText = option.fontMetrics.elidedText(text, Qt.TextElideMode.ElideMiddle, room)
        painter = QStylePainter(self)
        painter.drawComplexControl(kind, option)
        painter.drawControl(QStyle.ControlElement.CE_ComboBoxLabel, option)
        painter.end()

    def set_items(self, items: Sequence[tuple[str, str]], key: str = "") -> None:
        """Offer these (key, text) pairs with ``key`` chosen, else none."""
        now = [(self.itemData(i), self.itemText(i)) for i in range(self.count())]
        if now != list(items):
            self.clear()
            for value, text in items:
                self.addItem(text, value)
                self.setItemData(self.count() - 1, text, Qt.ItemDataRole.ToolTipRole)
        self.set_key(key)

    def set_key(self, key: str) -> None:
        """Choose the item with this key; none if there is no such item."""
        self.setCurrentIndex(self.findData(key))
        self.setToolTip(self.currentText() or self._empty)

    def key(self) -> str:
        """Return the chosen item's key, empty if none is chosen."""
        return str(self.currentData() or "")


class ModelPicker(QWidget):
    """A list of models, a button for files elsewhere, and the chosen model's card in words."""

    chosen = Signal(str)  # a path
    browse = Signal()
    dropped = Signal(object)  # paths of model files

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.list = Choice("no model chosen")
        self.list.setAccessibleName("Model")
        self.list.chosen.connect(self.chosen)
        self.button = QToolButton()
        self.button.setText("…")
        self.button.setToolTip("Use a model file from another folder")
        self.button.setAccessibleName("Browse for a model file")
        self.button.clicked.connect(lambda: self.browse.emit())
        self.card = Text()
        self._drop = FileDrop(self, lambda file: file.endswith(SUFFIX))
        self._drop.dropped.connect(self.dropped)
        row = QHBoxLayout()
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(self.list, 1)
        row.addWidget(self.button)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(2)
        layout.addLayout(row)
        layout.addWidget(self.card)

    def set_models(self, models: Sequence[Entry], current: Entry | None, note: str = "") -> None:
        """Offer these models with ``current`` chosen; ``note`` says what it will do."""
        items = [(m.path, m.name if not m.error else f"{m.name} (unusable)") for m in models]
        self.list.set_items(items, current.path if current else "")
        said = (describe(current), note) if current else ()
        self.card.set_text(" ".join(filter(None, said)))

"""Which validation case is followed while a model is trained."""

from __future__ import annotations

from collections.abc import Sequence

from qtpy.QtWidgets import QCheckBox, QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from napari_unet.widgets.parts.picker import Choice
from napari_unet.widgets.parts.qt import Signal


class LivePanel(QWidget):
    """A switch, and a list of cases; choosing one opens it."""

    switched = Signal(bool)
    chosen = Signal(str)  # a case's name
    open_wanted = Signal(str)  # a case's name

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.box = QCheckBox("Live prediction")
        self.box.setToolTip(
            "After every epoch, show what the model makes of a validation case that it does not "
            "learn from, as a layer of labels"
        )
        self.box.setChecked(True)
        self.case = Choice("automatic")
        self.case.setAccessibleName("Case of the live prediction")
        self.open_button = QPushButton("Open that case to see it")
        self._hidden = ""
        row = QHBoxLayout()
        row.addWidget(self.box)
        row.addWidget(self.case, 1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(2)
        layout.addLayout(row)
        layout.addWidget(self.open_button)
        self.box.clicked.connect(lambda: self.switched.emit(self.box.isChecked()))
        self.case.chosen.connect(self.chosen)
        self.open_button.clicked.connect(lambda: self.open_wanted.emit(self._hidden))
        self.set_live((), "", on=True, hidden="")

    def set_live(self, cases: Sequence[str], case: str, on: bool, hidden: str) -> None:
        """Show which cases there are and which is followed; ``hidden`` if it is not open."""
        self.box.setChecked(on)
        self.case.set_items([(name, name) for name in cases], case)
        self.case.setEnabled(on and bool(cases))
        self._hidden = hidden
        self.open_button.setToolTip(f"Show {hidden} with its reference and the live prediction")
        self.open_button.setVisible(bool(hidden))

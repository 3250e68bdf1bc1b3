"""A section that is folded away until it is wanted."""

from __future__ import annotations

from qtpy.QtWidgets import QPushButton, QSizePolicy, QVBoxLayout, QWidget

STYLE = """
QPushButton, QPushButton:checked, QPushButton:disabled {
  text-align: left; background: transparent; border: none; padding: 3px 2px;
}
QPushButton:focus, QPushButton:hover { text-decoration: underline; }
"""


class Fold(QWidget):
    """A title to click on and, below it, content that is hidden at first."""

    def __init__(self, title: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._title = title
        self.button = QPushButton()
        self.button.setCheckable(True)
        self.button.setStyleSheet(STYLE)
        self.content = QWidget()
        self.rows = QVBoxLayout(self.content)
        self.rows.setContentsMargins(4, 2, 0, 4)
        self.content.hide()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self.button)
        layout.addWidget(self.content)
        # Not "Maximum": that cuts off content whose rows wrap and so grow taller than hinted.
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Minimum)
        self.button.toggled.connect(self._toggle)
        self._toggle(False)

    def set_title(self, title: str) -> None:
        """Show another title."""
        self._title = title
        self._toggle(self.button.isChecked())

    def set_open(self, open: bool) -> None:
        """Show or hide the content."""
        self.button.setChecked(open)

    def _toggle(self, open: bool) -> None:
        self.content.setVisible(open)
        self.button.setText(f"{'▾' if open else '▸'}  {self._title}")
        self.button.setAccessibleName(f"{self._title}, {'shown' if open else 'hidden'}")

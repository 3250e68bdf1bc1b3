"""A message strip: errors, warnings and questions inside the widget they belong to."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from qtpy.QtCore import Qt
from qtpy.QtWidgets import QFrame, QHBoxLayout, QPushButton, QToolButton, QVBoxLayout, QWidget

from napari_unet.widgets.parts.qt import Signal
from napari_unet.widgets.parts.text import Text

# Own colours on an own ground: readable in every theme (contrast at least 7 : 1).
COLOURS = {"error": "#8c1d24", "warning": "#5f4600", "info": "#1b4a73", "question": "#1b4a73"}
STYLE = """
#strip {{ background: {ground}; border-radius: 4px; }}
#strip QLabel {{ background: transparent; color: #ffffff; }}
#strip QToolButton {{ background: transparent; color: #ffffff; border: none; padding: 2px 6px; }}
#strip QPushButton {{ background: rgba(255, 255, 255, 45); color: #ffffff; padding: 4px 8px; }}
#strip QToolButton:hover, #strip QToolButton:focus,
#strip QPushButton:hover, #strip QPushButton:focus {{ background: rgba(255, 255, 255, 90); }}
"""


class Strip(QFrame):
    """Shows one message, with a button to dismiss it or with the answers to a question."""

    dismissed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("strip")
        self.text = Text()
        self.close_button = QToolButton()
        self.close_button.setText("✕")
        self.close_button.setToolTip("Dismiss")
        self.close_button.setAccessibleName("Dismiss the message")
        self.close_button.clicked.connect(self._dismiss)
        row = QHBoxLayout()
        row.addWidget(self.text, 1)
        row.addWidget(self.close_button, 0, Qt.AlignmentFlag.AlignTop)
        self._answers = QVBoxLayout()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(8, 6, 4, 6)
        layout.addLayout(row)
        layout.addLayout(self._answers)
        self.hide()

    def show_message(self, text: str, kind: str = "error") -> None:
        """Show a message; an empty one hides the strip."""
        self._show(text, kind, {})

    def ask(
        self, text: str, answers: Mapping[str, Callable[[], None]], focus: bool = False
    ) -> None:
        """Show a question with one button per answer; the first may take the keyboard's focus."""
        self._show(text, "question", answers)
        first = self._answers.itemAt(0)
        if focus and first is not None and (button := first.widget()) is not None:
            button.setFocus()

    def _show(self, text: str, kind: str, answers: Mapping[str, Callable[[], None]]) -> None:
        self.setStyleSheet(STYLE.format(ground=COLOURS[kind]))
        while (item := self._answers.takeAt(0)) is not None:
            if (old := item.widget()) is not None:
                old.hide()
                old.deleteLater()
        for label, act in answers.items():
            button = QPushButton(label)
            button.clicked.connect(self.hide)
            button.clicked.connect(lambda _=False, act=act: act())
            self._answers.addWidget(button)
            button.show()  # at once, also where the strip is shown already
        self.text.set_text(text)
        self.close_button.setVisible(not answers)
        self.setVisible(bool(text))

    def _dismiss(self) -> None:
        self.hide()
        self.dismissed.emit()

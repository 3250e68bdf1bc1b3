"""The Correct view: scores that move with the brush, and below them what becomes of corrections."""

from __future__ import annotations

from qtpy.QtWidgets import QVBoxLayout, QWidget

from napari_unet.widgets.parts.page import Page
from napari_unet.widgets.parts.text import Text

EMPTY = "Open a case with a reference, or two Labels layers, to see their scores while you paint."


class CorrectView(Page):
    """Lets a person mend labels and see at once what that does to the scores.

    What stands below the live part belongs to views of their own: each is a `Fold` that is put
    into ``folds``.
    """

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.hint = Text(EMPTY)
        self.folds = QVBoxLayout()
        self.folds.setSpacing(0)
        self.body.addWidget(self.hint)
        self.body.addLayout(self.folds)
        self.body.addStretch(1)

"""The Correct view: scores that move with the brush, and below them what becomes of corrections."""

from __future__ import annotations

from collections.abc import Mapping

from qtpy.QtWidgets import QVBoxLayout, QWidget

from napari_unet.widgets.parts.page import Page, tab_as_laid_out
from napari_unet.widgets.views.error_regions import ErrorRegions
from napari_unet.widgets.views.painting import PaintingPanel


class CorrectView(Page):
    """Lets a person mend labels and see at once what that does to the scores.

    What stands below the live part belongs to views of their own: each is a `Fold` that is put
    into ``folds``. ``colours`` are those of the layer of errors, by what they mean.
    """

    def __init__(
        self, colours: Mapping[str, str], opacity: float, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.errors = ErrorRegions(colours, opacity)
        self.painting = PaintingPanel(self.errors)
        self.scores = self.painting.scores
        self.folds = QVBoxLayout()
        self.folds.setSpacing(0)
        self.body.addWidget(self.painting)
        self.body.addLayout(self.folds)
        self.body.addStretch(1)
        tab_as_laid_out(self)

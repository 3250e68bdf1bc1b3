"""How training would be done, in plain words, and why."""

from __future__ import annotations

from qtpy.QtWidgets import QPushButton, QVBoxLayout, QWidget

from napari_unet.events import Plan
from napari_unet.widgets.parts.fold import Fold
from napari_unet.widgets.parts.qt import Signal
from napari_unet.widgets.parts.text import Text


class PlanPanel(QWidget):
    """The plan in a line or two, with its reasons folded away; hidden while there is none."""

    use_wanted = Signal(object)  # Recipe

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.words = Text()
        self.stale = Text()
        self.why = Fold("Why so")
        self.reasons = Text()
        self.why.rows.addWidget(self.reasons)
        self.use = QPushButton("Use these as settings")
        self.use.setToolTip("Put every choice of the plan under Advanced settings, to be changed")
        self._plan: Plan | None = None
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(2)
        for widget in (self.words, self.stale, self.why):
            layout.addWidget(widget)
        self.why.rows.addWidget(self.use)
        self.use.clicked.connect(self._use)
        self.set_plan(None, "")

    def set_plan(self, plan: Plan | None, stale: str) -> None:
        """Show a plan; ``stale`` says why it is not the plan of what is set now."""
        self._plan = plan
        self.setVisible(plan is not None)
        if plan is None:
            return
        self.words.set_text(f"Plan: {plan.words}.")
        self.stale.set_text(stale)
        self.reasons.set_text("\n".join(f"• {reason}" for reason in plan.reasons))
        self.reasons.setVisible(bool(plan.reasons))

    def _use(self) -> None:
        if self._plan is not None:
            self.use_wanted.emit(self._plan.recipe)

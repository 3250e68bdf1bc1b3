"""What the check of the data found: a card for each finding, the gravest first."""

from __future__ import annotations

from collections.abc import Sequence

from qtpy.QtWidgets import QFrame, QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from napari_unet.events import AuditFinished, Finding
from napari_unet.widgets.parts.action import Action, Running
from napari_unet.widgets.parts.qt import Signal
from napari_unet.widgets.parts.text import Text

WORDS = {"error": "To be mended", "warning": "To be looked at", "info": "Good to know"}
# Bars beside the text, told apart by colour-blind people too; the words stand above them.
BARS = {"error": "#d55e00", "warning": "#e69f00", "info": "#56b4e9"}
STYLE = "#finding {{ border: none; border-left: 4px solid {bar}; }}"


class AuditPanel(QWidget):
    """A button to check the data, and what came of it."""

    check_wanted = Signal()
    cancel_wanted = Signal()
    cases_wanted = Signal(object, str)  # names, what they have in common
    leave_out_wanted = Signal(object, str)  # names, reason

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.check = Action(
            "&Check data", "Look at every image and mask for what would spoil training or scores"
        )
        self.running = Running()
        self.summary = Text("Looks at every pixel; nothing is changed.")
        self.cards: list[Card] = []
        self._rows = QVBoxLayout()
        self._rows.setSpacing(6)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        for widget in (self.check, self.running, self.summary):
            layout.addWidget(widget)
        layout.addLayout(self._rows)
        self.check.clicked.connect(self.check_wanted)
        self.running.stop.connect(self.cancel_wanted)

    def set_reason(self, reason: str) -> None:
        """Say why the data cannot be checked now; empty if they can."""
        self.check.set_reason(reason)

    def set_running(self, text: str, share: float | None, stopping: bool) -> None:
        """Show that the check runs."""
        self.running.set_running(text, share, stopping)

    def set_idle(self) -> None:
        """Show that no check runs."""
        self.running.set_idle()

    def set_audit(self, audit: AuditFinished | None) -> None:
        """Show what was found."""
        for card in self.cards:
            self._rows.removeWidget(card)
            card.hide()
            card.deleteLater()
        findings = audit.findings if audit is not None else ()
        self.cards = [self._card(finding) for finding in findings]
        if audit is None:
            self.summary.set_text("Looks at every pixel; nothing is changed.")
            return
        counts = [(sum(f.severity == s for f in findings), words) for s, words in WORDS.items()]
        said = ", ".join(f"{n} {words.lower()}" for n, words in counts if n)
        self.summary.set_text(f"{audit.cases:,} cases checked: {said or 'nothing to remark'}.")

    def _card(self, finding: Finding) -> Card:
        card = Card(finding)
        card.cases_wanted.connect(self.cases_wanted)
        card.leave_out_wanted.connect(self.leave_out_wanted)
        self._rows.addWidget(card)
        card.show()
        return card


class Card(QFrame):
    """One finding, with what can be done about it."""

    cases_wanted = Signal(object, str)
    leave_out_wanted = Signal(object, str)

    def __init__(self, finding: Finding, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.finding = finding
        self.setObjectName("finding")
        self.setStyleSheet(STYLE.format(bar=BARS[finding.severity]))
        layout = QVBoxLayout(self)
        layout.setContentsMargins(8, 2, 0, 2)
        layout.setSpacing(3)
        layout.addWidget(Text(f"{WORDS[finding.severity]}: {finding.text}"))
        layout.addWidget(Text(finding.advice))
        layout.addLayout(self._buttons())
        self.setToolTip(_notes(finding.cases, finding.notes))

    def _buttons(self) -> QHBoxLayout:
        row, finding = QHBoxLayout(), self.finding
        self.show_button = QPushButton(f"Show {_cases(finding.cases)}")
        self.show_button.setToolTip("Show only these cases in the table")
        self.show_button.clicked.connect(
            lambda: self.cases_wanted.emit(finding.cases, finding.kind)
        )
        row.addWidget(self.show_button)
        self.leave_button = QPushButton("Leave out")
        self.leave_button.setToolTip(f"Let {_cases(finding.cases)} take no part from now on")
        self.leave_button.clicked.connect(
            lambda: self.leave_out_wanted.emit(finding.cases, finding.kind)
        )
        row.addWidget(self.leave_button)
        row.addStretch(1)
        self.show_button.setVisible(bool(finding.cases))
        self.leave_button.setVisible(bool(finding.cases) and finding.severity == "error")
        return row


def _cases(names: Sequence[str]) -> str:
    return "1 case" if len(names) == 1 else f"{len(names):,} cases"


def _notes(cases: Sequence[str], notes: Sequence[str], most: int = 20) -> str:
    lines = [f"{c}: {n}" for c, n in zip(cases, notes, strict=False)] or list(cases)
    more = [f"… and {len(lines) - most} more"] if len(lines) > most else []
    return "\n".join([*lines[:most], *more])

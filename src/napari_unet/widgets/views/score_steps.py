"""Steps from the worst image to the best."""

from __future__ import annotations

from collections.abc import Sequence

from qtpy.QtCore import Qt
from qtpy.QtGui import QKeySequence
from qtpy.QtWidgets import QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from napari_unet.widgets.parts.qt import QShortcut, Signal
from napari_unet.widgets.parts.text import Elided
from napari_unet.widgets.views.score_lines import Line, Measure, worst_first

WORSE, BETTER = "Alt+Left", "Alt+Right"


class ScoreSteps(QWidget):
    """Two buttons, and where between the worst and the best the open case is.

    The keys work wherever the focus is within ``around``.
    """

    case_wanted = Signal(str)  # its name

    def __init__(self, around: QWidget) -> None:
        super().__init__(around)
        self._order: list[str] = []
        self._case, self._title = "", ""
        self.worse = QPushButton("◀ Worse")
        self.better = QPushButton("Better ▶")
        self.position = Elided()
        steps = QHBoxLayout()
        steps.addWidget(self.worse)
        steps.addWidget(self.better)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addLayout(steps)
        layout.addWidget(self.position)
        for key, button, by in ((WORSE, self.worse, -1), (BETTER, self.better, 1)):
            button.clicked.connect(lambda _=False, by=by: self.step(by))
            shortcut = QShortcut(QKeySequence(key), around)
            shortcut.setContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
            shortcut.activated.connect(button.click)

    def set_lines(self, lines: Sequence[Line], measure: Measure) -> None:
        """Step through these cases by a measure."""
        self._order = [line.name for line in worst_first(lines, measure)]
        self._title = measure.title
        self._show()

    def set_case(self, name: str) -> None:
        """Say which case is open."""
        self._case = name
        self._show()

    def step(self, by: int) -> None:
        """Open the next case towards the best or, below 0, the worst; the worst if none is open."""
        at = self._at()
        to = 0 if at is None else at + by
        if 0 <= to < len(self._order):
            self.case_wanted.emit(self._order[to])

    def _at(self) -> int | None:
        return self._order.index(self._case) if self._case in self._order else None

    def _show(self) -> None:
        at, count = self._at(), len(self._order)
        last = at is not None and at + 1 == count
        self._enable(self.worse, bool(at), "worse", WORSE)
        self._enable(
            self.better, count > 0 and not last, "better" if at is not None else "", BETTER
        )
        self.better.setText("Better ▶" if at is not None or not count else "Worst ▶")
        told = f"{at + 1:,} of {count:,}, the worst first" if at is not None else "The worst first"
        self.position.set_text(f"{told} by {self._title}" if count else "")

    def _enable(self, button: QPushButton, possible: bool, word: str, key: str) -> None:
        native = QKeySequence(key).toString(QKeySequence.SequenceFormat.NativeText)
        which = f"next {word}" if word else "worst"
        button.setEnabled(possible)
        button.setToolTip(
            f"Open the {which} image ({native})" if possible else f"No image shown is {word}."
        )

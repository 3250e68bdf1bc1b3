"""What narrows a table of scores down: words, facets, a range, and what was picked elsewhere."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from qtpy.QtWidgets import (
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from napari_unet.widgets.parts.facets import Facet, Facets
from napari_unet.widgets.parts.form import narrow
from napari_unet.widgets.parts.page import tab_as_laid_out
from napari_unet.widgets.parts.qt import Signal
from napari_unet.widgets.parts.span import Span
from napari_unet.widgets.parts.text import Text
from napari_unet.widgets.parts.timing import single_shot
from napari_unet.widgets.views.score_lines import Line, Measure

MARKS = ("failed", "corrected by hand", "both masks empty", "no overlap")
PAUSE = 120  # milliseconds after the last key


class ScoreFilter(QWidget):
    """The row with the search, what unfolds below it, and the count of what is left."""

    changed = Signal()  # by a person

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._lines: Sequence[Line] = ()
        self._facets: tuple[Facet, ...] = ()
        self._names: frozenset[str] = frozenset()
        self._common = ""
        self._measure = ""
        self.search = QLineEdit()
        self.search.setPlaceholderText("Search images")
        self.search.setToolTip("Words that the image, patient or tags must hold")
        self.search.setAccessibleName("Search images and patients")
        self.search.setClearButtonEnabled(True)
        self.button = QPushButton("Filter")
        self.button.setCheckable(True)
        self.button.setToolTip("Show only some patients, tags, scores, marks")
        self.more = QWidget()
        self.facets, self.span = Facets(), Span()
        self.span.setToolTip("Show only images whose score is in this range.")
        self._span_label = QLabel()
        self.count = Text()
        self.all_button = QPushButton("Show all")
        self.all_button.setToolTip("Forget the search and every filter")
        self.bar = QWidget()
        self._later = single_shot(PAUSE, self.changed, self)
        self._lay_out()
        self.button.toggled.connect(self._unfold)
        self.search.textChanged.connect(self._later.start)
        self.facets.changed.connect(self.changed)
        self.span.changed.connect(self._later.start)
        self.all_button.clicked.connect(self._show_all)

    def set_lines(self, lines: Sequence[Line], measure: Measure) -> None:
        """Offer what these cases can be filtered by."""
        self._lines = lines
        if measure.key != self._measure:
            self._measure = measure.key
            self._span_label.setText(measure.title)
        if self.button.isChecked():  # else nobody looks, and counting takes a while
            self._count()

    def show_named(self, names: Iterable[str], common: str) -> None:
        """Show only cases of these names; ``common`` says what they have in common."""
        self._names, self._common = frozenset(names), common
        self.changed.emit()

    @property
    def names(self) -> frozenset[str]:
        """The cases that were picked elsewhere; empty if none were."""
        return self._names

    def clear(self) -> None:
        """Show everything; nobody is told."""
        self._names, self._common = frozenset(), ""
        for field in (self.search, self.span.low, self.span.high):
            field.blockSignals(True)
            field.clear()
            field.blockSignals(False)
        self.facets.set_values({})

    def test(self, picked: bool = True) -> Callable[[Line], bool]:
        """Return what says whether a case passes; without what was ``picked`` if not wanted."""
        words = tuple(self.search.text().casefold().split())
        chosen = self.facets.values()
        wanted = [(f, chosen[f.title]) for f in self._facets if f.title in chosen]
        low, high = self.span.bounds()
        ranged, key = not self.span.is_open(), self._measure
        names = self._names if picked else frozenset()

        def passes(line: Line) -> bool:
            if names and line.name not in names:
                return False
            if ranged and not low <= line.values[key] <= high:
                return False
            if any(not facet.passes(line, value) for facet, value in wanted):
                return False
            return not words or all(word in line.text for word in words)

        return passes

    def show_count(self, shown: int, known: int) -> None:
        """Say how many cases are left, and what they have in common."""
        wanted = len(self.facets.values()) + (not self.span.is_open())
        self.button.setText(f"Filter ({wanted})" if wanted else "Filter")
        filtered = bool(wanted or self.search.text().strip() or self._names)
        common = f": {self._common}" if self._common else ""
        self.bar.setVisible(filtered)
        self.count.set_text(f"{shown:,} of {known:,} images{common}" if filtered else "")

    def _count(self) -> None:
        """Write into the facets of how many cases each value is."""
        lines = self._lines
        tags = dict.fromkeys(t for line in lines if line.score for t in line.score.tags)
        if [f.title for f in self._facets[1:-1]] != list(tags) or not self._facets:
            self._facets = (
                Facet("Patient", "all patients", _patient),
                *(Facet(tag, f"any {tag}", _tag(tag)) for tag in tags),
                Facet("Marked", "all images", marks),
            )
        before = list(self.facets.choices)
        self.facets.set_facets({f.title: f.choices(lines) for f in self._facets})
        if list(self.facets.choices) != before:
            tab_as_laid_out(self)

    def _unfold(self, open: bool) -> None:
        if open:
            self._count()
        self.more.setVisible(open)

    def _show_all(self) -> None:
        self.clear()
        self.changed.emit()

    def _lay_out(self) -> None:
        self.top = QHBoxLayout()
        self.top.addWidget(self.search, 1)
        self.top.addWidget(self.button)
        form = narrow(QFormLayout())
        form.addRow(self._span_label, self.span)
        inside = QVBoxLayout(self.more)
        inside.setContentsMargins(0, 0, 0, 0)
        inside.addWidget(self.facets)
        inside.addLayout(form)
        self.more.hide()
        counted = QHBoxLayout(self.bar)
        counted.setContentsMargins(0, 0, 0, 0)
        counted.addWidget(self.count, 1)
        counted.addWidget(self.all_button)
        self.bar.hide()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addLayout(self.top)
        layout.addWidget(self.more)
        layout.addWidget(self.bar)


def marks(line: Line) -> tuple[str, ...]:
    """Return what a case is marked with."""
    score = line.score
    if score is None:
        return ()
    found = (bool(score.error), score.corrected, line.empty, line.values["dice"] == 0)
    return tuple(mark for mark, is_it in zip(MARKS, found, strict=True) if is_it)


def _patient(line: Line) -> tuple[str, ...]:
    return (line.score.patient,) if line.score else ()


def _tag(tag: str) -> Callable[[Line], tuple[str, ...]]:
    return lambda line: (line.score.tags.get(tag, ""),) if line.score else ()

"""The scores of an evaluation: a table of cases or of groups, and what narrows it down."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from qtpy.QtWidgets import QVBoxLayout, QWidget

from napari_unet.events import CaseScore
from napari_unet.widgets.parts.fold import Fold
from napari_unet.widgets.parts.qt import Signal
from napari_unet.widgets.parts.rows import Column
from napari_unet.widgets.parts.table import Table
from napari_unet.widgets.parts.timing import single_shot
from napari_unet.widgets.views.distribution import Distribution
from napari_unet.widgets.views.score_choices import ScoreChoices
from napari_unet.widgets.views.score_columns import Units, columns, units_of, widths
from napari_unet.widgets.views.score_filter import ScoreFilter
from napari_unet.widgets.views.score_lines import (
    Line,
    case_line,
    class_names,
    group_lines,
    summary_lines,
)
from napari_unet.widgets.views.score_steps import ScoreSteps

PAUSE = 200  # milliseconds between two summaries while scores pour in
ROWS = 10  # that are seen at least: three of them sum up the others
FEW = 32  # lines that are replaced one by one


class ScoresPanel(QWidget):
    """Shows scores as they come; one case is open."""

    case_wanted = Signal(str)  # its name
    summed_up = Signal()  # what sums up the scores is as they are

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._scores: tuple[CaseScore, ...] = ()
        self._before: Mapping[str, CaseScore] = {}
        self._lines: list[Line] = []
        self._known: tuple[tuple[str, ...], tuple[str, ...], Units] = ((), (), Units())
        self._case = ""
        self.filter = ScoreFilter()
        self.choices = ScoreChoices()
        self.table = Table(())
        self.table.setAccessibleName("Scores")
        self.table.setMinimumHeight(ROWS * self.table.fontMetrics().height() * 3 // 2)
        self.steps = ScoreSteps(self)
        self.fold = Fold("Distribution")
        self.distribution = Distribution()
        self._later = single_shot(PAUSE, self._sum_up, self)
        # By itself, so that it does not prolong what came before.
        self._drawing = single_shot(0, self._draw, self)
        self._lay_out()
        self._connect()
        self._fill()

    # --- setters ------------------------------------------------------------------------------

    def set_scores(self, scores: Sequence[CaseScore], before: Mapping[str, CaseScore]) -> None:
        """Show these scores; ``before`` has those that a correction changed, as they were.

        Of what is shown already, only what came or changed is drawn.
        """
        old, self._scores, self._before = self._scores, tuple(scores), before
        if not old or len(scores) < len(old):
            self._restart()
            return
        pairs = zip(old, self._scores, strict=False)
        changed = [i for i, (a, b) in enumerate(pairs) if a is not b]
        if len(changed) > FEW:
            self._make_lines()
            self._fill()
            return
        for i in changed:
            self._replace(i)
        for score in self._scores[len(old) :]:
            self._append(score)
        if (changed or len(scores) > len(old)) and not self._later.isActive():
            self._later.start()

    @property
    def scores(self) -> tuple[CaseScore, ...]:
        """All scores, whether they pass the filters or not."""
        return self._scores

    def set_columns(self, keys: Sequence[str]) -> None:
        """Show these columns."""
        self.choices.set_columns(keys)
        self._fill()

    def set_case(self, name: str) -> None:
        """Mark the open case."""
        self._case = name
        if name and not self._by():
            self.table.select(lambda line: line.name == name)
        self.distribution.set_case(name)
        self.steps.set_case(name)

    def shown(self) -> list[Line]:
        """Return the cases that pass the filters."""
        return list(filter(self.filter.test(), self._lines))

    # --- lines --------------------------------------------------------------------------------

    def _restart(self) -> None:
        """Begin anew: these are the scores of another evaluation."""
        self.filter.clear()
        self._learn()
        self._fill(keep_place=False)

    def _learn(self) -> None:
        """Offer the classes, tags and units that occur."""
        self._known = _kinds(self._scores)
        self.choices.offer(*self._known)
        self._make_lines()

    def _make_lines(self) -> None:
        self._lines = self._lines_of(self._scores)

    def _lines_of(self, scores: Sequence[CaseScore]) -> list[Line]:
        before, name = self._before, self.choices.class_name
        return [case_line(score, before.get(score.name), name) for score in scores]

    def _append(self, score: CaseScore) -> None:
        (line,) = self._lines_of([score])
        self._lines.append(line)
        if not self._by() and self.filter.test()(line):
            self.table.rows.append(line)

    def _replace(self, i: int) -> None:
        old = self._lines[i]
        self._lines[i : i + 1] = (line,) = self._lines_of([self._scores[i]])
        passes = self.filter.test()
        if self._by():
            return  # the groups are made anew soon
        if passes(old) and passes(line):
            self.table.rows.replace(old, line)
        elif passes(old) or passes(line):
            self._fill()

    # --- what is shown ------------------------------------------------------------------------

    def _by(self) -> str:
        """Return by what the table groups: by nothing while the cases of a group are looked at."""
        return "" if self.filter.names else self.choices.by

    def _fill(self, keep_place: bool = True) -> None:
        """Fill the table anew, with the columns that fit what it shows."""
        shown, by = self.shown(), self._by()
        pinned = summary_lines(shown)
        rows = group_lines(shown, by) if by else shown
        bar, current = self.table.verticalScrollBar(), self._current()
        place = bar.value() if bar is not None and keep_place else 0
        _, tags, units = self._known
        wanted = columns(self.choices.columns, tags, units, by)
        changed = [c.title for c in wanted] != [c.title for c in self.table.rows.columns]
        if changed:
            self._change_columns(wanted)
        self.table.rows.set_rows([*pinned, *rows], len(pinned))
        if changed or not keep_place:
            self.table.set_widths(*widths(wanted, rows, by), grow=0)
        name = current if by else self._case or current
        if name:
            self.table.select(lambda line: line.name == name)
        if bar is not None:
            bar.setValue(place)
        self._tell(shown)

    def _sum_up(self) -> None:
        """Bring up to date what sums up the cases."""
        if _kinds(self._scores) != self._known:  # such as a class that the first image has not
            self._learn()
            self._fill()
        elif self._by():
            self._fill()
        else:
            shown = self.shown()
            self.table.rows.set_pinned(summary_lines(shown))
            self._tell(shown)

    def _tell(self, shown: Sequence[Line]) -> None:
        """Tell those around the table what it shows."""
        measure = self.choices.measure
        self.filter.set_lines(self._lines, measure)
        self.filter.show_count(len(shown), len(self._lines))
        self.steps.set_lines(shown, measure)
        self.fold.set_title(f"Distribution of {measure.title}")
        self._drawing.start()
        self.summed_up.emit()

    def _draw(self) -> None:
        """Draw the distribution, if anybody looks; what was picked stays among all others."""
        if not self.fold.button.isChecked():
            return
        lines = list(filter(self.filter.test(picked=False), self._lines))
        choices = self.choices
        self.distribution.set_lines(lines, choices.measure, self._known[2], choices.by)
        self.distribution.set_chosen(bool(self.filter.names))
        self.distribution.set_case(self._case)

    def _current(self) -> str:
        """Return the name of the row that the keyboard is at, empty if it is at none."""
        index = self.table.found.mapToSource(self.table.currentIndex())
        rows = self.table.rows
        return rows.rows[index.row()].name if index.row() >= rows.pinned else ""

    def _change_columns(self, wanted: Sequence[Column]) -> None:
        """Show other columns, sorted as before where that column is still there."""
        across = self.table.horizontalHeader()
        assert across is not None
        before = {i: column.title for i, column in enumerate(self.table.rows.columns)}
        title, order = before.get(across.sortIndicatorSection()), across.sortIndicatorOrder()
        self.table.set_columns(wanted)
        now = [column.title for column in wanted]
        if title in now:
            self.table.sortByColumn(now.index(title), order)

    # --- what a person does -------------------------------------------------------------------

    def _choose_class(self) -> None:
        self._make_lines()
        self._fill()

    def _regroup(self) -> None:
        self.filter.show_named((), "")  # which fills the table

    def _remeasure(self) -> None:
        self.filter.span.clear()  # a range of another score
        self.distribution.set_chosen(False)
        self._tell(self.shown())

    def _open(self, line: Line) -> None:
        """Open a case; show a group's cases."""
        if line.score is None:
            self.filter.show_named(line.cases, line.name)
        else:
            self.case_wanted.emit(line.name)

    # --- inside -------------------------------------------------------------------------------

    def _lay_out(self) -> None:
        self.filter.top.addWidget(self.choices.columns_button)
        self.fold.rows.addWidget(self.distribution)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.filter)
        layout.addWidget(self.choices)
        layout.addWidget(self.table, 1)
        layout.addWidget(self.steps)
        layout.addWidget(self.fold)

    def _connect(self) -> None:
        self.filter.changed.connect(self._fill)
        self.choices.class_chosen.connect(self._choose_class)
        self.choices.group_chosen.connect(self._regroup)
        self.choices.measure_chosen.connect(self._remeasure)
        self.choices.columns_chosen.connect(lambda _: self._fill())
        self.table.opened.connect(self._open)
        self.steps.case_wanted.connect(self.case_wanted)
        self.distribution.picked.connect(self.filter.show_named)
        self.fold.button.toggled.connect(lambda _: self._draw())


def _kinds(scores: Sequence[CaseScore]) -> tuple[tuple[str, ...], tuple[str, ...], Units]:
    """Return the classes, tags and units that occur."""
    tags = tuple(dict.fromkeys(tag for score in scores for tag in score.tags))
    return class_names(scores), tags, units_of(scores)

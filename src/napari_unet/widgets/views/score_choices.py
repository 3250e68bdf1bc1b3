"""What of the scores is shown: which class, how grouped, which columns, which score is drawn."""

from __future__ import annotations

from collections.abc import Sequence

from qtpy.QtWidgets import QHBoxLayout, QMenu, QPushButton, QVBoxLayout, QWidget

from napari_unet.widgets.parts.picker import Choice
from napari_unet.widgets.parts.qt import Signal
from napari_unet.widgets.views.score_columns import DEFAULT, Units, choices
from napari_unet.widgets.views.score_lines import BY_KEY, PATIENT, TAG, Measure


class ScoreChoices(QWidget):
    """Lists, and the button with the menu of columns (which others lay out)."""

    class_chosen = Signal()
    group_chosen = Signal()
    measure_chosen = Signal()
    columns_chosen = Signal(object)  # their keys, by a person

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.columns: tuple[str, ...] = DEFAULT
        self.tags: tuple[str, ...] = ()
        self.columns_button = QPushButton("Columns")
        self.columns_button.setToolTip("Choose which scores the table shows")
        self.menu = QMenu(self)
        self.columns_button.setMenu(self.menu)
        self.classes, self.groups, self.measures = Choice(), Choice(), Choice()
        for choice, name, help, signal in (
            (self.classes, "Class", "One class, or the mean over all", self.class_chosen),
            (self.groups, "Group by", "A row for each patient or tag", self.group_chosen),
            (self.measures, "Score", "The score of steps, range and plots", self.measure_chosen),
        ):
            choice.setAccessibleName(name)
            choice.setAccessibleDescription(help)
            choice.chosen.connect(lambda _, signal=signal: signal.emit())
        row = QHBoxLayout()
        row.addWidget(self.groups, 1)
        row.addWidget(self.measures, 1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.classes)
        layout.addLayout(row)
        self.offer((), (), Units())

    @property
    def class_name(self) -> str:
        """The chosen class, empty for all."""
        return self.classes.key()

    @property
    def by(self) -> str:
        """What lines are grouped by, empty for nothing."""
        return self.groups.key()

    @property
    def measure(self) -> Measure:
        """The chosen score."""
        return BY_KEY[self.measures.key()]

    def offer(self, names: Sequence[str], tags: Sequence[str], units: Units) -> None:
        """Offer these classes, tags and measures; what was chosen stays if it can."""
        self.tags = tuple(tags)
        _fill(self.classes, [("", "all classes"), *((n, n) for n in names)])
        self.classes.setVisible(bool(names))
        by_tag = ((f"{TAG}{tag}", f"by {tag}") for tag in tags)
        _fill(self.groups, [("", "not grouped"), (PATIENT, "by patient"), *by_tag])
        _fill(self.measures, [(m.key, units.title(m)) for m in BY_KEY.values()])
        self.menu.clear()
        for key, words in choices(self.tags):
            action = self.menu.addAction(words)
            if action is not None:
                action.setCheckable(True)
                action.setData(key)
                action.triggered.connect(self._choose_columns)
        self.set_columns(self.columns)

    def set_columns(self, keys: Sequence[str]) -> None:
        """Show these columns as chosen."""
        self.columns = tuple(keys)
        for action in self.menu.actions():
            action.setChecked(action.data() in self.columns)

    def _choose_columns(self) -> None:
        there = self.menu.actions()
        chosen = [action.data() for action in there if action.isChecked()]
        # Tags of other data sets stay chosen: they come back with these.
        offered = {action.data() for action in there}
        self.set_columns((*chosen, *(key for key in self.columns if key not in offered)))
        self.columns_chosen.emit(self.columns)


def _fill(choice: Choice, items: Sequence[tuple[str, str]]) -> None:
    """Offer items; what was chosen stays if it can, else the first one is."""
    keys = [key for key, _ in items]
    choice.set_items(items, choice.key() if choice.key() in keys else keys[0])

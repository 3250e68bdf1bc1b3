"""The versions of the open case: what was saved when, and which of it counts."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from qtpy.QtWidgets import QCheckBox, QGridLayout, QPushButton, QWidget

from napari_unet.data.corrections import Role, Version
from napari_unet.quantities import size_words
from napari_unet.widgets.parts.action import enable, push_button
from napari_unet.widgets.parts.fold import Fold
from napari_unet.widgets.parts.page import tab_as_laid_out
from napari_unet.widgets.parts.qt import Signal
from napari_unet.widgets.parts.rows import Column
from napari_unet.widgets.parts.table import Table
from napari_unet.widgets.parts.text import Text
from napari_unet.widgets.versioning import Listed

NO_CASE = "Open a case of a data set: what you paint on it is saved here by itself."
NONE = (
    "What you paint on this case is saved here by itself, as a new version after every pause. "
    "The files of the data set are never changed."
)
CHOOSE = "Choose a version first."


class VersionsFold(Fold):
    """Shows what is kept of the open case, and lets a person choose what counts."""

    restore_wanted = Signal(str, object)  # a role, and a version's number or None: the original
    follow_wanted = Signal(bool)  # whether the corrected prediction is to be the reference
    delete_wanted = Signal(object)
    undo_wanted = Signal()
    again_wanted = Signal()  # to save what could not be saved

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("Versions", parent)
        self._listed = Listed()
        self.state = Text()
        self.error = Text()
        self.again = push_button("Try &again", "Save what could not be saved")
        self.counts = Text()
        self.table = Table(self._columns())
        self.table.setAccessibleName("Versions of the open case")
        self.table.set_widths(
            "000",
            "01-01 10:00",
            "prediction",
            "+100 −100",
            "0.000",
            "prediction",
            "me@here",
            grow=3,
        )
        self.table.fix_height(5)
        self.prediction = push_button("Use as &prediction", "Show this version as the prediction")
        self.reference = push_button("Use as &reference", "Train and score with this version")
        self.no_prediction = push_button("Network's labels", "Show the network's labels again")
        self.no_reference = push_button("Original mask", "Train and score with the mask as it came")
        self.delete = push_button("&Delete", "Delete the chosen version")
        self.undo = push_button("&Undo", "")
        self.follow = QCheckBox("Corrected prediction as reference")
        self.follow.setProperty(
            "help",
            "Train and score with my corrected prediction, also with later corrections of it",
        )
        self.room = Text()
        self._lay_out()
        self._connect()
        self.set_open(True)
        self.set_listed(Listed(), "")
        self.set_state("", "")
        tab_as_laid_out(self)

    # --- setters ------------------------------------------------------------------------------

    def set_state(self, state: str, error: str) -> None:
        """Say what was saved, or why it could not be."""
        self.state.set_text(state)
        self.error.set_text(f"⚠ {error}" if error else "")
        self.again.setVisible(bool(error))

    def set_listed(self, listed: Listed, undo: str) -> None:
        """Show what there is; ``undo`` says what can be taken back."""
        chosen = {v.number for v in self.table.chosen()}
        self._listed = listed
        self.table.rows.set_rows(list(listed.versions))
        if chosen:
            self.table.select_all(lambda version: version.number in chosen)
        there = bool(listed.versions)
        self.set_title(f"Versions ({len(listed.versions)})" if there else "Versions")
        self.counts.set_text(_counting(listed) if there else (NONE if listed.case else NO_CASE))
        self.room.set_text(_sizes(listed) if there else "")
        for widget in (self.table, self.follow, *self._buttons()):
            widget.setVisible(there)
        self.follow.setChecked(listed.follows)
        enable(self.follow, "" if _corrected(listed) else "There is no corrected prediction yet.")
        enable(self.undo, "" if undo else "There is nothing to undo.", f"Undo: {undo}")
        self._choose()

    def chosen(self) -> Version | None:
        """Return the chosen version."""
        found = self.table.chosen()
        return found[0] if found else None

    # --- inside -------------------------------------------------------------------------------

    def _columns(self) -> tuple[Column, ...]:
        return (
            Column("No.", lambda v: str(v.number), lambda v: v.number, tooltip=_explain),
            Column("Saved", lambda v: _short(v.saved), lambda v: v.saved, tooltip=_explain),
            Column(
                "Counts as",
                self._counts_as,
                lambda v: v.number in dict(self._listed.counting).values(),
                help="What is shown as the prediction, or trained and scored with as the reference",
            ),
            Column(
                "Change",
                _change,
                lambda v: v.added + v.removed,
                help="Pixels that became foreground, and background, since the version before",
            ),
            Column(
                "Dice",
                lambda v: f"{v.dice:.3f}" if v.dice is not None else "",
                lambda v: -1.0 if v.dice is None else v.dice,
                help="Against the reference when it was saved",
            ),
            Column("Painted on", lambda v: v.role),
            Column("By", lambda v: v.by),
        )

    def _counts_as(self, version: Version) -> str:
        if version.damage:
            return "damaged"
        roles = [role for role, number in self._listed.counting if number == version.number]
        return "both" if len(roles) == 2 else "".join(roles)

    def _buttons(self) -> Sequence[QPushButton]:
        return (
            self.prediction,
            self.reference,
            self.no_prediction,
            self.no_reference,
            self.delete,
            self.undo,
        )

    def _lay_out(self) -> None:
        grid = QGridLayout()
        for i, button in enumerate(self._buttons()):
            grid.addWidget(button, i // 2, i % 2)
        for widget in (self.state, self.error, self.again, self.counts, self.table):
            self.rows.addWidget(widget)
        self.rows.addLayout(grid)
        self.rows.addWidget(self.follow)
        self.rows.addWidget(self.room)

    def _connect(self) -> None:
        selection = self.table.selectionModel()
        if selection is not None:
            selection.selectionChanged.connect(self._choose)
        self.prediction.clicked.connect(lambda: self._restore("prediction"))
        self.reference.clicked.connect(lambda: self._restore("reference"))
        self.no_prediction.clicked.connect(lambda: self.restore_wanted.emit("prediction", None))
        self.no_reference.clicked.connect(lambda: self.restore_wanted.emit("reference", None))
        self.delete.clicked.connect(self._delete)
        self.undo.clicked.connect(lambda: self.undo_wanted.emit())
        self.again.clicked.connect(lambda: self.again_wanted.emit())
        self.follow.clicked.connect(lambda: self.follow_wanted.emit(self.follow.isChecked()))

    def _restore(self, role: Role) -> None:
        if (version := self.chosen()) is not None:
            self.restore_wanted.emit(role, version.number)

    def _delete(self) -> None:
        if (version := self.chosen()) is not None:
            self.delete_wanted.emit(version)

    def _choose(self, *_: object) -> None:
        """Offer what can be done with the chosen version."""
        version, listed = self.chosen(), self._listed
        damaged = f"It is damaged: {version.damage}." if version and version.damage else ""
        use: dict[Role, QPushButton] = {
            "prediction": self.prediction,
            "reference": self.reference,
        }
        for role, button in use.items():
            counts = version is not None and listed.number(role) == version.number
            why = f"It is the {role} already." if counts else damaged
            enable(button, why if version else CHOOSE)
        counts = version is not None and version.number in dict(listed.counting).values()
        why = "It counts: use another version first." if counts else ""
        enable(self.delete, why if version else CHOOSE)
        back: dict[Role, QPushButton] = {
            "prediction": self.no_prediction,
            "reference": self.no_reference,
        }
        for role, button in back.items():
            here = listed.number(role) is None
            enable(button, "That is what counts already." if here else "")


def _corrected(listed: Listed) -> bool:
    return listed.follows or listed.number("prediction") is not None


def _counting(listed: Listed) -> str:
    """Say what counts."""
    prediction, reference = listed.number("prediction"), listed.number("reference")
    lines = (
        "Prediction: " + (f"version {prediction}, corrected" if prediction else "the network's"),
        "Reference: "
        + (f"version {reference}" if reference else "the original mask")
        + (", your corrected prediction" if listed.follows and reference else ""),
    )
    return "\n".join(lines)


def _change(version: Version) -> str:
    return f"+{version.added:,} −{version.removed:,}"


def _explain(version: Version) -> str:
    base = f"version {version.based_on}" if version.based_on else "what was there at first"
    lines = [
        f"Version {version.number}, saved {_when(version.saved)} by {version.by}",
        f"painted on the {version.role}, on {base}",
        *([f"labels by {version.model}"] if version.model else []),
        *([f"damaged: {version.damage}"] if version.damage else []),
        str(version.path),
    ]
    return "\n".join(lines)


def _when(saved: str) -> str:
    """Return a time as people here write it."""
    try:
        return datetime.fromisoformat(saved).astimezone().strftime("%Y-%m-%d %H:%M")
    except ValueError:
        return saved


def _short(saved: str) -> str:
    """Return a time without what everybody knows: the day where it is today, and the year."""
    today = datetime.now().strftime("%Y-%m-%d ")
    return _when(saved).removeprefix(today).removeprefix(today[:5])


def _sizes(listed: Listed) -> str:
    return f"{size_words(listed.size)} on the disk; all of this data set: {size_words(listed.all)}"

"""The library of models: searched, looked at, and what can be done with one."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from qtpy.QtCore import QPoint, Qt
from qtpy.QtGui import QImage, QKeySequence
from qtpy.QtWidgets import QGridLayout, QHBoxLayout, QLineEdit, QMenu, QPushButton, QWidget

from napari_unet.widgets.parts.action import Running, enable, push_button
from napari_unet.widgets.parts.cards import Card, Cards
from napari_unet.widgets.parts.dropping import FileDrop
from napari_unet.widgets.parts.page import Page, tab_as_laid_out
from napari_unet.widgets.parts.picker import Choice
from napari_unet.widgets.parts.qt import QShortcut, Signal
from napari_unet.widgets.parts.text import Text
from napari_unet.widgets.views.model_details import ModelDetails
from napari_unet.widgets.views.model_rows import COLUMNS, DATE, DICE, NAME, SIZE, ModelRow

NONE = "No models yet: train one under Train, import one, or drop a model file here."
NONE_CHOSEN = "Choose a model first."
ORDERS = (  # by which column, and whether the largest comes first
    ("newest", "Newest", DATE, True),
    ("name", "Name", NAME, False),
    ("dice", "Dice", DICE, True),
    ("size", "Size", SIZE, True),
)
LIST_HEIGHT = 210


@dataclass(frozen=True)
class Target:
    """A format to export to; ``missing`` says how to install what it needs, empty if nothing."""

    name: str
    title: str
    missing: str = ""


class ModelsView(Page):
    """Shows the models of the library."""

    use_wanted = Signal(object)  # ModelRow, as of all that follow
    export_wanted = Signal(object, str)  # and the format's name
    rename_wanted = Signal(object)
    remove_wanted = Signal(object)
    verify_wanted = Signal(object)
    show_wanted = Signal(object)
    import_wanted = Signal()
    files_dropped = Signal(object)  # paths
    undo_wanted = Signal()
    cancel_wanted = Signal()
    pictures_wanted = Signal(object)  # paths of models

    def __init__(self, wanted: Callable[[str], bool], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._targets: tuple[Target, ...] = ()
        self._busy = ""
        self.search = QLineEdit()
        self.search.setPlaceholderText("Search models")
        self.search.setToolTip("Words that name, classes, data or description must hold")
        self.search.setAccessibleName("Search models")
        self.search.setClearButtonEnabled(True)
        self.order = Choice()
        self.order.setAccessibleName("Order")
        self.order.setToolTip("What comes first: the newest, by name, the best Dice, the largest")
        self.order.set_items([(key, text) for key, text, _, _ in ORDERS], ORDERS[0][0])
        self.count = Text()
        self.cards = Cards(COLUMNS, _card)
        self.cards.setAccessibleName("Models")
        self.cards.setMinimumHeight(LIST_HEIGHT)
        self.reason = Text()
        self.running = Running()
        self.details = ModelDetails()
        self._make_buttons()
        self._drop = FileDrop(self, wanted)
        self._drop_list = FileDrop(self.cards, wanted)
        self._lay_out()
        self._connect()
        self._sort(self.order.key())
        self.set_models(())
        tab_as_laid_out(self)

    # --- setters ------------------------------------------------------------------------------

    def set_models(self, rows: Sequence[ModelRow]) -> None:
        """Show these models; the chosen one stays, if it is still there."""
        kept = self.chosen()
        self.cards.rows.set_rows(list(rows))
        if kept is not None:
            self.cards.select(lambda row: row.path == kept.path)
        self._show_count()
        self._show_chosen()

    def set_pictures(self, pictures: Mapping[str, QImage | None]) -> None:
        """Show pictures by the models' paths; None where a model has none."""
        self.cards.set_pictures(pictures)

    def set_targets(self, targets: Sequence[Target]) -> None:
        """Offer these formats to export to."""
        self._targets = tuple(targets)

    def set_reason(self, busy: str) -> None:
        """Say why nothing that takes long can be begun now; empty if it can."""
        self._busy = busy
        self._show_chosen()

    def set_running(self, text: str, share: float | None, stopping: bool) -> None:
        """Show that a model is imported, exported or verified."""
        self.running.set_running(text, share, stopping)

    def set_idle(self) -> None:
        """Show that nothing runs."""
        self.running.set_idle()

    def choose(self, path: str) -> None:
        """Choose the model of a file, even if what is searched for would hide it."""
        if not any(row.path == path for row in self.cards.found.shown()):
            self.search.clear()
        self.cards.select(lambda row: row.path == path)

    def chosen(self) -> ModelRow | None:
        """Return the chosen model."""
        row: ModelRow | None = self.cards.chosen()
        return row

    # --- inside -------------------------------------------------------------------------------

    def _make_buttons(self) -> None:
        self.use = push_button("&Use in Segment", "Segment with this model (Enter)")
        self.add = push_button(
            "&Import…", "Add a model file; files can also be dropped on the list"
        )
        self.export = push_button("E&xport…", "Save a copy, in one of several formats")
        self.rename = push_button("Re&name…", "Give the model another name (F2)")
        self.remove = push_button("&Remove", "Take the model out of the library (Del)")
        self.verify = push_button("&Verify", "Read all of the file, and run the model once")
        self.show_file = push_button("Show &file", "Open the folder in which the file lies")

    def _lay_out(self) -> None:
        top = QHBoxLayout()
        top.addWidget(self.search, 3)
        top.addWidget(self.order, 2)
        buttons = QGridLayout()
        buttons.setSpacing(4)
        buttons.addWidget(self.use, 0, 0, 1, 3)
        others = (self.add, self.export, self.verify, self.rename, self.remove, self.show_file)
        for i, button in enumerate(others):
            buttons.addWidget(button, 1 + i // 3, i % 3)
        self.body.addLayout(top)
        self.body.addWidget(self.count)
        self.body.addWidget(self.cards, 1)
        self.body.addLayout(buttons)
        for widget in (self.reason, self.running, self.details):
            self.body.addWidget(widget)

    def _connect(self) -> None:
        self.search.textChanged.connect(self._find)
        self.order.chosen.connect(self._sort)
        self.cards.chosen_changed.connect(self._show_chosen)
        self.cards.opened.connect(lambda row: self._ask(self.use, self.use_wanted, row))
        self.cards.menu_wanted.connect(self._show_menu)
        self.cards.needed.connect(lambda rows: self.pictures_wanted.emit([r.path for r in rows]))
        self.add.clicked.connect(lambda: self.import_wanted.emit())
        self.export.clicked.connect(self._show_targets)
        for button, signal in self._asks():
            button.clicked.connect(lambda _=False, b=button, s=signal: self._ask(b, s))
        for drop in (self._drop, self._drop_list):
            drop.dropped.connect(self.files_dropped)
        self.running.stop.connect(self.cancel_wanted)
        _key("F2", self.cards, self.rename.click)
        _key(QKeySequence.StandardKey.Delete, self.cards, self.remove.click)
        _key(QKeySequence.StandardKey.Undo, self, self.undo_wanted.emit)
        _key(QKeySequence.StandardKey.Find, self, self.search.setFocus)

    def _asks(self) -> tuple[tuple[QPushButton, Signal], ...]:
        return (
            (self.use, self.use_wanted),
            (self.rename, self.rename_wanted),
            (self.remove, self.remove_wanted),
            (self.verify, self.verify_wanted),
            (self.show_file, self.show_wanted),
        )

    def _ask(self, button: QPushButton, signal: Signal, row: ModelRow | None = None) -> None:
        """Ask for something to be done with a model, if the button for it could be used."""
        row = row or self.chosen()
        if row is not None and button.isEnabled():
            signal.emit(row)

    def _find(self, text: str) -> None:
        self.cards.found.set_search(text)
        self._show_count()
        self._show_chosen()

    def _sort(self, key: str) -> None:
        column, down = next((c, d) for k, _, c, d in ORDERS if k == key)
        order = Qt.SortOrder.DescendingOrder if down else Qt.SortOrder.AscendingOrder
        self.cards.found.sort(column, order)

    def _show_count(self) -> None:
        known, shown = len(self.cards.rows.rows), self.cards.found.rowCount()
        text = self.search.text().strip()
        if not known:
            self.count.set_text(NONE)
        elif text:
            self.count.set_text(
                f"{shown:,} of {known:,} models" if shown else f"No model holds “{text}”."
            )
        else:
            self.count.set_text("")

    def _show_chosen(self) -> None:
        row = self.chosen()
        unusable = "This file cannot be used." if row is not None and row.entry.error else ""
        nothing = NONE_CHOSEN if row is None else ""
        fixed = row.fixed if row is not None else ""
        enable(self.use, nothing or unusable)
        enable(self.export, nothing or unusable or self._busy)
        enable(self.add, self._busy)
        enable(self.rename, nothing or fixed)
        enable(self.remove, nothing or fixed)
        enable(self.verify, nothing or self._busy)
        enable(self.show_file, nothing)
        told = not self.running.isHidden()  # which says itself what keeps us busy
        self.reason.set_text(fixed or ("" if told else self._busy))
        self.details.set_model(row)

    def _show_targets(self) -> None:
        menu = self.targets_menu()
        menu.exec(self.export.mapToGlobal(QPoint(0, self.export.height())))
        menu.deleteLater()

    def targets_menu(self) -> QMenu:
        """Return the formats in which the chosen model can be saved."""
        menu, row = QMenu(self), self.chosen()
        menu.setToolTipsVisible(True)
        for target in self._targets:
            text = f"{target.title} (not installed)" if target.missing else f"{target.title}…"
            name = target.name
            action = menu.addAction(text, lambda name=name: self.export_wanted.emit(row, name))
            if action is not None:
                action.setToolTip(target.missing)
        return menu

    def menu(self) -> QMenu:
        """Return what can be done with the chosen model."""
        menu = QMenu(self)
        for button in (self.use, self.export, self.rename, self.remove, self.verify):
            action = menu.addAction(button.text(), button.click)
            if action is not None:
                action.setEnabled(button.isEnabled())
        menu.addAction(self.show_file.text(), self.show_file.click)
        return menu

    def _show_menu(self, at: QPoint) -> None:
        menu = self.menu()
        menu.exec(at)
        menu.deleteLater()


def _card(row: ModelRow) -> Card:
    card = row.entry.card
    sign = "?" if card is None else f"{card.network.dims}D"
    return Card(row.path, row.name, (row.found, row.scored, row.file, row.mark), sign)


def _key(key: str | QKeySequence.StandardKey, widget: QWidget, do: Callable[[], object]) -> None:
    """Do something when a key is pressed while the keyboard is in a widget."""
    shortcut = QShortcut(QKeySequence(key), widget)
    shortcut.setContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
    shortcut.activated.connect(do)

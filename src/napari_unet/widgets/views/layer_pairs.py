"""Which layers of the viewer are trained on: for every image, its labels."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from qtpy.QtWidgets import (
    QCheckBox,
    QFormLayout,
    QLineEdit,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from napari_unet.widgets.layer_pairs import LayerFacts
from napari_unet.widgets.parts.form import add_row, narrow
from napari_unet.widgets.parts.picker import Choice
from napari_unet.widgets.parts.qt import Signal
from napari_unet.widgets.parts.text import Elided, Text

HOW = (
    "Paint a few strokes: 1 on what is background, 2 on the first class, 3 on the second. What "
    "you leave unpainted is not learned from."
)
NOTHING = "Open images and labels, or make a layer of scribbles."


class LayerPairsPanel(QWidget):
    """A row for each image, and what unpainted pixels mean."""

    changed = Signal()  # by a person
    scribbles_wanted = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.rows: dict[str, Choice] = {}
        self._by_hand: dict[str, str] = {}
        self._layout = QVBoxLayout()
        self._layout.setSpacing(2)
        self.note = Text()
        self.sparse = QCheckBox("Unpainted pixels are not labelled")
        self.sparse.setToolTip(HOW)
        self.how = Text(HOW)
        self.classes = QLineEdit("foreground")
        self.classes.setPlaceholderText("tumour, vessel")
        self.scribbles = QPushButton("New layer for scribbles")
        self.scribbles.setToolTip("Make an empty labels layer on the active image and paint")
        self._form = narrow(QFormLayout())
        add_row(self._form, "Classes", self.classes, "Names for the labels 2, 3 and so on")
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addLayout(self._layout)
        layout.addWidget(self.note)
        layout.addWidget(self.sparse)
        layout.addWidget(self.how)
        layout.addLayout(self._form)
        layout.addWidget(self.scribbles)
        self.sparse.toggled.connect(lambda _: self._show_sparse())
        self.sparse.clicked.connect(lambda _: self.changed.emit())
        self.classes.textEdited.connect(lambda _: self.changed.emit())
        self.scribbles.clicked.connect(lambda: self.scribbles_wanted.emit())
        self._show_sparse()

    def set_layers(
        self,
        images: Sequence[LayerFacts],
        labels: Sequence[LayerFacts],
        guessed: Mapping[str, str],
    ) -> None:
        """Show a row for each image, with the labels that a person chose for it, or a guess."""
        while (item := self._layout.takeAt(0)) is not None:
            if (old := item.widget()) is not None:
                old.hide()
                old.deleteLater()
        self.rows = {}
        there = {mask.id for mask in labels}
        for image in images:
            choice = Choice()
            choice.setAccessibleName(f"Labels of {image.name}")
            fitting = [(m.id, m.name) for m in labels if m.shape == image.shape]
            choice.set_items([("", "not trained on"), *fitting])
            chosen = self._by_hand.get(image.id)
            guess = guessed.get(image.id, "")
            choice.set_key(chosen if chosen in there or chosen == "" else guess)
            choice.chosen.connect(lambda key, id=image.id: self._choose(id, key))
            self.rows[image.id] = choice
            self._layout.addWidget(Elided(image.name))
            self._layout.addWidget(choice)
        self.note.set_text("" if images else NOTHING)

    def chosen(self) -> dict[str, str]:
        """Return image id → labels id of what is to be trained on."""
        return {image: key for image, row in self.rows.items() if (key := row.key())}

    def class_names(self) -> tuple[str, ...]:
        """Return the names of the classes that are painted as 2, 3 and so on."""
        names = (name.strip() for name in self.classes.text().split(","))
        return tuple(dict.fromkeys(name for name in names if name))

    def problem(self) -> str:
        """Say why these layers cannot be trained on; empty if they can."""
        if not self.chosen():
            return "Choose the labels of at least one image."
        unnamed = self.sparse.isChecked() and not self.class_names()
        return "Name at least one class." if unnamed else ""

    def _choose(self, image: str, labels: str) -> None:
        self._by_hand[image] = labels
        self.changed.emit()

    def _show_sparse(self) -> None:
        sparse = self.sparse.isChecked()
        self.how.setVisible(sparse)
        self._form.setRowVisible(self.classes, sparse)

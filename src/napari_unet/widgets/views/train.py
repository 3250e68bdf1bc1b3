"""The Train view: what to train on and how, start and stop, and how it goes."""

from __future__ import annotations

from collections.abc import Sequence

from qtpy.QtWidgets import QFormLayout, QHBoxLayout, QLineEdit, QPushButton, QWidget

from napari_unet.widgets.parts.action import Action
from napari_unet.widgets.parts.form import add_row, narrow
from napari_unet.widgets.parts.job_form import JobForm
from napari_unet.widgets.parts.page import Page, tab_as_laid_out
from napari_unet.widgets.parts.picker import Choice
from napari_unet.widgets.parts.qt import Signal
from napari_unet.widgets.parts.text import Text
from napari_unet.widgets.views.curves import CurvesPanel
from napari_unet.widgets.views.layer_pairs import LayerPairsPanel
from napari_unet.widgets.views.live import LivePanel
from napari_unet.widgets.views.plan import PlanPanel
from napari_unet.widgets.views.progress import ProgressPanel
from napari_unet.widgets.views.queue import QueuePanel

DATASET, LAYERS = "dataset", "layers"
SOURCES = ((DATASET, "the open data set"), (LAYERS, "layers of the viewer"))


class TrainView(Page):
    """Lets a person train a model on the open dataset."""

    train_wanted = Signal()
    longer_wanted = Signal()
    resume_wanted = Signal()
    plan_wanted = Signal()
    augment_wanted = Signal()
    folder_wanted = Signal()
    sample_wanted = Signal()
    source_chosen = Signal(str)  # DATASET or LAYERS
    name_changed = Signal(str)  # by a person
    settings_changed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.source = Choice()
        self.source.setAccessibleName("What to train on")
        self.source.set_items(SOURCES, DATASET)
        self.pairs = LayerPairsPanel()
        self.data = Text()
        self.open = QPushButton("Open folder…")
        self.open.setToolTip("Choose a folder of images and masks")
        self.sample = QPushButton("Sample data")
        self.sample.setToolTip("Make 60 small images with masks, to try it out")
        self.form = JobForm()
        self.name = QLineEdit()
        self.name_note = Text()
        self.plan_button = QPushButton("Show pla&n")
        self.plan_button.setToolTip("Measure this computer and tell how training would be done")
        self.augment = QPushButton("Augmentation…")
        self.augment.setToolTip("Show what the augmentation does to some of the images")
        self.plan = PlanPanel()
        self.train = Action("&Train", "Train a model on the open dataset, in the background")
        self.queue = QueuePanel()
        self.running = ProgressPanel()
        self.status = Text()
        self.longer = QPushButton("Train lon&ger…")
        self.longer.setToolTip("Go on where this training ended, for some more minutes")
        self.resume = QPushButton("&Resume")
        self.resume.setToolTip("Go on where this training was stopped, to the end of its budget")
        self.live = LivePanel()
        self.curves = CurvesPanel()
        self.notes = Text()
        self._lay_out()
        self._connect()
        self.set_data("", can_open=True)
        self.set_source(DATASET)
        self.set_after(resume=False, longer=False)
        self.curves.set_histories({})
        tab_as_laid_out(self)

    # --- setters ------------------------------------------------------------------------------

    def set_data(self, text: str, can_open: bool) -> None:
        """Say what would be trained on; offer to open something if that is nothing."""
        self.data.set_text(text)
        for button in (self.open, self.sample):
            button.setVisible(can_open)

    def set_source(self, source: str) -> None:
        """Show what is trained on."""
        self.source.set_key(source)
        self.pairs.setVisible(source == LAYERS)
        self.data.setVisible(source == DATASET)

    def set_name(self, name: str, note: str = "") -> None:
        """Show the model's name, and what happens if there is such a model already."""
        if self.name.text() != name:
            self.name.setText(name)
            self.name.setCursorPosition(0)
        self.name_note.set_text(note)

    def set_reason(self, reason: str, waits: bool) -> None:
        """Say why training cannot start; empty if it can. It ``waits`` while another one runs."""
        self.train.set_reason(reason)
        self.train.button.setText("&Train after this one" if waits else "&Train")

    def set_helpers(self, plan: str, augment: str) -> None:
        """Say why the plan and the augmentation cannot be shown; empty if they can."""
        for button, reason in ((self.plan_button, plan), (self.augment, augment)):
            button.setEnabled(not reason)
            button.setStatusTip(reason)

    def set_status(self, text: str) -> None:
        """Say how the last training went, or what the running one reached."""
        self.status.set_text(text)

    def set_after(self, resume: bool, longer: bool) -> None:
        """Offer to go on with the training that is over, to its end or beyond."""
        self.resume.setVisible(resume)
        self.longer.setVisible(longer)

    def set_queue(self, names: Sequence[str], details: Sequence[str]) -> None:
        """Show which trainings wait; their rows are new, and the Tab key must find them."""
        self.queue.set_waiting(names, details)
        tab_as_laid_out(self)

    def set_notes(self, notes: Sequence[str]) -> None:
        """List what training had to say."""
        self.notes.set_text("\n".join(f"• {n}" for n in notes))

    # --- inside -------------------------------------------------------------------------------

    def _lay_out(self) -> None:
        add_row(
            self.form.rows, "Model na&me", self.name, "The file's name in the workspace of models."
        )
        source = narrow(QFormLayout())
        add_row(source, "Train on", self.source, "A folder, or layers that are open in the viewer")
        self.body.addLayout(source)
        self.body.addWidget(self.pairs)
        self.body.addWidget(self.data)
        self.body.addLayout(_row(self.open, self.sample))
        self.body.addWidget(self.form)
        self.body.addWidget(self.name_note)
        self.body.addLayout(_row(self.plan_button, self.augment))
        for widget in (self.plan, self.train, self.running, self.queue, self.status):
            self.body.addWidget(widget)
        self.body.addLayout(_row(self.resume, self.longer))
        self.body.addWidget(self.live)
        self.body.addWidget(self.curves)
        self.body.addWidget(self.notes)
        self.body.addStretch(1)

    def _connect(self) -> None:
        self.train.clicked.connect(self.train_wanted)
        self.source.chosen.connect(self.source_chosen)
        for button, signal in (
            (self.longer, self.longer_wanted),
            (self.resume, self.resume_wanted),
            (self.plan_button, self.plan_wanted),
            (self.augment, self.augment_wanted),
            (self.open, self.folder_wanted),
            (self.sample, self.sample_wanted),
        ):
            button.clicked.connect(lambda _=False, signal=signal: signal.emit())
        self.name.textEdited.connect(self.name_changed)
        self.form.value_changed.connect(self.settings_changed)


def _row(*widgets: QWidget) -> QHBoxLayout:
    row = QHBoxLayout()
    for widget in widgets:
        row.addWidget(widget)
    return row

"""The Segment view: image, model, one button, and the threshold that acts at once."""

from __future__ import annotations

from collections.abc import Sequence

from qtpy.QtWidgets import QFormLayout, QPushButton, QVBoxLayout, QWidget

from napari_unet.config import CleanUp
from napari_unet.library import Entry
from napari_unet.session import ImageFacts
from napari_unet.widgets.parts.action import Action, Running
from napari_unet.widgets.parts.form import add_row, narrow
from napari_unet.widgets.parts.page import Page, tab_as_laid_out
from napari_unet.widgets.parts.picker import Choice, ModelPicker
from napari_unet.widgets.parts.qt import Signal
from napari_unet.widgets.parts.text import Text
from napari_unet.widgets.views.asking import AskingPanel
from napari_unet.widgets.views.refining import CleanUpPanel, ObjectsPanel
from napari_unet.widgets.views.thresholds import ThresholdsPanel

KEY = "Ctrl+Return"  # while the keyboard is in the widget


class SegmentView(Page):
    """Lets a person segment an open image."""

    segment_wanted = Signal()
    cancel_wanted = Signal()
    image_chosen = Signal(str)
    model_chosen = Signal(str)
    browse = Signal()
    threshold_changed = Signal(float)  # by a person, as all that follow
    thresholds_changed = Signal(tuple)
    cleanup_changed = Signal(CleanUp)
    measure_wanted = Signal()
    export_wanted = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.image = Choice("no image open")
        self.model = ModelPicker()
        help = f"Make a Labels layer that lies exactly on the image ({KEY})"
        self.segment = Action("&Segment", help)
        self.running = Running()
        self.thresholds = ThresholdsPanel()
        self.slider, self.number = self.thresholds.lone.slider, self.thresholds.lone.number
        self.threshold_note = self.thresholds.note
        self.working = Text()
        self.stale = Stale()
        self.result = Text()
        self.cleaning = CleanUpPanel()
        self.objects = ObjectsPanel()
        self.more = AskingPanel()
        self._lay_out()
        self._connect()
        self.set_threshold(0.5, "")
        tab_as_laid_out(self)

    # --- setters ------------------------------------------------------------------------------

    def set_images(self, images: Sequence[ImageFacts], current: str) -> None:
        """Offer the open images with the one of id ``current`` chosen."""
        self.image.set_items([(i.id, i.name) for i in images], current)

    def set_models(self, models: Sequence[Entry], current: Entry | None, note: str = "") -> None:
        """Offer these models with ``current`` chosen; ``note`` says what it will do."""
        self.model.set_models(models, current, note)

    def set_reason(self, reason: str) -> None:
        """Say why nothing can be segmented now; empty if it can."""
        self.segment.set_reason(reason)
        self.stale.button.setEnabled(not reason)

    def set_running(self, text: str, share: float | None, stopping: bool) -> None:
        """Show that a segmentation runs."""
        self.running.set_running(text, share, stopping)

    def set_idle(self) -> None:
        """Show that no segmentation runs."""
        self.running.set_idle()

    def set_threshold(self, threshold: float, note: str, own: float = 0.5) -> None:
        """Show the one threshold and the model's ``own``, to which it can be set back.

        ``note`` says why it cannot be moved, empty if it can.
        """
        self.thresholds.set_threshold(threshold, note, own)

    def set_thresholds(self, names: Sequence[str], values: Sequence[float], note: str) -> None:
        """Show a threshold for each of several classes; see `label_image`."""
        self.thresholds.set_thresholds(names, values, note)

    def set_result(self, text: str) -> None:
        """Say what was found."""
        self.result.set_text(text)

    def set_stale(self, text: str) -> None:
        """Say why what is shown would be another one now, and offer to make it; empty if not."""
        self.stale.set_text(text)

    def set_working(self, text: str) -> None:
        """Say what labels are waited for; empty if none are."""
        self.working.set_text(text)

    def set_cleanup(self, cleanup: CleanUp) -> None:
        """Show what is done to labels."""
        self.cleaning.set_cleanup(cleanup)

    def set_objects(self, text: str) -> None:
        """Say how many objects there are, and how large they are together."""
        self.objects.set_objects(text)

    def set_no_result(self, reason: str) -> None:
        """Say why there is nothing to measure or to show of probabilities; empty if there is."""
        self.objects.set_reason(reason)
        self.more.set_maps(reason)

    def set_wheres(self, wheres: Sequence[tuple[str, str]], current: str) -> None:
        """Offer parts of the image to segment, as (key, text)."""
        self.more.set_wheres(wheres, current)

    def set_axes(self, axes: Sequence[tuple[int, str]], current: int) -> None:
        """Offer axes along which a volume is gone through, as (axis, text); none hides them."""
        self.more.set_axes(axes, current)

    def set_average(self, average: str) -> None:
        """Show over which variants of the image the answer is averaged."""
        self.more.set_average(average)

    # --- inside -------------------------------------------------------------------------------

    def _lay_out(self) -> None:
        rows = narrow(QFormLayout())
        add_row(rows, "&Image", self.image, "The layer to segment; the active one is preselected.")
        add_row(rows, "Mo&del", self.model, "The newest model that fits is preselected.")
        self.body.addLayout(rows)
        for widget in (self.segment, self.running, self.thresholds, self.working):
            self.body.addWidget(widget)
        self.body.addWidget(self.stale)
        self.body.addWidget(self.result)
        folds = QVBoxLayout()
        folds.setSpacing(0)
        for fold in (self.cleaning, self.objects, self.more):
            folds.addWidget(fold)
        self.body.addLayout(folds)
        self.body.addStretch(1)

    def _connect(self) -> None:
        self.segment.clicked.connect(self.segment_wanted)
        self.stale.again.connect(self.segment_wanted)
        self.running.stop.connect(self.cancel_wanted)
        self.image.chosen.connect(self.image_chosen)
        self.model.chosen.connect(self.model_chosen)
        self.model.browse.connect(self.browse)
        self.thresholds.threshold_changed.connect(self.threshold_changed)
        self.thresholds.thresholds_changed.connect(self.thresholds_changed)
        self.cleaning.changed.connect(self.cleanup_changed)
        self.objects.measure_wanted.connect(self.measure_wanted)
        self.objects.export_wanted.connect(self.export_wanted)


class Stale(QWidget):
    """A line that says that labels are out of date, and a button to make them anew."""

    again = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.text = Text()
        self.button = QPushButton("Segment a&gain")
        self.button.clicked.connect(lambda: self.again.emit())
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(2)
        layout.addWidget(self.text)
        layout.addWidget(self.button)
        self.hide()

    def set_text(self, text: str) -> None:
        """Say why; empty if nothing is out of date."""
        self.text.set_text(text)
        self.setVisible(bool(text))

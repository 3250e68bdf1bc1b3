"""The Batch view: which images, which model, where to, one button, and a table of sizes."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, cast

from qtpy.QtWidgets import QCheckBox, QFormLayout, QHBoxLayout, QLineEdit, QPushButton, QWidget

from napari_unet.config import SegmentConfig
from napari_unet.data.cases import Subset
from napari_unet.events import ClassSize, Segmented
from napari_unet.jobs import SegmentFilesJob
from napari_unet.library import Entry
from napari_unet.widgets.parts.action import Action, Running
from napari_unet.widgets.parts.fold import Fold
from napari_unet.widgets.parts.form import add_row, narrow
from napari_unet.widgets.parts.page import Page, tab_as_laid_out
from napari_unet.widgets.parts.picker import Choice, ModelPicker
from napari_unet.widgets.parts.qt import Signal
from napari_unet.widgets.parts.table import Column, Table
from napari_unet.widgets.parts.text import Text
from napari_unet.widgets.views.asking import AVERAGES
from napari_unet.widgets.views.refining import CleanUpPanel

Average = Literal["model", "none", "flips", "turns"]

NO_IMAGES = "Choose a folder or files, or open a data set under Data."
NO_RESULTS = "Sizes are listed here, image by image. A click shows the labels on their image."
SUBSETS = (("all", "all images"), ("test", "test"), ("val", "validation"), ("train", "training"))


@dataclass(frozen=True)
class Row:
    """One image and class; no size if the image failed or was corrected by hand."""

    result: Segmented
    size: ClassSize | None

    @property
    def name(self) -> str:
        """What the row is called."""
        mark = "⚠ " if self.result.error else ""
        return mark + Path(self.result.image).name


def rows_of(results: Iterable[Segmented]) -> list[Row]:
    """Return a row for each image and class, and one for each image without sizes."""
    return [Row(r, size) for r in results for size in (r.sizes or (None,))]


def problem(result: Segmented) -> str:
    """Return why an image failed, without its path, which stands beside it."""
    return result.error.removeprefix(result.image).strip()


def _measure(row: Row) -> float:
    """Return the area in mm² or the volume in ml, NaN if neither is known."""
    if row.size is None:
        return math.nan
    return row.size.volume / 1000 if math.isnan(row.size.area) else row.size.area


def _measure_text(row: Row) -> str:
    value = _measure(row)
    if row.size is None or math.isnan(value):
        return "–"
    return f"{value:.4g} {'ml' if math.isnan(row.size.area) else 'mm²'}"


def _explain(row: Row) -> str:
    result = row.result
    if result.error:
        return f"{result.image}\n{result.error}"
    there = " (there already)" if result.skipped else ""
    return f"{result.image}\n{result.labels}{there}"


COLUMNS = (
    Column("Image", lambda r: r.name, tooltip=_explain),
    Column("Size", _measure_text, _measure, help="Area in mm², or volume in ml, where known"),
    Column(
        "Pixels",
        lambda r: f"{r.size.pixels}" if r.size else "–",
        lambda r: r.size.pixels if r.size else math.nan,
    ),
    Column(
        "Share",
        lambda r: f"{100 * r.size.share:.3g} %" if r.size else "–",
        lambda r: r.size.share if r.size else math.nan,
        help="Of the image's pixels",
    ),
    Column(
        "Obj.",
        lambda r: f"{r.size.objects}" if r.size and r.size.objects >= 0 else "–",
        lambda r: r.size.objects if r.size else math.nan,
        help="Objects: parts that touch nowhere",
    ),
    Column("Class", lambda r: r.size.label if r.size else "–"),
    Column("Time", lambda r: f"{r.size.time}" if r.size and r.size.time >= 0 else "–"),
    Column("Problem", lambda r: problem(r.result), tooltip=_explain),
)


class BatchView(Page):
    """Lets a person segment many files at once."""

    folder_wanted = Signal()
    files_wanted = Signal()
    dataset_wanted = Signal()
    out_wanted = Signal()
    model_chosen = Signal(str)
    browse = Signal()
    start_wanted = Signal()
    cancel_wanted = Signal()
    row_wanted = Signal(object)  # a Segmented
    show_wanted = Signal()
    export_wanted = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.folder, self.files = QPushButton("&Folder…"), QPushButton("F&iles…")
        self.dataset = QPushButton("&Data set")
        self.chosen = Text(NO_IMAGES)
        self.model = ModelPicker()
        self.out, self.change = Text(), QPushButton("Write &to…")
        self.cleanup = CleanUpPanel()
        self.more = Fold("More")
        self.subset, self.average = Choice(), Choice()
        self.again = QCheckBox("Do again what is there already")
        self.probabilities = QCheckBox("Also write probabilities")
        self.workers = QLineEdit()
        self.start = Action("&Segment all", "Write a label image for every image")
        self.running = Running("Stop")
        self.summary = Text(NO_RESULTS)
        self.table = Table(COLUMNS)
        self.show_folder = QPushButton("Show f&older")
        self.export = QPushButton("Save table as &CSV…")
        self._labels: set[str] = set()  # of classes
        self._lay_out()
        self._connect()
        self.set_results((), "")
        tab_as_laid_out(self)

    # --- what was chosen ----------------------------------------------------------------------

    def settings(self) -> SegmentFilesJob:
        """Return how a person wants it to be done; images, model and folder are not in it."""
        return SegmentFilesJob(
            inputs=(),
            model="",
            out="",
            config=SegmentConfig(average=cast(Average, self.average.key() or "model")),
            probabilities=self.probabilities.isChecked(),
            cleanup=self.cleanup.form.value(),
            subset=cast(Subset, self.subset.key() or "all"),
            again=self.again.isChecked(),
            workers=self.workers.text().strip(),
        )

    # --- setters ------------------------------------------------------------------------------

    def set_inputs(self, text: str) -> None:
        """Say which images were chosen."""
        self.chosen.set_text(text or NO_IMAGES)

    def set_dataset(self, reason: str) -> None:
        """Say why the open data set cannot be chosen; empty if it can."""
        self.dataset.setEnabled(not reason)
        self.dataset.setToolTip(reason or "Segment the images of the open data set")

    def set_out(self, out: str) -> None:
        """Say where labels are written to."""
        self.out.set_text(f"Labels go to {out}" if out else "")
        self.change.setEnabled(bool(out))

    def set_models(self, models: Sequence[Entry], current: Entry | None) -> None:
        """Offer these models with ``current`` chosen."""
        self.model.set_models(models, current)

    def set_reason(self, reason: str) -> None:
        """Say why nothing can be started now; empty if it can."""
        self.start.set_reason(reason)

    def set_running(self, text: str, share: float | None, stopping: bool) -> None:
        """Show that a batch runs."""
        self.running.set_running(text, share, stopping)

    def set_idle(self) -> None:
        """Show that none runs."""
        self.running.set_idle()

    def set_results(self, results: Sequence[Segmented], summary: str) -> None:
        """Show what became of the images."""
        rows = rows_of(results)
        self.table.rows.set_rows(rows)
        self._labels = set()
        self._show_columns(rows, set() if rows else {c.title for c in COLUMNS})
        self.summary.set_text(summary or NO_RESULTS)
        self.export.setEnabled(bool(results))
        self.show_folder.setEnabled(any(r.labels for r in results))

    def add_result(self, result: Segmented, summary: str) -> None:
        """Show what became of one more image."""
        rows = rows_of([result])
        for row in rows:
            self.table.rows.append(row)
        shown = () if len(self.table.rows.given) == len(rows) else enumerate(COLUMNS)
        self._show_columns(rows, {c.title for i, c in shown if not self.table.isColumnHidden(i)})
        self.summary.set_text(summary)
        self.export.setEnabled(True)
        self.show_folder.setEnabled(self.show_folder.isEnabled() or bool(result.labels))

    # --- inside -------------------------------------------------------------------------------

    def _show_columns(self, rows: Sequence[Row], shown: set[str]) -> None:
        """Leave the room to columns that say something: those ``shown``, and of these rows."""
        sizes = [row.size for row in rows if row.size is not None]
        self._labels |= {size.label for size in sizes}
        says = {
            "Size": any(not math.isnan(_measure(row)) for row in rows),
            "Class": len(self._labels) > 1,
            "Time": any(size.time >= 0 for size in sizes),
            "Problem": any(row.result.error for row in rows),
        }
        for i, column in enumerate(COLUMNS):
            hidden = column.title not in shown and not says.get(column.title, True)
            self.table.setColumnHidden(i, hidden)
        self.table.fill()

    def _lay_out(self) -> None:
        sources, ends = QHBoxLayout(), QHBoxLayout()
        for button in (self.folder, self.files, self.dataset):
            sources.addWidget(button)
        for button in (self.show_folder, self.export):
            ends.addWidget(button)
        self.folder.setToolTip("Segment every image below a folder; masks are left alone")
        self.files.setToolTip("Segment some image files")
        self.change.setToolTip("Choose the folder for the label images")
        self.show_folder.setToolTip("Show the label images in the file manager")
        self.export.setToolTip("Save the sizes of all images, with those that failed")
        rows = narrow(QFormLayout())
        add_row(rows, "Mo&del", self.model, "The one that is also used under Segment.")
        self._fill_more()
        self.table.set_widths(
            "patient-01.nii",
            "000.0 mm²",
            "000000",
            "00.0 %",
            "00",
            "tumour",
            "00",
            "x" * 20,
            grow=0,
        )
        self.body.addLayout(sources)
        self.body.addWidget(self.chosen)
        self.body.addLayout(rows)
        self.body.addWidget(self.change)
        self.body.addWidget(self.out)
        self.body.addWidget(self.cleanup)
        self.body.addWidget(self.more)
        self.body.addWidget(self.start)
        self.body.addWidget(self.running)
        self.body.addWidget(self.summary)
        self.body.addWidget(self.table, 1)
        self.body.addLayout(ends)

    def _fill_more(self) -> None:
        self.subset.set_items(SUBSETS, "all")
        self.workers.setPlaceholderText("dask://host:8786")
        rows = narrow(QFormLayout())
        help = "Of folders: those that the model's split has there, if it was trained on them."
        add_row(rows, "Images", self.subset, help)
        self.average.set_items(AVERAGES, "model")
        help = "Segment variants of the images too, and average: slower, and often better"
        add_row(rows, "Average over", self.average, help)
        help = "Spread the work over a Dask cluster: dask://HOST:PORT, or dask://local?workers=2"
        add_row(rows, "Cluster", self.workers, help)
        self.again.setToolTip("Else what the same model made of the same image is kept")
        self.more.rows.addLayout(rows)
        self.more.rows.addWidget(self.again)
        self.more.rows.addWidget(self.probabilities)

    def _connect(self) -> None:
        for button, signal in (
            (self.folder, self.folder_wanted),
            (self.files, self.files_wanted),
            (self.dataset, self.dataset_wanted),
            (self.change, self.out_wanted),
            (self.show_folder, self.show_wanted),
            (self.export, self.export_wanted),
        ):
            button.clicked.connect(signal)
        self.model.chosen.connect(self.model_chosen)
        self.model.browse.connect(self.browse)
        self.start.clicked.connect(self.start_wanted)
        self.running.stop.connect(self.cancel_wanted)
        self.table.opened.connect(self._open)

    def _open(self, row: Row) -> None:
        self.row_wanted.emit(row.result)

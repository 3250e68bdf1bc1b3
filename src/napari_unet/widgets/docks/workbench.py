"""The U-Net workbench: the docks as tabs of one."""

from __future__ import annotations

from typing import Any

from qtpy.QtCore import QSize
from qtpy.QtWidgets import QSizePolicy, QVBoxLayout, QWidget

from napari_unet.widgets.docks.batch import BatchDock
from napari_unet.widgets.docks.correct import CorrectDock
from napari_unet.widgets.docks.dataset import DatasetDock
from napari_unet.widgets.docks.evaluate import EvaluateDock
from napari_unet.widgets.docks.models import ModelsDock
from napari_unet.widgets.docks.runs import RunsDock
from napari_unet.widgets.docks.segment import SegmentDock
from napari_unet.widgets.docks.train import TrainDock
from napari_unet.widgets.parts.switch import Switch


class WorkbenchDock(QWidget):
    """Data, Train, Segment, Batch, Correct, Scores, Runs and Models, on one session."""

    def __init__(self, napari_viewer: Any) -> None:
        super().__init__()
        self.dataset = DatasetDock(napari_viewer)
        self.train = TrainDock(napari_viewer)
        self.segment = SegmentDock(napari_viewer)
        self.batch = BatchDock(napari_viewer)
        self.correct = CorrectDock(napari_viewer)
        self.evaluate = EvaluateDock(napari_viewer)
        self.runs = RunsDock(napari_viewer)
        self.models = ModelsDock(napari_viewer)
        switch = Switch()
        self.tabs = switch.tabs
        switch.add(self.dataset, "Data", "Open data sets, look through their cases, check them")
        switch.add(self.train, "Train", "Train models on the open data set, or on layers")
        switch.add(self.segment, "Segment", "Segment the open image")
        switch.add(self.batch, "Batch", "Segment whole folders")
        switch.add(self.correct, "Correct", "Correct labels, and improve models with that")
        switch.add(
            self.evaluate, "Scores", "Score a model on a data set; compare models and readers"
        )
        switch.add(self.runs, "Runs", "Compare all trainings, and go on with any of them")
        switch.add(self.models, "Models", "Look through the library of models; import and export")
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Expanding)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 4, 0, 0)
        layout.addWidget(switch)

    def sizeHint(self) -> QSize:  # noqa: N802
        """Return a size at which everything can be read."""
        return QSize(320, 600)

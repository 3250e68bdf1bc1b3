"""The U-Net workbench: the docks as tabs of one."""

from __future__ import annotations

from typing import Any

from qtpy.QtCore import QSize
from qtpy.QtWidgets import QSizePolicy, QTabWidget, QVBoxLayout, QWidget

from napari_unet.widgets.docks.batch import BatchDock
from napari_unet.widgets.docks.correct import CorrectDock
from napari_unet.widgets.docks.dataset import DatasetDock
from napari_unet.widgets.docks.evaluate import EvaluateDock
from napari_unet.widgets.docks.runs import RunsDock
from napari_unet.widgets.docks.segment import SegmentDock
from napari_unet.widgets.docks.train import TrainDock

# Seven names side by side in a dock of 300 pixels.
NARROW = "QTabBar::tab { padding-left: 1px; padding-right: 1px; min-width: 0px; }"


class WorkbenchDock(QWidget):
    """Data, Train, Segment, Batch, Correct, Scores and Runs, on one session."""

    def __init__(self, napari_viewer: Any) -> None:
        super().__init__()
        self.dataset = DatasetDock(napari_viewer)
        self.train = TrainDock(napari_viewer)
        self.segment = SegmentDock(napari_viewer)
        self.batch = BatchDock(napari_viewer)
        self.correct = CorrectDock(napari_viewer)
        self.evaluate = EvaluateDock(napari_viewer)
        self.runs = RunsDock(napari_viewer)
        self.tabs = QTabWidget()
        self.tabs.addTab(self.dataset, "Data")
        self.tabs.addTab(self.train, "Train")
        self.tabs.addTab(self.segment, "Segment")
        self.tabs.addTab(self.batch, "Batch")
        self.tabs.addTab(self.correct, "Correct")
        self.tabs.addTab(self.evaluate, "Scores")
        self.tabs.addTab(self.runs, "Runs")
        self.tabs.setUsesScrollButtons(False)
        bar = self.tabs.tabBar()
        assert bar is not None
        bar.setStyleSheet(NARROW)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Expanding)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 4, 0, 0)
        layout.addWidget(self.tabs)

    def sizeHint(self) -> QSize:  # noqa: N802
        """Return a size at which everything can be read."""
        return QSize(320, 600)

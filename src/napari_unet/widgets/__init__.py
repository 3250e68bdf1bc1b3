"""Dock widgets for napari; importing them loads neither torch nor the file readers."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from napari_unet.widgets.docks.batch import BatchDock
    from napari_unet.widgets.docks.correct import CorrectDock
    from napari_unet.widgets.docks.dataset import DatasetDock
    from napari_unet.widgets.docks.evaluate import EvaluateDock
    from napari_unet.widgets.docks.models import ModelsDock
    from napari_unet.widgets.docks.runs import RunsDock
    from napari_unet.widgets.docks.segment import SegmentDock
    from napari_unet.widgets.docks.train import TrainDock
    from napari_unet.widgets.docks.workbench import WorkbenchDock

__all__ = [
    "BatchDock",
    "CorrectDock",
    "DatasetDock",
    "EvaluateDock",
    "ModelsDock",
    "RunsDock",
    "SegmentDock",
    "TrainDock",
    "WorkbenchDock",
]


def __getattr__(name: str) -> Any:
    if name in __all__:
        module = name.removesuffix("Dock").lower()
        return getattr(import_module(f"napari_unet.widgets.docks.{module}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")

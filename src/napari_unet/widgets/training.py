"""Training from the viewer: the job, and what becomes of its model."""

from __future__ import annotations

import contextlib
import re
from dataclasses import replace
from pathlib import Path

from napari_unet import workspace
from napari_unet.card import SUFFIX
from napari_unet.errors import ModelError
from napari_unet.jobs import TrainJob
from napari_unet.session import Message, Session
from napari_unet.widgets.layers import Layers
from napari_unet.widgets.runner import Runner


class Trainer:
    """Starts and stops training."""

    def __init__(self, session: Session, layers: Layers, runner: Runner) -> None:
        self.session, self.layers, self.runner = session, layers, runner
        self._job: TrainJob | None = None
        self._before = 0.0
        session.busy_changed.connect(self._look)

    def reason(self, name: str, problem: str = "") -> str:
        """Say why training cannot start; empty if it can."""
        if busy := self.session.busy.get("train"):
            return f"Busy: {busy.title}."
        if self.session.dataset is None:
            return "Open a folder of images and masks under Dataset first."
        if not name.strip():
            return "Give the model a name."
        return problem

    def start(self, settings: TrainJob, name: str) -> None:
        """Train on the open dataset; the model goes to the workspace."""
        dataset = self.session.dataset
        if dataset is None or self.reason(name):
            return
        self._before = _written(str(model_path(name)))
        self._job = replace(settings, folder=str(dataset.root), model=str(model_path(name)))
        self.runner.start(self._job, f"training {name}", "train")

    def stop(self) -> None:
        """Stop training; the best model so far is kept."""
        self.runner.stop()

    def _look(self) -> None:
        """Use what a training that was stopped or failed has left behind."""
        job = self._job
        if job is None or "train" in self.session.busy:
            return
        self._job = None
        self.layers.mark_old(job.model)
        if self.session.trained is not None:
            return
        if _written(job.model) > self._before:
            self.session.refresh_models()
            with contextlib.suppress(ModelError):
                self.session.select_model(job.model)
        elif not self.session.messages["train"].text:
            self.session.set_message("train", Message("Stopped before there was a model.", "info"))


def model_path(name: str) -> Path:
    """Return the file of a model called ``name`` in the workspace."""
    return workspace.models_dir() / f"{clean(name)}{SUFFIX}"


def _written(path: str) -> float:
    """Return when a file was last written, 0 if there is none."""
    return Path(path).stat().st_mtime if Path(path).exists() else 0.0


def clean(name: str) -> str:
    """Return a name every file system takes."""
    return re.sub(r'[<>:"/\\|?*\x00-\x1f]+', "_", name.removesuffix(SUFFIX)).strip(" .") or "model"


def suggest_name(dataset: str) -> str:
    """Return a name for a model of a dataset that no model has yet."""
    base = clean(dataset)
    names = [base, *(f"{base}-{n}" for n in range(2, 1000))]
    return next(n for n in names if not model_path(n).exists())

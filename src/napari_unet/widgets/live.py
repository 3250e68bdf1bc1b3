"""Following a training in the viewer: which case is watched, and when its labels are drawn."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from psygnal import Signal

from napari_unet.controls import Watch
from napari_unet.data.cases import Case
from napari_unet.events import Preview
from napari_unet.labelling import label_image
from napari_unet.session import Session
from napari_unet.widgets.background import Background
from napari_unet.widgets.live_layer import LiveLayer
from napari_unet.widgets.loading import Loader
from napari_unet.widgets.parts.timing import single_shot
from napari_unet.widgets.reading import case_key
from napari_unet.widgets.runner import Runner
from napari_unet.widgets.training import Trainer

PAUSE = 250  # milliseconds between two drawings
LARGE = 2_000_000  # values; labelling more would be felt, and is done in a thread


class Live:
    """Shows previews of the watched case, for as long as a person wants them."""

    changed = Signal()

    def __init__(
        self, session: Session, loader: Loader, trainer: Trainer, runner: Runner, layer: LiveLayer
    ) -> None:
        self.session, self.loader, self.runner, self.layer = session, loader, runner, layer
        self.trainer = trainer
        self.on = True
        self.wanted = ""  # the case a person chose; empty lets the engine choose
        self._thread = Background()
        self._pause = single_shot(PAUSE, self._draw)
        session.preview_changed.connect(self._arrived)
        session.case_changed.connect(self._soon)
        trainer.started.connect(self._started)
        trainer.over.connect(self.changed.emit)
        layer.closed.connect(lambda: self.set_on(False))

    # --- what can be watched ------------------------------------------------------------------

    def cases(self) -> tuple[Case, ...]:
        """Return the validation cases of the data set that is open."""
        dataset, subsets = self.session.dataset, self.session.subsets
        cases = dataset.cases if dataset is not None else ()
        return tuple(case for case in cases if subsets.get(case.name) == "val")

    @property
    def shown(self) -> str:
        """The name of the case that previews are of, empty while there are none."""
        preview = self.session.preview
        return preview.case if preview is not None else ""

    @property
    def hidden(self) -> str:
        """The watched case, if its labels cannot be seen because another case is open."""
        case = self.session.case
        return self.shown if self.on and (case is None or case.name != self.shown) else ""

    def set_on(self, on: bool) -> None:
        """Begin or cease to follow the training."""
        if on == self.on:
            return
        self.on = on
        self._tell()
        if on:
            self._soon()
        else:
            self._thread.drop()
            self.layer.take_away()
        self.changed.emit()

    def choose(self, name: str) -> None:
        """Watch another validation case, and open it to be looked at."""
        self.wanted = name
        self.on = True
        self._tell()
        self.open(name)
        self.changed.emit()

    def open(self, name: str) -> None:
        """Open the case with this name, if the data set that is open has it."""
        dataset = self.session.dataset
        cases = dataset.cases if dataset is not None else ()
        if (case := next((c for c in cases if c.name == name), None)) is not None:
            self.loader.open_case(case)

    # --- following ----------------------------------------------------------------------------

    def _started(self) -> None:
        """Watch what the person looks at, if it is a validation case."""
        case = self.session.case
        if not self.wanted and case in self.cases() and case is not None:
            self.wanted = case.name
        if self.wanted or not self.on:
            self._tell()
        self.changed.emit()

    def _tell(self) -> None:
        if self.trainer.trains:
            first = next((case.name for case in self.cases()), "")
            self.runner.tell(Watch(self.wanted or self.shown or first if self.on else ""))

    def _arrived(self) -> None:
        self.changed.emit()
        self._soon()

    def _soon(self) -> None:
        if not self._pause.isActive():
            self._pause.start()

    def _draw(self) -> None:
        preview, run = self.session.preview, self.session.run
        if preview is None or not self.on or run is None:
            self.layer.hide()
            return
        if preview.probabilities.size > LARGE:
            self._thread.run(
                "labelling a preview",
                lambda: (preview, _labels(preview)),
                lambda answer: self._show(*answer),
                _raise,
            )
        else:
            self._show(preview, _labels(preview))

    def _show(self, preview: Preview, labels: NDArray[np.uint8]) -> None:
        dataset = self.session.dataset
        if dataset is None or self.session.closed or not self.on:
            return
        case = next((c for c in dataset.cases if c.name == preview.case), None)
        key = case_key(dataset, case) if case is not None and self._of(dataset.root) else ""
        self.layer.show(key, labels)
        self.changed.emit()

    def _of(self, root: Path) -> bool:
        """Say whether the training that is followed is one of the data set that is open."""
        folder = getattr(self.session.run, "folder", "")
        return not folder or Path(folder) == root  # a resumed run does not tell its folder


def _labels(preview: Preview) -> NDArray[np.uint8]:
    return label_image(preview.probabilities, preview.threshold)


def _raise(error: Exception) -> None:
    raise error

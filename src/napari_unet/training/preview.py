"""What the network makes of one validation case while it learns."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator
from contextlib import suppress
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_unet.controls import Controls
from napari_unet.data.cases import IGNORE, Case
from napari_unet.data.formats import axes_of, read_case
from napari_unet.drawing import thumbnail
from napari_unet.errors import DataError
from napari_unet.events import Event, Note, Preview, Progress
from napari_unet.labelling import label_image
from napari_unet.report import plane_row
from napari_unet.training.saved import Setup
from napari_unet.unet.aside import aside
from napari_unet.unet.faults import out_of_memory
from napari_unet.unet.forward import Forward
from napari_unet.unet.model import UNet
from napari_unet.unet.network import batch_size
from napari_unet.unet.pieces import assembled
from napari_unet.unet.predict import predict
from napari_unet.unet.store import Store

SHARE = 0.05  # of the time, at the most, that is spent on showing how far the network is


class Previews:
    """Segments the case that is watched, as cheaply as that goes: one pass of the network.

    Parameters
    ----------
    setup
        How the run is set up.
    cases
        The validation cases.
    controls
        Say which case is watched.
    """

    def __init__(self, setup: Setup, cases: Store, controls: Controls) -> None:
        self.setup, self.controls = setup, controls
        self.cases = {c.name: c for c in cases.cases}
        self._read: tuple[str, NDArray[Any], NDArray[Any]] | None = None
        self._cost, self._last = 0.0, -float("inf")
        self._first = _telling(cases)
        if controls.watched is None:
            controls.watched = self._first

    @property
    def due(self) -> bool:
        """Whether the last preview is long enough ago."""
        return self._cost <= SHARE * (time.monotonic() - self._last)

    def show(
        self, model: UNet, epoch: int, waiting: Callable[[], Progress]
    ) -> Generator[Event, None, None]:
        """Yield a `Preview` of the case that is watched, if there is one.

        What prevents it is told, and training goes on without.
        """
        name = self.controls.watched
        if not name:
            return
        if name not in self.cases:
            self.controls.watched = ""
            yield Note(f"There is no validation case {name!r} to show.", warning=True)
            return
        start = time.monotonic()
        try:
            found = yield from aside(partial(self._segment, model, self.cases[name]), waiting)
        except Exception as error:
            if not (out_of_memory(error) or isinstance(error, DataError)):
                raise
            self.controls.watched = ""
            yield Note(f"{name} cannot be shown while training: {error}", warning=True)
            return
        self._last = time.monotonic()
        self._cost = self._last - start
        yield Preview(name, epoch, found, 0.5, self.setup.labels.names)

    def picture(self, model: UNet, threshold: float) -> bytes | None:
        """Return a PNG of a telling case and what the network makes of it; None if that fails.

        A model does without rather than that its training fails in the end.
        """
        case = self.cases[self._first]
        try:
            found = label_image(self._segment(model, case), threshold)
            return thumbnail(plane_row(case.name, *self._image(case), found))
        except Exception as error:
            if not (out_of_memory(error) or isinstance(error, DataError)):
                raise
            return None

    def _segment(self, model: UNet, case: Case) -> NDArray[np.uint8]:
        """Return the case's probabilities, uint8 ``(K, …)``."""
        image, mask = self._image(case)
        speed, config = self.setup.speed, self.setup.recipe.preprocess
        axes, size = axes_of(image, mask), batch_size(config, speed.device)
        with Forward(model.eval(), speed) as forward:
            parts = list(
                predict(image, axes, self.setup.channels, config, lambda x: forward(x).cpu(), size)
            )
        return assembled(parts, mask.shape)

    def _image(self, case: Case) -> tuple[NDArray[Any], NDArray[Any]]:
        if self._read is None or self._read[0] != case.name:
            image, mask = read_case(case, self.setup.labels, self.setup.channels)
            self._read = (case.name, image, mask)
        return self._read[1:]


def _telling(cases: Store) -> str:
    """Return the name of the first case that has foreground, or of the first."""
    with suppress(StopIteration):
        return next(
            case.name
            for case, labels in zip(cases.cases, cases.labels, strict=True)
            if bool(((labels > 0) & (labels != IGNORE)).any())
        )
    return cases.cases[0].name

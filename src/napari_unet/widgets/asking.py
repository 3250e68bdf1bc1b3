"""What the engine is asked about an image, made in the worker's thread, and its answer turned back.

Reading a lazy image, turning its axes and turning the answer's back takes long for large images:
none of it happens in the thread that draws.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from napari_unet.errors import DataError
from napari_unet.events import Event, SegmentArrayFinished
from napari_unet.jobs import SegmentArrayJob
from napari_unet.session.portion import Portion
from napari_unet.session.scratch import Scratch

LARGE = 512_000_000  # bytes of an image, or of probabilities, that are kept in memory


@dataclass(frozen=True, eq=False)
class Asking:
    """One question to the engine.

    Attributes
    ----------
    model : str
        The model's file.
    data : sequence
        The array of the image, or of each of its channels.
    portion : Portion
        What of it is asked about.
    planes : int
        How many probabilities a pixel gets.
    config : SegmentConfig
        How the network is asked.
    scratch : Scratch
        Where temporary stores go.
    """

    model: str
    data: Sequence[Any]
    portion: Portion
    planes: int
    scratch: Scratch
    large: int = LARGE

    def job(self) -> SegmentArrayJob:
        """Return the job; in a thread, since a lazy image is read here."""
        channels = self.portion.channel is not None or len(self.data) > 1
        return SegmentArrayJob(self.model, self._image(), channels)

    def prepare(self, event: Event) -> Event:
        """Return an answer in the order of the layer's axes, without what was not asked about."""
        if not isinstance(event, SegmentArrayFinished):
            return event
        return replace(event, probabilities=self.portion.back(event.probabilities))

    def _image(self) -> Any:
        taken = [self.portion.take(array) for array in map(as_array, self.data)]
        if len(taken) > 1:
            return np.stack([np.asarray(one) for one in taken], axis=-1)
        return np.asarray(taken[0])


def as_array(data: Any) -> Any:
    """Return data as numpy or dask, whatever lazy thing a layer holds.

    Raises
    ------
    DataError
        If it is no array.
    """
    import dask.array as da

    if isinstance(data, np.ndarray | da.Array):
        return data
    try:
        return da.from_array(data, getattr(data, "chunks", "auto"))  # type: ignore[no-untyped-call]
    except (TypeError, ValueError) as error:
        raise DataError(f"The layer's data cannot be read as an array: {error}") from error


def stored_at(data: Any) -> str:
    """Return the path of the Zarr array on disk that a layer shows, empty if it is none."""
    root = getattr(getattr(data, "store", None), "root", None)
    inside = getattr(data, "path", None)
    if root is None or not isinstance(inside, str) or not Path(root).is_dir():
        return ""
    return str(Path(root) / inside)

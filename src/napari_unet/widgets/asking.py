"""What the engine is asked about an image, made in the worker's thread, and its answer turned back.

Reading a lazy image, turning its axes and turning the answer's back takes long for large images:
none of it happens in the thread that draws.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from napari_unet.config import SegmentConfig
from napari_unet.errors import DataError
from napari_unet.events import Event, SegmentArrayFinished
from napari_unet.jobs import SegmentArrayJob
from napari_unet.session import Made
from napari_unet.session.portion import Portion
from napari_unet.session.scratch import Scratch
from napari_unet.widgets.layer_tags import Whose

LARGE = 512_000_000  # bytes of an image, or of probabilities, that are kept in memory
FEW = 2**24  # pixels that take no long time, however they are computed
CHUNK = 8_000_000  # bytes of a piece of a temporary store


@dataclass(frozen=True, eq=False)
class Asked:
    """What was asked: of which image, by which model, which part of it, and how.

    ``spacing`` is what a pixel measures along each axis; ``planes`` whether objects end with their
    plane, as at points in time.
    """

    whose: Whose
    portion: Portion
    made: Made
    spacing: tuple[float, ...] = ()
    planes: bool = False


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
    large : int
        Bytes of what a lazy image holds, or of probabilities, that go to the disk.
    """

    model: str
    data: Sequence[Any]
    portion: Portion
    planes: int
    config: SegmentConfig
    scratch: Scratch
    large: int = LARGE
    _temporary: list[str] = field(default_factory=list)

    def job(self) -> SegmentArrayJob:
        """Return the job; in a thread, since a lazy image is read here."""
        channels = self.portion.channel is not None or len(self.data) > 1
        image, store = self._image()
        out = ""
        if self.planes * self.portion.pixels > self.large:
            out = str(self.scratch.new("probabilities"))
        return SegmentArrayJob(
            self.model,
            image,
            channels,
            config=self.config,
            store=store,
            out=out,
            soon=self.portion.pixels <= FEW,
        )

    def prepare(self, event: Event) -> Event:
        """Return an answer in the order of the layer's axes, without what was not asked about."""
        if not isinstance(event, SegmentArrayFinished):
            return event
        if event.store:
            return replace(
                event,
                store=self._turned(event.store, classes=True),
                uncertainty_store=self._turned(event.uncertainty_store, classes=False),
            )
        unsure = event.uncertainty
        return replace(
            event,
            probabilities=self.portion.back(event.probabilities),
            uncertainty=None if unsure is None else self.portion.back(unsure[None])[0],
        )

    def end(self) -> None:
        """Delete what the engine was given, once it has answered or will not."""
        self.scratch.delete(*self._temporary)

    def _image(self) -> tuple[Any, str]:
        """Return what the network is given, in memory or as the path of a store."""
        import dask.array

        da: Any = dask.array
        taken = [self.portion.take(array) for array in map(as_array, self.data)]
        lazy = any(isinstance(one, da.Array) for one in taken)
        whole = taken[0]
        if len(taken) > 1:
            whole = da.stack(taken, axis=-1) if lazy else np.stack(taken, axis=-1)
        if not lazy or whole.nbytes <= self.large:
            return np.asarray(whole), ""
        kept = stored_at(self.data[0]) if len(taken) == 1 and self.portion.plain else ""
        if not kept:
            kept = self._written(whole, "image")
            self._temporary.append(kept)
        return np.zeros(0, whole.dtype), kept

    def _turned(self, store: str, classes: bool) -> str:
        """Return a store of an answer in the order of the layer's axes: another one, if it must."""
        kept = self.portion.box == self.portion.kept
        if not store or (kept and self.portion.plain):
            return store
        import dask.array

        da: Any = dask.array
        answer = da.from_zarr(store)
        turned = self.portion.back(answer if classes else answer[None])
        path = self._written(turned if classes else turned[0], "probabilities")
        self.scratch.delete(store)
        return path

    def _written(self, array: Any, what: str) -> str:
        """Write a lazy array to a temporary store, piece by piece."""
        path = str(self.scratch.new(what))
        array.rechunk("auto", block_size_limit=CHUNK).to_zarr(path)
        return path


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
    except (AttributeError, TypeError, ValueError) as error:
        raise DataError(f"The layer's data cannot be read as an array: {error}") from error


def stored_at(data: Any) -> str:
    """Return the path of the Zarr array on disk that a layer shows, empty if it is none."""
    root = getattr(getattr(data, "store", None), "root", None)
    inside = getattr(data, "path", None)
    if root is None or not isinstance(inside, str) or not Path(root).is_dir():
        return ""
    return str(Path(root) / inside)

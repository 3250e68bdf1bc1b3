"""A model file, made ready to answer."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import lru_cache
from math import nan
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from napari_unet.errors import ModelError
from napari_unet.unet import speed
from napari_unet.unet.file import load_model
from napari_unet.unet.forward import Forward
from napari_unet.unet.mirror import mirrored
from napari_unet.unet.predict import assembled, batch_size, parts, predict

QUICK = 0.3  # seconds an image: of slower networks, nobody waits for a second measurement


class Predictor:
    """A model file, ready to run; see `predictor` for one that stays warm."""

    def __init__(self, path: str | Path, device: str = "auto") -> None:
        model, self.card = load_model(path)
        device = speed.pick_device(device)
        config = self.card.preprocess
        shape = (1, self.card.network.in_channels, *config.size)
        options = speed.candidates(device, "auto", "auto")
        found = speed.choose(model, shape, options, training=False)
        self.batch = batch_size(config, device)
        lanes = (min(self.batch, torch.get_num_threads()), *shape[1:])
        if found.seconds < QUICK:
            found = speed.with_lanes(model, lanes, replace(found, seconds=nan), training=False)
        self.speed = found
        self._forward = Forward(self.speed.place(model), self.speed)

    def run(self, images: Tensor) -> Tensor:
        """Return float32 logits ``(N, K, *S)`` on the CPU for prepared ``(N, C, *S)``."""
        x = self.speed.place(images)
        mirror = self.card.preprocess.mirror
        logits = mirrored(self._forward, x, self.batch) if mirror else self._forward(x)
        return logits.cpu()

    def parts(self, image: NDArray[Any], axes: str) -> int:
        """Return how many results `stream` yields for an image."""
        return parts(axes, image.shape, self.card.preprocess)

    def stream(self, image: NDArray[Any], axes: str) -> Iterator[NDArray[np.uint8]]:
        """Yield the probabilities of each plane, or with a 3D network of each volume, in order.

        They are uint8 ``(K, H, W)`` or ``(K, Z, H, W)``, at the image's own resolution.

        Parameters
        ----------
        image : numpy.ndarray
            One dimension per letter of ``axes``; dask arrays are read piece by piece.
        axes : str
            As in `napari_unet.data.scan.Scan`.

        Raises
        ------
        ModelError
            If the image does not fit the model: its channels, or a picture where the model takes
            volumes.
        """
        if misfit := self.misfit(image.shape, axes):
            raise ModelError(misfit)
        card = self.card
        yield from predict(image, axes, card.image_channels, card.preprocess, self.run, self.batch)

    def volume(self, image: NDArray[Any], axes: str) -> NDArray[np.uint8]:
        """Return the probabilities ``(K, …)`` of an image of any axes; see `stream`.

        Raises
        ------
        ModelError
            As for `stream`.
        """
        spatial = image.shape[: len(axes.removesuffix("c"))]
        return assembled(list(self.stream(image, axes)), spatial)

    def misfit(self, shape: tuple[int, ...], axes: str) -> str:
        """Say why the model cannot segment an image, with what it was trained on; empty if it can.

        Colour is shown to a model of grey images as brightness, grey to one of colour three times.
        """
        name, wanted = self.card.name, self.card.image_channels
        found = shape[-1] if axes.endswith("c") else 1
        if self.card.network.dims == 3 and not axes.removesuffix("c").endswith("zyx"):
            return (
                f"The model {name!r} learned from volumes, but this is a single picture. "
                "Choose a model for pictures."
            )
        if found != wanted and (found, wanted) not in {(3, 1), (4, 1), (4, 3), (1, 3)}:
            return (
                f"The model {name!r} takes images of {wanted} channel{'s' * (wanted > 1)}, "
                f"but this one has {found}."
            )
        return ""


def predictor(path: str | Path, device: str = "auto") -> Predictor:
    """Return the model at ``path``, loaded anew only when the file changed."""
    path = Path(path).absolute()
    try:
        state = path.stat()
    except OSError as e:
        raise ModelError(f"There is no model file {path}.") from e
    return _predictor(path, state.st_mtime_ns, state.st_size, device)


@lru_cache(maxsize=2)
def _predictor(path: Path, changed: int, size: int, device: str) -> Predictor:
    return Predictor(path, device)

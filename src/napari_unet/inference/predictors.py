"""A model file, made ready to answer."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any
from weakref import WeakSet

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from napari_unet.config import SegmentConfig
from napari_unet.errors import ModelError
from napari_unet.inference.runtimes import Runtimes
from napari_unet.inference.speeds import Speeds
from napari_unet.unet import speed
from napari_unet.unet.file import load_model
from napari_unet.unet.forward import Forward, Sparing
from napari_unet.unet.fuse import fuse
from napari_unet.unet.mirror import AS_IT_IS, View, averaged, views
from napari_unet.unet.network import Network, Tell, batch_size
from napari_unet.unet.pieces import Piece, assembled, wholes
from napari_unet.unet.predict import Scales, leading_axes, parts, pieces, region
from napari_unet.unet.source import Box
from napari_unet.unet.stream import streams
from napari_unet.unet.windows import Windows, fits_whole, takes_whole

AS_THE_CARD_SAYS = SegmentConfig()
_alive: WeakSet[Predictor] = WeakSet()  # that are warm


class Predictor:
    """A model file, ready to run; see `predictor` for one that stays warm."""

    def __init__(self, path: str | Path, device: str = "auto", soon: bool = False) -> None:
        model, self.card = load_model(path)
        fuse(model)
        device = speed.pick_device(device)
        config = self.card.preprocess
        sides = (self.card.network.in_channels, *config.size)
        self.batch = batch_size(config, device)
        self._speeds = Speeds(model, (self.batch, *sides), device)
        self.speed = self._speeds.choose(soon)
        self._forward = Forward(self.speed.place(model), self.speed)
        self._runtimes = Runtimes(self._forward, Path(path))
        self._runtimes.prepare(sides)

    def pieces(
        self,
        image: Any,
        axes: str,
        config: SegmentConfig = AS_THE_CARD_SAYS,
        tell: Tell = lambda _: None,
    ) -> Iterator[Piece]:
        """Yield what is found in an image, piece by piece (see `napari_unet.unet.predict.pieces`).

        Parameters
        ----------
        image
            An array of NumPy, dask or Zarr, one dimension per letter of ``axes``; the latter are
            read piece by piece.
        axes
            As in `napari_unet.data.scan.Scan`.
        config
            How the network is asked.
        tell
            Is told in a sentence what was done otherwise than asked, or because of little memory.

        Raises
        ------
        ModelError
            If the image does not fit the model: its channels, or a picture where the model takes
            volumes.
        """
        if misfit := self.misfit(image.shape, axes):
            raise ModelError(misfit)
        yield from pieces(image, axes, self._network(config, tell), tell)

    def region(
        self,
        image: Any,
        axes: str,
        box: Box,
        scales: Scales,
        config: SegmentConfig = AS_THE_CARD_SAYS,
    ) -> Iterator[Piece]:
        """Yield what `pieces` does within a box (see `napari_unet.unet.predict.region`)."""
        yield from region(image, axes, self._network(config, lambda _: None), box, scales)

    def whole_axes(self, axes: str) -> int:
        """Return how many of an image's last axes, channels apart, a region must hold wholly."""
        spatial = len(axes.removesuffix("c"))
        own = spatial - leading_axes(axes, self.card.preprocess)
        windows = self._network(AS_THE_CARD_SAYS, lambda _: None).windows
        return 0 if windows is not None and own == len(self.card.preprocess.size) else own

    def stream(
        self, image: Any, axes: str, config: SegmentConfig = AS_THE_CARD_SAYS
    ) -> Iterator[NDArray[np.uint8]]:
        """Yield the probabilities of each plane, or with a 3D network of each volume, in order.

        They are uint8 ``(K, H, W)`` or ``(K, Z, H, W)``, at the image's own resolution. Parameters
        and errors are those of `pieces`.
        """
        found = self.pieces(image, axes, config)
        yield from wholes(found, axes, image.shape, len(self.card.preprocess.size))

    def volume(
        self, image: Any, axes: str, config: SegmentConfig = AS_THE_CARD_SAYS
    ) -> NDArray[np.uint8]:
        """Return the probabilities ``(K, …)`` of an image of any axes; see `stream`."""
        spatial = image.shape[: len(axes.removesuffix("c"))]
        return assembled(list(self.stream(image, axes, config)), spatial)

    def parts(self, image: Any, axes: str) -> int:
        """Return how many results `stream` yields for an image."""
        return parts(axes, image.shape, self.card.preprocess)

    def settle(self, stop: Callable[[], bool] = lambda: False) -> None:
        """Find out what computes quicker, while nobody waits; ``stop`` says that somebody does."""
        self._runtimes.settle(stop)
        self._speeds.settle(stop)

    def _network(self, config: SegmentConfig, tell: Tell) -> Network:
        """Return the network as it is to be asked."""
        card, seen = self.card, self._views(config, tell)
        sparing = Sparing(self._runtimes.asked(config.runtime, tell), tell)
        windows = None
        if card.preprocess.mode == "patch" and streams(card.network):
            windows = Windows(self._forward.model, self.speed, seen, config.uncertainty)

        def whole(sides: Sequence[int]) -> bool:
            return takes_whole(card.network) and fits_whole(
                card.network, sides, len(seen), self.speed.device
            )

        def run(images: Tensor) -> Tensor:
            most = self.batch
            if windows is not None:
                most = min(most, windows.at_once(images.shape[2:]))
            x = self.speed.place(images)
            return averaged(sparing, x, seen, most, config.uncertainty).cpu()

        return Network(
            run,
            card.image_channels,
            card.preprocess,
            self.batch,
            windows,
            whole,
            config.uncertainty,
        )

    def _views(self, config: SegmentConfig, tell: Tell) -> tuple[View, ...]:
        """Return what is averaged over."""
        preprocess, average = self.card.preprocess, config.average
        if average == "model":
            average = "flips" if preprocess.mirror else "none"
            if config.uncertainty and average == "none":
                tell("Uncertainty is how far views disagree: mirror images are averaged over.")
                average = "flips"
        if average == "turns" and preprocess.size[-1] != preprocess.size[-2]:
            size = "×".join(map(str, preprocess.size))
            tell(f"The model sees {size} pixels, which cannot be turned: mirror images only.")
            average = "flips"
        if average == "none":
            return AS_IT_IS
        return views(len(preprocess.size), turns=average == "turns")

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


def predictor(path: str | Path, device: str = "auto", soon: bool = False) -> Predictor:
    """Return the model at ``path``, loaded anew only when the file changed.

    ``soon`` is for who waits for a single image: see `napari_unet.inference.speeds`.
    """
    path = Path(path).absolute()
    try:
        state = path.stat()
    except OSError as e:
        raise ModelError(f"There is no model file {path}.") from e
    return _predictor(path, state.st_mtime_ns, state.st_size, device, soon)


@lru_cache(maxsize=2)
def _predictor(path: Path, changed: int, size: int, device: str, soon: bool) -> Predictor:
    made = Predictor(path, device, soon)
    _alive.add(made)
    return made


def settle(stop: Callable[[], bool]) -> None:
    """Have the models that are warm find out what computes quicker; see `Predictor.settle`."""
    for one in list(_alive):
        one.settle(stop)

"""From a stored image to what the network sees, and from its logits back to the image's pixels."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from napari_unet.config import PreprocessConfig
from napari_unet.data.margins import content
from napari_unet.errors import DataError
from napari_unet.unet.intensity import normalise, to_float
from napari_unet.unet.losses import IGNORE

AT_ONCE = 8  # planes of a volume that are brought back to their size together
STROKE = 0.1  # share of a pixel that must be labelled for it to count as labelled
SURE = 20.0  # logit of what lies in a margin that the network is not shown


@dataclass(frozen=True)
class Fit:
    """How an image of ``shape`` lies in the working size: scaled to ``inner``, then padded.

    Where a margin was cut off, ``shape`` is what is left, ``start`` its first pixel along every
    axis, and ``uncut`` the image's own shape; else both are empty.
    """

    shape: tuple[int, ...]
    inner: tuple[int, ...]
    size: tuple[int, ...]
    start: tuple[int, ...] = ()
    uncut: tuple[int, ...] = ()

    @classmethod
    def of(cls, shape: tuple[int, ...], size: tuple[int, ...]) -> Fit:
        """Scale ``shape`` as far as ``size`` asks.

        A picture keeps its aspect and is made as large as it may be. A volume is made smaller if
        need be, but not larger: its pixels have a true size, by which a network can tell things.
        Its slices are thinned out apart from that, since they are often thicker than pixels.
        """
        factors = [s / n for n, s in zip(shape, size, strict=True)]
        factors[-2:] = [min(factors[-2:])] * 2
        if len(size) == 3:
            factors = [min(f, 1.0) for f in factors]
        inner = (min(max(round(n * f), 1), s) for n, f, s in zip(shape, factors, size, strict=True))
        return cls(shape, tuple(inner), size)

    @property
    def offset(self) -> tuple[int, ...]:
        """First pixel of the image within the working size, by axis; it lies in the middle."""
        return tuple((s - n) // 2 for s, n in zip(self.size, self.inner, strict=True))

    def image(self, image: Tensor) -> Tensor:
        """Fit ``(C, *shape)``, or the image as it was, into ``(C, *size)``; the padding is 0."""
        image = self._cut(image)
        if self.inner != self.shape:
            image = shrink(image, self.inner)
        return self._pad(image, 0.0)

    def labels(self, labels: NDArray[Any]) -> Tensor:
        """Fit an image's class indices into uint8 ``size``; the padding is `IGNORE`."""
        whole = self._cut(torch.from_numpy(np.ascontiguousarray(labels.astype(np.uint8)))[None])
        if self.inner != self.shape:
            whole = _shrink_labels(whole, self.inner)
        return self._pad(whole, IGNORE)[0]

    def undo(self, logits: Tensor) -> Tensor:
        """Bring logits ``(K, *size)`` back to the image's own shape."""
        return torch.cat(list(self.undo_in_parts(logits)), dim=1)

    def undo_in_parts(self, logits: Tensor) -> Iterator[Tensor]:
        """Yield what `undo` returns, a few planes of a volume at a time.

        Brought back at once, the logits of a large volume would fill the memory several times.
        """
        for axis, (start, n) in enumerate(zip(self.offset, self.inner, strict=True), start=1):
            logits = logits.narrow(axis, start, n)
        parts: Iterable[Tensor]
        if self.inner == self.shape:
            parts = torch.split(logits, AT_ONCE, dim=1) if len(self.size) == 3 else (logits,)
        elif len(self.size) == 2:
            parts = (_resize(logits[None], self.shape).squeeze(0),)
        else:
            parts = (_resize(p, self.shape[1:]) for p in _between(logits, self.shape[0]))
        yield from map(self._uncut, parts)

    def _cut(self, image: Tensor) -> Tensor:
        """Cut the margin off ``(C, *uncut)``, if there is one and it was not cut off before."""
        if not self.uncut or image.shape[1:] == self.shape:
            return image
        window = (slice(a, a + n) for a, n in zip(self.start, self.shape, strict=True))
        return image[:, *window]

    def _uncut(self, logits: Tensor) -> Tensor:
        """Put the margin around logits ``(K, …)`` again, for certain background."""
        if not self.uncut:
            return logits
        border: list[int] = []
        for start, n, whole in zip(self.start[-2:], self.shape[-2:], self.uncut[-2:], strict=True):
            border = [start, whole - n - start, *border]  # torch begins with the last axis
        if len(logits) == 1:
            return F.pad(logits, border, value=-SURE)
        background, classes = logits[:1], logits[1:]
        return torch.cat(
            [F.pad(background, border, value=SURE), F.pad(classes, border, value=-SURE)]
        )

    def _pad(self, x: Tensor, value: float) -> Tensor:
        border: list[int] = []
        for start, n, s in zip(self.offset, self.inner, self.size, strict=True):
            border = [start, s - n - start, *border]  # torch begins with the last axis
        padded: Tensor = F.pad(x, border, value=value)
        return padded


def shrink(image: Tensor, size: tuple[int, ...]) -> Tensor:
    """Resize ``(C, *S)`` linearly to ``(C, *size)``; what is made smaller does not alias.

    Slices of a volume first, then across them: torch smooths pictures only, and along one axis
    after the other it comes to the same.
    """
    if len(size) == 2:
        return _resize(image[None], size, antialias=True)[0]
    z, height, width = size
    c, depth = image.shape[:2]
    slices = _resize(image.flatten(0, 1)[None], (height, width), antialias=True)
    columns = _resize(slices.reshape(1, c, depth, -1), (z, height * width), antialias=True)
    return columns.view(c, *size)


def _resize(images: Tensor, size: tuple[int, ...], antialias: bool = False) -> Tensor:
    """Resize pictures ``(N, C, H, W)`` linearly."""
    if images.shape[2:] == size:
        return images
    out: Tensor = F.interpolate(
        images, size=size, mode="bilinear", antialias=antialias, align_corners=False
    )
    return out


def _between(logits: Tensor, depth: int) -> Iterator[Tensor]:
    """Yield the ``depth`` planes that lie evenly, linearly, between those of ``(K, Z, H, W)``."""
    n = logits.shape[1]
    places = ((torch.arange(depth) + 0.5) * (n / depth) - 0.5).clamp(0, n - 1)
    for place in torch.split(places, AT_ONCE):
        low = place.long()
        share = (place - low).to(logits)[:, None, None]
        yield logits[:, low].lerp(logits[:, (low + 1).clamp(max=n - 1)], share)


def _shrink_labels(labels: Tensor, size: tuple[int, ...]) -> Tensor:
    """Resize ``(1, *S)`` class indices: each pixel takes the class that covers most of it.

    A pixel is unlabelled only if hardly any of it is labelled: strokes that somebody painted are
    thin, and must not be lost.
    """
    classes: Tensor = torch.unique(labels)
    winner = classes[:1].expand(1, *size)
    if len(classes) == 1:
        return winner
    most = shrink((labels == classes[0]).float(), size)
    for c in classes[1:]:
        share = shrink((labels == c).float(), size)
        if c == IGNORE:  # the last, being the highest
            return torch.where(share > 1 - STROKE, c, winner)
        winner = torch.where(share > most, c, winner)
        most = torch.maximum(share, most)
    return winner


def prepare(image: NDArray[Any], config: PreprocessConfig) -> tuple[Tensor, Fit]:
    """Return a stored image as ``(C, *working size)``, or at its own size for patch models.

    It is a picture, or for a working size of three numbers a volume, with or without channels.
    """
    return prepare_all(image, config, len(config.size))[0]


def prepare_all(
    image: NDArray[Any], config: PreprocessConfig, axes: int
) -> list[tuple[Tensor, Fit]]:
    """Return what the network is shown of an image of so many ``axes`` (see `together`).

    That is the image as from `prepare`, or the planes of a volume, which are normalised together.
    """
    uncut, start = tuple(image.shape[:axes]), (0,) * axes
    if config.margin == "cut" and config.mode == "whole":
        rows, columns = content(image, axes)
        image = image[(slice(None),) * (axes - 2) + (rows, columns)]
        start = (*start[2:], rows.start, columns.start)
    x = normalise(to_float(image, axes), config)
    planes = [x] if axes == len(config.size) else list(x.unbind(1))
    shape = tuple(planes[0].shape[1:])
    space = len(shape)
    size = config.size if config.mode == "whole" else shape  # patches are cut at their own scale
    fit = Fit.of(shape, size)
    if shape != uncut[-space:]:
        fit = replace(fit, start=start[-space:], uncut=uncut[-space:])
    return [(fit.image(plane), fit) for plane in planes]


def together(axes: int, config: PreprocessConfig, name: str) -> int:
    """Return how many of an image's ``axes`` (channels apart) are prepared as one.

    A volume's planes are seen one by one by a 2D network; where it sees neighbours too, they
    must be normalised alike.

    Raises
    ------
    DataError
        If the network needs a volume and ``name`` is none.
    """
    if len(config.size) == 3 and axes < 3:
        raise DataError(
            f"{name} is a single picture, but a 3D network needs volumes. Use a 2D network."
        )
    return 3 if axes > 2 and (len(config.size) == 3 or config.neighbours) else 2


def beside(i: int, volume: range, number: int) -> list[int]:
    """Return plane ``i`` of a volume between ``number`` neighbours on either side.

    Beyond the ends of the volume its first or last plane is repeated.
    """
    first, last = volume[0], volume[-1]
    return [min(max(j, first), last) for j in range(i - number, i + number + 1)]

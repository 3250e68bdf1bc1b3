"""From stored values to what a network sees, for images in memory and for those that are not.

What decides an image's scale (its percentiles, mean and deviation) is found in strips, so that of
an image larger than the memory the same scale comes out as if it were in there.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from napari_unet.config import PreprocessConfig

SAMPLE = 65_536  # pixels looked at for percentiles: exact enough, and a fraction of the time
FEW_VALUES = np.dtype(np.uint16).itemsize  # unsigned types this wide are looked up in a table
HUGE = 1e30  # larger values (1e300 in a float64 file) would overflow the network's float32

Strips = Callable[[], Iterable[NDArray[Any]]]


def to_float(image: NDArray[Any], spatial: int = 2, least: float | None = None) -> Tensor:
    """Return an image ``(H, W)`` or ``(H, W, C)`` as float32 ``(C, H, W)``.

    ``spatial`` is the number of axes before those of the channels; 3 for volumes.
    Integers are divided by their type's largest value, so that 8 and 16 bit versions of one image
    look alike. Pixels that are not finite take the image's smallest finite value; of a part of an
    image that is ``least``.
    """
    image = np.asarray(image)
    if image.ndim == spatial:
        image = image[..., None]
    values = np.moveaxis(_floats(image, least), -1, 0)
    return torch.from_numpy(np.ascontiguousarray(values))


def _floats(image: NDArray[Any], least: float | None) -> NDArray[np.float32]:
    if image.dtype == bool:
        image = image.astype(np.uint8)
    values: NDArray[Any] = image.astype(np.float64 if image.dtype.itemsize > 4 else np.float32)
    if np.issubdtype(image.dtype, np.integer):
        values = np.divide(values, np.iinfo(image.dtype).max)
    elif not (finite := np.isfinite(values)).all():
        if least is None:
            least = float(values[finite].min()) if finite.any() else 0.0
        values = np.where(finite, values, least)
    tame: NDArray[np.float32] = np.clip(values, -HUGE, HUGE).astype(np.float32)
    return tame


def normalise(image: Tensor, config: PreprocessConfig) -> Tensor:
    """Bring the intensities of ``(C, *S)`` to about mean 0 and deviation 1.

    The axes ``S`` are height and width; with depth before them, a volume has one scale.
    """
    return Scale.of(image, config).apply(image)


@dataclass(frozen=True)
class Scale:
    """What turns an image's intensities, as from `to_float`, into what the network sees.

    They are clipped to ``low`` and ``high``; then ``mean`` is subtracted and the rest divided by
    ``deviation``, both of one number or one per channel. ``least`` is what pixels take that are
    not finite.
    """

    mean: tuple[float, ...]
    deviation: tuple[float, ...]
    low: float = -math.inf
    high: float = math.inf
    least: float = 0.0

    @classmethod
    def of(cls, image: Tensor, config: PreprocessConfig) -> Scale:
        """Return the scale of an image ``(C, *S)`` that is in memory."""
        if fixed := _fixed(config, len(image)):
            return fixed
        low, high = -math.inf, math.inf
        if config.intensity == "percentile":
            flat = image.flatten()
            low, high = _percentiles(flat[:: max(flat.numel() // SAMPLE, 1)].numpy())
        moments = Moments()
        # Of a volume, slice by slice to save memory.
        for part in image.unbind(1) if image.ndim > 3 else (image,):
            moments.add(part.clamp(low, high))
        return cls(*moments.scale(), low, high)

    @classmethod
    def measure(
        cls, strips: Strips, shape: tuple[int, ...], channels: int, config: PreprocessConfig
    ) -> Scale:
        """Return the scale of an image that comes in strips along its first side.

        Parameters
        ----------
        strips
            Begins a pass: the stored values ``(rows, …)``, or ``(rows, …, C)`` where there is more
            than one channel. There are one or two passes.
        shape
            The image's, without channels.
        """
        if fixed := _fixed(config, channels):
            if not any(strip.dtype.kind == "f" for strip in _first(strips())):
                return fixed
            return cls(fixed.mean, fixed.deviation, least=_least(strips()))
        sample, counts, least = _look(strips(), shape, channels)
        sample = np.where(np.isnan(sample), np.float32(least), sample)
        low, high = -math.inf, math.inf
        if config.intensity == "percentile":
            low, high = _percentiles(sample)
        moments = Moments()
        if counts is not None:
            moments.add_counts(counts, low, high)
        else:
            for strip in strips():
                part = to_float(strip, len(shape), least)
                moments.add(part.clamp(low, high))
        return cls(*moments.scale(), low, high, least)

    def apply(self, image: Tensor) -> Tensor:
        """Return ``(C, *S)``, as from `to_float`, as the network sees it."""
        if self.low > -math.inf:
            image = image.clamp(self.low, self.high)
        if len(self.mean) == 1:
            return ((image - self.mean[0]) / self.deviation[0]).float()
        column = (-1, *(1,) * (image.ndim - 1))
        mean, deviation = (torch.tensor(v).view(column) for v in (self.mean, self.deviation))
        return (image - mean) / deviation

    def of_values(self, stored: NDArray[Any], spatial: int) -> Tensor:
        """Return stored values ``(*S)`` or ``(*S, C)`` as the network sees them, ``(C, *S)``."""
        if not _few(stored.dtype) or stored.size < 4 * np.iinfo(stored.dtype).max:
            return self.apply(to_float(stored, spatial, self.least))
        if len(self.mean) > 1:
            return self.apply(to_float(stored, spatial))
        every = np.arange(np.iinfo(stored.dtype).max + 1, dtype=stored.dtype)
        table = self.apply(to_float(every[None])).numpy().reshape(-1)
        seen = np.take(table, stored)
        seen = seen[None] if seen.ndim == spatial else np.moveaxis(seen, -1, 0)
        return torch.from_numpy(np.ascontiguousarray(seen))


class Moments:
    """Number, mean and sum of squared deviations of values that come in parts, in float64.

    Joined as in Chan, Golub and LeVeque 1983 (doi:10.1080/00031305.1983.10483115), without the
    loss of digits of a sum of squares: a constant image of large values comes out as exact zeros.
    """

    def __init__(self) -> None:
        self.number, self.mean, self.squares = 0.0, 0.0, 0.0

    def add(self, values: Tensor) -> None:
        """Add values of any shape."""
        wide = values.to(torch.float64, copy=True)
        mean = float(wide.sum()) / values.numel()
        self._join(values.numel(), mean, float(wide.sub_(mean).square_().sum()))

    def add_counts(self, counts: NDArray[np.int64], low: float, high: float) -> None:
        """Add the values of an unsigned type, each as often as ``counts`` says, clipped."""
        every = np.arange(len(counts), dtype=np.float32) / np.float32(len(counts) - 1)
        values = np.clip(every, np.float32(low), np.float32(high)).astype(np.float64)
        mean = float(values @ counts / counts.sum())
        self._join(float(counts.sum()), mean, float((values - mean) ** 2 @ counts))

    def _join(self, number: float, mean: float, squares: float) -> None:
        total = self.number + number
        apart = mean - self.mean
        self.squares += squares + apart**2 * self.number * number / total
        self.mean += apart * number / total
        self.number = total

    def scale(self) -> tuple[tuple[float], tuple[float]]:
        """Return the mean and what to divide by: the deviation, but of constant images not 0."""
        floor = 1e-6 * max(abs(self.mean), 1e-12)
        return (self.mean,), (max(math.sqrt(self.squares / self.number), floor),)


def _fixed(config: PreprocessConfig, channels: int) -> Scale | None:
    """Return the training set's scale, if that is what counts."""
    if config.intensity == "dataset" and len(config.mean) == channels:
        return Scale(config.mean, config.std)
    return None


def _few(dtype: np.dtype[Any]) -> bool:
    return dtype.kind == "u" and dtype.itemsize <= FEW_VALUES


def _percentiles(sample: NDArray[Any]) -> tuple[float, float]:
    """Return what to clip to; of an image of which nearly all is constant, nothing."""
    low, high = np.percentile(sample, (0.5, 99.5))
    return (float(low), float(high)) if high > low else (-math.inf, math.inf)


def _first(strips: Iterable[NDArray[Any]]) -> Iterator[NDArray[Any]]:
    for strip in strips:
        yield strip
        return


def _least(strips: Iterable[NDArray[Any]]) -> float:
    """Return the smallest finite value, 0 if there is none."""
    found = (strip[np.isfinite(strip)] for strip in strips)
    least = min((float(values.min()) for values in found if values.size), default=0.0)
    return min(max(least, -HUGE), HUGE)


def _look(
    strips: Iterable[NDArray[Any]], shape: tuple[int, ...], channels: int
) -> tuple[NDArray[np.float32], NDArray[np.int64] | None, float]:
    """Return, from one pass, a sample, how often each value occurs, and the least finite value.

    The sample holds the pixels that `Scale.of` takes, NaN where they are not finite. Occurrences
    are counted of types of few values only.
    """
    sample: list[NDArray[np.float32]] = []
    counts: NDArray[np.int64] | None = None
    least, row = math.inf, 0
    every = max(channels * math.prod(shape) // SAMPLE, 1)
    for strip in strips:
        if _few(strip.dtype):
            size = int(np.iinfo(strip.dtype).max) + 1
            more = np.bincount(strip.reshape(-1), minlength=size)
            counts = more if counts is None else counts + more
        elif strip.dtype.kind == "f":
            least = min(least, _least([strip]) if np.isfinite(strip).any() else math.inf)
        planes = np.moveaxis(strip, -1, 0) if strip.ndim > len(shape) else strip[None]
        for channel, plane in enumerate(planes):
            before = (channel * shape[0] + row) * math.prod(shape[1:])
            taken = plane.reshape(-1)[-before % every :: every]
            sample.append(_floats(taken, math.nan))
        row += len(strip)
    return np.concatenate(sample), counts, least if least < math.inf else 0.0

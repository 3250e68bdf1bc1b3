"""From an image of any axes to probabilities, through any function that gives logits."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from napari_unet.config import PreprocessConfig
from napari_unet.data.formats import fit_channels
from napari_unet.labelling import quantise
from napari_unet.unet.model import probabilities
from napari_unet.unet.preprocess import Fit, beside, prepare_all, together
from napari_unet.unet.tiles import tiled

# Maps prepared images (N, C, *S) to float32 logits (N, K, *S) on the CPU.
Run = Callable[[Tensor], Tensor]

PIXELS = 8 * 512 * 512  # of a batch on a CPU: more at a time is not faster, and takes memory
PIXELS_GPU = 4 * PIXELS


def batch_size(config: PreprocessConfig, device: str) -> int:
    """Return how many images of the working size to run at once: 8 on a CPU, 32 elsewhere.

    Fewer, where they are larger than 512×512 pixels.
    """
    most, pixels = (8, PIXELS) if device == "cpu" else (32, PIXELS_GPU)
    return max(min(most, pixels // math.prod(config.size)), 1)


def parts(axes: str, shape: tuple[int, ...], config: PreprocessConfig) -> int:
    """Return how many results `predict` yields for an image of ``shape``."""
    return math.prod(shape[: len(axes.removesuffix("c")) - len(config.size)])


def predict(
    image: Any, axes: str, channels: int, config: PreprocessConfig, run: Run, batch: int
) -> Iterator[NDArray[np.uint8]]:
    """Yield the probabilities of every plane of an image, or with a 3D network of every volume.

    Parameters
    ----------
    image : numpy.ndarray
        One dimension per letter of ``axes``; a dask array is read piece by piece.
    axes : str
        As in `napari_unet.data.scan.Scan`.
    channels : int
        How many the image is to have (see `napari_unet.data.formats.fit_channels`).
    config : PreprocessConfig
        What the network was trained with.
    run : callable
        Gives the network's logits for a prepared batch.
    batch : int
        How many images ``run`` is given at once.

    Yields
    ------
    numpy.ndarray
        uint8 ``(K, H, W)`` or ``(K, Z, H, W)`` as from `napari_unet.labelling.quantise`, in the
        order of the leading axes, at the image's own resolution.

    Raises
    ------
    DataError
        If the network needs a volume and the image is none, or its channels cannot be made fit.
    """
    spatial = axes.removesuffix("c")
    # Times are no slices, even where a single slice was taken at each.
    count = len(spatial) if spatial.endswith("zyx") else 2
    whole = together(count, config, "The image")
    own = axes[len(spatial) - whole :]
    leading = image.shape[: len(spatial) - whole]
    pieces = (
        fit_channels(_colours(np.asarray(image[i]), own, channels), channels, "The image", own)
        for i in np.ndindex(leading)
    )
    prepared = (one for piece in pieces for one in _prepared(piece, config, whole))
    if config.mode == "patch":
        for x, _ in prepared:
            yield _joined(tiled(x, config.size, run, batch))
        return
    while group := list(islice(prepared, batch)):
        logits = run(torch.stack([x for x, _ in group]))
        for one, (_, fit) in zip(logits, group, strict=True):
            yield _joined(fit.undo_in_parts(one))


def assembled(parts: Sequence[NDArray[np.uint8]], spatial: Sequence[int]) -> NDArray[np.uint8]:
    """Return what `predict` yielded as ``(K, …)``, with the image's own ``spatial`` sides."""
    stacked = np.stack(parts, axis=1)
    return stacked.reshape(len(stacked), *spatial)


def _colours(piece: NDArray[Any], axes: str, channels: int) -> NDArray[Any]:
    """Drop the opacity of an image unless the network was trained with it: it is no colour."""
    opaque = axes.endswith("c") and piece.shape[-1] == 4 and channels != 4
    return piece[..., :3] if opaque else piece


def _prepared(
    piece: NDArray[Any], config: PreprocessConfig, axes: int
) -> Iterator[tuple[Tensor, Fit]]:
    """Yield what the network is shown of a picture or a volume."""
    made = prepare_all(piece, config, axes)
    volume = range(len(made))
    for i, (x, fit) in enumerate(made):
        if config.neighbours:
            x = torch.cat([made[j][0] for j in beside(i, volume, config.neighbours)])
        yield x, fit


def _joined(parts: Iterable[Tensor]) -> NDArray[np.uint8]:
    """Return the probabilities of an image whose logits come in parts along its first side."""
    done = [quantise(probabilities(part[None])[0].numpy()) for part in parts]
    return done[0] if len(done) == 1 else np.concatenate(done, axis=1)

"""A network as it is asked: what runs it, on how much at once, and how it sees images."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from torch import Tensor

from napari_unet.config import PreprocessConfig
from napari_unet.unet.windows import Windows

# Maps prepared images (N, C, *S) to float32 logits (N, K, *S) on the CPU.
Run = Callable[[Tensor], Tensor]
Tell = Callable[[str], None]  # hears in a sentence what is done otherwise than asked

PIXELS = 8 * 512 * 512  # of a batch on a CPU: more at a time is not faster, and takes memory
PIXELS_GPU = 4 * PIXELS


@dataclass(frozen=True)
class Network:
    """A network, and how it is asked.

    Attributes
    ----------
    run
        Gives logits for prepared images.
    channels
        How many an image is to have (see `napari_unet.data.formats.fit_channels`).
    config
        What it was trained with.
    batch
        How many images ``run`` is given at once.
    windows
        Gives logits for images of any size, for networks that can do that in patches.
    whole
        Says whether an image of so many pixels a side is shown as it is, though ``config`` asks for
        patches.
    disagreement
        Whether the last channel of the logits says instead how far views disagree, 0 to 1.
    """

    run: Run
    channels: int
    config: PreprocessConfig
    batch: int
    windows: Windows | None = None
    whole: Callable[[Sequence[int]], bool] = lambda _: False
    disagreement: bool = False


def batch_size(config: PreprocessConfig, device: str) -> int:
    """Return how many images of the working size to run at once: 8 on a CPU, 32 elsewhere.

    Fewer, where they are larger than 512×512 pixels.
    """
    most, pixels = (8, PIXELS) if device == "cpu" else (32, PIXELS_GPU)
    return max(min(most, pixels // math.prod(config.size)), 1)

"""What a package is tested with: an image, and what this program makes of it.

Other software has to come to the same answer by the steps that the package describes. The answer is
therefore computed by this program's own normalisation and network, not by those steps.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray

from napari_unet.card import ModelCard
from napari_unet.data.sample import phantom_volume
from napari_unet.drawing import thumbnail
from napari_unet.exchange.bioimageio.tensors import fixed_scale, least_size
from napari_unet.report.rows import PictureRow
from napari_unet.unet.intensity import normalise, to_float
from napari_unet.unet.model import UNet, probabilities

SEED = 7


@dataclass(frozen=True)
class Trial:
    """An image ``(1, C, *S)`` and its probabilities ``(1, K, *S)``, both float32."""

    image: NDArray[np.float32]
    answer: NDArray[np.float32]

    @classmethod
    def of(cls, net: UNet, card: ModelCard) -> Trial:
        """Draw an image of the smallest size that fits a network, and ask it."""
        image = phantom(card.network.in_channels, least_size(card))
        config = card.preprocess
        if fixed := fixed_scale(card):  # of every channel, those of neighbouring slices included
            config = replace(config, mean=tuple(fixed[0]), std=tuple(fixed[1]))
        with torch.inference_mode():
            seen = normalise(torch.from_numpy(image), config)
            answer = probabilities(net(seen[None]).float())
        return cls(image[None], answer.numpy())

    def picture(self, card: ModelCard) -> bytes:
        """Return the image beside its labels as a PNG; of a volume the middle slice."""
        middle = tuple(n // 2 for n in self.image.shape[2:-2])
        image = self.image[(0, 0, *middle)]
        found = self.answer[(0, slice(None), *middle)]
        labels = found[0] >= card.threshold if len(found) == 1 else found.argmax(0)
        row = PictureRow(card.name, image, np.zeros(image.shape, int), labels.astype(int))
        return thumbnail(row, 256)


def phantom(channels: int, size: Sequence[int]) -> NDArray[np.float32]:
    """Draw an image ``(C, *size)`` of a head, 0 to 1; channels are neighbouring slices."""
    height, width = size[-2:]
    depth = size[0] if len(size) == 3 else 1
    drawn, _, _ = phantom_volume(1, depth + channels - 1, max(height, width), SEED)
    planes = to_float(drawn[:, :height, :width], 3)[0].numpy()
    image = np.stack([planes[c : c + depth] for c in range(channels)])
    return image if len(size) == 3 else image[:, 0]

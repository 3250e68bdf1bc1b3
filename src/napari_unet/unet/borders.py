"""Where the background between touching objects must be learned: the weights of the 2015 paper.

They lie in a plane of their own that goes with an image as its last channel, so that augmentation
moves both alike; the network never sees it.
"""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from napari_unet.unet.preprocess import Fit

SIGMA = 5.0  # pixels that the network sees, as in the paper
REACH = 3  # times SIGMA: two objects farther apart have no border


def border_map(objects: NDArray[np.integer], sigma: float = SIGMA) -> NDArray[np.float32]:
    """Return ``exp(-(d1 + d2)² / (2 sigma²))`` where no object is, 0 elsewhere.

    Ronneberger, Fischer and Brox 2015 (arXiv:1505.04597), equation 2; ``d1`` and ``d2`` are the
    distances in pixels to the nearest and the second nearest object. Only the background counts:
    within objects, labels without a gap between two that touch would be made to merge them.

    Parameters
    ----------
    objects
        ``(H, W)``: 0 for the background, else an object's id.
    """
    from scipy import ndimage

    far = np.float32(10 * REACH * sigma)
    first, second = np.full((2, *objects.shape), far, np.float32)
    reach = int(np.ceil(REACH * sigma))
    ids, dense = np.unique(objects, return_inverse=True)
    dense = dense.reshape(objects.shape) + (ids[0] != 0)  # 0 stays the background, if there is any
    for number, place in enumerate(ndimage.find_objects(dense), start=1):
        if place is None:
            continue
        near = tuple(slice(max(s.start - reach, 0), s.stop + reach) for s in place)
        distance = ndimage.distance_transform_edt(dense[near] != number).astype(np.float32)
        a, b = first[near], second[near]
        np.minimum(b, np.maximum(a, distance), out=b)
        np.minimum(a, distance, out=a)
    weights = np.exp(-((first + second) ** 2) / (2 * sigma**2))
    return np.where(dense == 0, weights, 0).astype(np.float32)


def with_borders(image: Tensor, fit: Fit, objects: NDArray[np.integer]) -> Tensor:
    """Return a prepared image ``(C, H, W)`` with the border map as its last channel."""
    shrunk = fit.shape[-1] / fit.inner[-1]  # sigma is measured in pixels that the network sees
    found = torch.from_numpy(border_map(objects, SIGMA * shrunk))[None]
    return torch.cat([image, fit.image(found).to(image.dtype)])

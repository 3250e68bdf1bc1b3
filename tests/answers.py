"""What tests of segmentations take for a model's answer."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

MODEL = "/models/m.unet.safetensors"


def ones(*shape: int) -> NDArray[np.uint8]:
    return np.ones(shape, np.uint8)

"""A pair: an image, its mask or masks, why they belong together, and how sure that is.

The confidences of all rules stand here, in order. They are judged, not measured: 1 means that
somebody wrote the pair down, from 0.9 on that names agree in full, between 0.5 and 0.9 that
something else than the name had to decide, and below that that hardly anything speaks for it.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

CHOSEN = 1.0  # a person chose it in the program, or a table lists it
ONE_FILE = 1.0  # one file holds both image and mask
SAME_NAME = 0.98  # the same name in a folder for images and one for masks
AFFIX = 0.97  # the image's name with a word for masks: scan7_mask beside scan7
AFFIXES = 0.95  # the same name but for the words for image and mask: img_7 and mask_7
OBJECTS = 0.95  # several masks in a place that belongs to one image, one for each object
CHANNEL = 0.95  # the mask's name with _0000, nnU-Net's first channel
MODALITY = 0.9  # one of several scans of the case, which share the mask: flair, t1, t2
MARK = 0.9  # a mark that means "mask" only where it lies: 0001_L in a folder for labels
NO_CASE = 0.05  # taken off where names agree only when capitals count as small letters
ONCE = 0.9  # the only image and the only mask of this name, in places that fit each other
ANYWHERE = 0.75  # the same, in places that have nothing to do with each other
PIXELS = 0.6  # equal names, and only the pixels say which file is the mask
ORDER = 0.3  # no names agree; as many images as masks, taken in their order


@dataclass(frozen=True)
class Pair:
    """An image and what belongs to it.

    ``masks`` holds one file, or several if every object has a file of its own. If one file holds
    both image and mask, it stands in both places. ``confidence`` lies between 0 and 1.
    """

    image: Path
    masks: tuple[Path, ...]
    reason: str
    confidence: float

    @property
    def mask(self) -> Path:
        """The mask, or the first of several."""
        return self.masks[0]

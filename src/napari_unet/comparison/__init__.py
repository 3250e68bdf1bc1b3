"""Several models and human readers on the same cases of a folder."""

from napari_unet.comparison.job import answers, compare
from napari_unet.comparison.panel import Answer

__all__ = ["Answer", "answers", "compare"]

"""Whether labels would be the same if they were made now."""

from __future__ import annotations

from dataclasses import dataclass, field

from napari_unet.config import SegmentConfig


@dataclass(frozen=True)
class Made:
    """How labels were made.

    ``modified`` is when the model's file was last written, ``where`` and ``axis`` which part of the
    image was segmented and along which axis; ``outlines`` are the corners of the shapes around it.
    """

    modified: float
    config: SegmentConfig = field(default_factory=SegmentConfig)
    where: str = "whole"
    axis: int = -3
    outlines: tuple[bytes, ...] = ()


def stale(made: Made | None, now: Made) -> str:
    """Say why labels would be others if they were made now; empty if they would be the same.

    None stands for labels of an image that was changed since.
    """
    if made is None:
        return "The image changed since these labels were made."
    if made.modified != now.modified:
        return "The model changed since these labels were made."
    if (made.where, made.axis, made.outlines) != (now.where, now.axis, now.outlines):
        return "These labels are of another part of the image, or along another axis."
    if made.config != now.config:
        return "These labels were made with other settings."
    return ""

"""What is done to labels once they are there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from napari_unet.schema import check, option


@dataclass(frozen=True)
class CleanUp:
    """What is done to labels after the threshold, in this order; to every class by itself."""

    smooth: float = option(
        0.0,
        "Smooth outline",
        "In pixels: each takes the class that prevails so far around it. 0 is off.",
        low=0.0,
        high=20.0,
    )
    fill_holes: bool = option(
        False, "Fill holes", "Background that is enclosed by a class becomes part of it."
    )
    largest: bool = option(
        False, "Largest object only", "Of every class, only the largest connected object stays."
    )
    min_size: int = option(
        0, "Smallest object", "In pixels (voxels of volumes); smaller objects go.", low=0
    )
    objects: Literal["classes", "components", "watershed"] = option(
        "classes",
        "Number objects",
        "classes: every pixel holds its class. components: every connected object has a number of "
        "its own. watershed: the same, and objects that touch are parted at their waists.",
    )

    def __post_init__(self) -> None:
        check(self)

    def __bool__(self) -> bool:
        """Say whether anything is done."""
        return self.tidies or self.objects != "classes"

    @property
    def tidies(self) -> bool:
        """Whether pixels change their class."""
        return bool(self.smooth > 0 or self.fill_holes or self.largest or self.min_size > 1)

"""What a data set is: cases, each an image with (usually) a reference mask and a patient."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

# A stored value of a mask from here on is a colour: this plus 0xRRGGBB (see `data.masks.colours`).
COLOUR = 1 << 24
SUBSETS = ("train", "val", "test")
Subset = Literal["train", "val", "test", "all"]  # of a data set, that a job is about
IGNORE = 255  # of class indices: nobody said what this pixel is


@dataclass(frozen=True)
class Case:
    """One image, its reference mask and where it belongs.

    ``name`` is unique in its data set and stays the same when the folder is moved: the image's
    path relative to the root, with ``/`` and without the suffix unless that is needed to tell
    two images apart. For a MATLAB file that holds both arrays, ``mask`` equals ``image``.
    ``confidence`` (0 to 1) says how sure the pair is. ``masks`` lists all mask files where each
    object has one of its own; ``mask`` is then the first. ``axes`` are the letters of the image's
    stored axes as a person says (see `data.scan`); empty where the file or a guess decides.
    ``correction`` is a file of class indices that stand for the reference since a person corrected
    it (see `data.corrections`); the mask's own file is never touched.
    """

    name: str
    image: Path
    mask: Path
    patient: str
    reason: str
    tags: Mapping[str, str] = field(default_factory=dict)
    confidence: float = 1.0
    masks: tuple[Path, ...] = ()
    axes: str = ""
    correction: Path | None = None


@dataclass(frozen=True)
class LabelRule:
    """How the stored values of a mask become classes.

    ``values`` lists, per foreground class, the stored value; empty means a binary mask in which
    everything above ``threshold`` is foreground. ``names`` are the foreground classes' names, so
    the network has ``len(names)`` foreground classes: 1 is binary. ``colours`` are those that the
    masks give the classes, as ``#rrggbb``; empty if they give none. ``unlabelled`` are stored
    values of pixels of which nobody said what they are: they become `IGNORE`, and neither training
    nor any score looks at them.
    """

    threshold: float = 0.0
    values: tuple[int, ...] = ()
    names: tuple[str, ...] = ("foreground",)
    colours: tuple[str, ...] = ()
    unlabelled: tuple[int, ...] = ()

    @property
    def by_colour(self) -> bool:
        """Whether the stored values are colours."""
        return bool(self.values) and min(self.values) >= COLOUR

    @property
    def classes(self) -> int:
        """Number of foreground classes."""
        return len(self.names)


@dataclass(frozen=True)
class Unpaired:
    """A file that takes no part, and why."""

    path: Path
    reason: str


@dataclass(frozen=True)
class LeftOut:
    """A case that a person left out, why, and since when (date and time, UTC)."""

    name: str
    reason: str
    since: str = ""


@dataclass(frozen=True)
class Dataset:
    """The cases of one folder, how they were paired, and what was noticed on the way."""

    root: Path
    cases: tuple[Case, ...]
    unpaired: tuple[Unpaired, ...]
    rule: str
    patient_source: str
    labels: LabelRule
    channels: int
    notes: tuple[str, ...] = ()
    left_out: tuple[LeftOut, ...] = ()

    def __len__(self) -> int:
        return len(self.cases)

    @property
    def patients(self) -> int:
        """Number of different patients."""
        return len({c.patient for c in self.cases})

"""What is told of correcting: which cases to take next, and what learning from them brought."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from napari_unet.events.scoring import CaseScore, Paired


@dataclass(frozen=True)
class RankedCase:
    """A case that might be corrected next, and why.

    ``uncertainty`` (0 to 1) is how undecided the model is about what it marks; ``gain`` (0 to 1) is
    the Dice that a correction is expected to add, 1 less the expected Dice. ``why`` is a sentence.
    ``reference`` and ``corrected`` say whether it has a reference, and whether a person made it.
    """

    name: str
    patient: str
    uncertainty: float
    gain: float
    why: str
    reference: bool = True
    corrected: bool = False


@dataclass(frozen=True)
class Ranked:
    """Which cases to correct next, the most worthwhile first; ``calibrated`` says how gains came.

    ``failed`` holds cases that could not be segmented, and why.
    """

    model: str
    cases: tuple[RankedCase, ...]
    calibrated: str = ""
    failed: Mapping[str, str] = field(default_factory=dict)
    seconds: float = 0.0


@dataclass(frozen=True)
class Improved:
    """What going on with a model on corrected cases has brought; both models are kept.

    ``old`` and ``new`` are model files, ``before`` and ``after`` their scores of the same cases,
    which neither was trained on: those of ``subset``, empty if there are none. ``corrected`` names
    the cases that were learned from.
    """

    old: str
    new: str
    subset: str
    before: tuple[CaseScore, ...]
    after: tuple[CaseScore, ...]
    paired: Paired
    corrected: tuple[str, ...] = ()
    seconds: float = 0.0

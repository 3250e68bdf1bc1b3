"""Jobs of correcting: which cases to take next, and going on with what was corrected."""

from __future__ import annotations

from dataclasses import dataclass

from napari_unet.data.cases import Subset


@dataclass(frozen=True)
class RankJob:
    """Tell which cases of a folder are worth correcting next, by what a model is unsure of.

    Cases without a reference are ranked as well; the ``subset`` "all" includes them, as does
    "train", which they would join. ``limit`` (0: none) caps the number of cases.
    """

    folder: str
    model: str
    subset: Subset = "all"
    limit: int = 0
    device: str = "auto"


@dataclass(frozen=True)
class ImproveJob:
    """Go on training an existing model on corrected cases, and compare it with the new one.

    ``cases`` are names; empty: all cases of the folder whose reference was corrected. ``share`` of
    every batch is drawn from them, the rest from the cases the model knows, so that it forgets
    nothing. ``out`` is the new model's file; ``model`` is never changed. Its split is kept: nothing
    of its validation or test cases is trained on. With neither ``minutes`` nor ``epochs``, the
    time follows from the number of corrected cases. ``surfaces`` also measures distances where the
    two are compared.
    """

    model: str
    folder: str
    out: str
    cases: tuple[str, ...] = ()
    minutes: float = 0.0
    epochs: int = 0
    share: float = 0.25
    seed: int = 0
    device: str = "auto"
    surfaces: bool = True

    @property
    def writes(self) -> str:
        """The model file that the training writes."""
        return self.out

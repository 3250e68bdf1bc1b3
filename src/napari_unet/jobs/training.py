"""Jobs that train, or show how a training would be."""

from __future__ import annotations

from dataclasses import dataclass, field

from napari_unet.config import Recipe, SplitConfig


@dataclass(frozen=True)
class TrainJob:
    """Train on a folder and write the model file.

    ``recipe`` wins over ``preset``. ``minutes`` or ``epochs`` above zero override the recipe's
    budget. ``limit`` (0: none) caps the number of cases; whole patients are dropped at the end.
    ``start`` is a model file whose network and weights training begins with (it is not changed).
    With a ``share`` above zero that model is improved (see `ImproveJob`): its recipe and its split
    are kept, and every batch holds this share of the ``corrected`` cases. ``encoder_weights`` is a
    file of a pretrained encoder's weights, in place of those that would be fetched.
    """

    folder: str
    model: str
    preset: str = "auto"
    recipe: Recipe | None = None
    minutes: float = 0.0
    epochs: int = 0
    split: SplitConfig = field(default_factory=SplitConfig)
    seed: int = 0
    limit: int = 0
    device: str = "auto"
    start: str = ""
    corrected: tuple[str, ...] = ()
    share: float = 0.0
    encoder_weights: str = ""

    @property
    def writes(self) -> str:
        """The model file that the training writes."""
        return self.model


@dataclass(frozen=True)
class ResumeJob:
    """Go on with a training that was stopped, crashed, or is over.

    ``model`` is the model file that the run writes; what is needed to go on lies beside it.
    ``minutes`` or ``epochs`` above zero are the new total budget, those already trained included;
    with neither, the run keeps the budget it had.
    """

    model: str
    minutes: float = 0.0
    epochs: int = 0
    device: str = "auto"

    @property
    def writes(self) -> str:
        """The model file that the training writes."""
        return self.model


@dataclass(frozen=True)
class PlanJob:
    """Tell how ``train`` would be done on this machine, without doing it."""

    train: TrainJob


@dataclass(frozen=True)
class AugmentJob:
    """Show what the augmentation of ``train`` does to some of its own images.

    The answer is a grid of ``cases`` rows: each image as the network is shown it, then
    ``variants`` changed copies with their masks.
    """

    train: TrainJob
    cases: int = 3
    variants: int = 4
    seed: int = 0

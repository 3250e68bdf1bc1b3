"""How cases are divided into those to learn from, to choose by and to judge with."""

from __future__ import annotations

from dataclasses import dataclass

from napari_unet.errors import ConfigError
from napari_unet.schema import check, option


@dataclass(frozen=True)
class SplitConfig:
    """How cases are divided; patients are never parted."""

    train: float = option(80.0, "Train", "Share for training.", low=0.0)
    val: float = option(10.0, "Validation", "Share for choosing the best epoch.", low=0.0)
    test: float = option(10.0, "Test", "Share kept unseen for the final scores.", low=0.0)
    seed: int = option(0, "Split seed", "The same seed gives the same split.", low=0)
    stratify: str = option(
        "",
        "Spread evenly",
        "A tag, such as tumor_type, whose values every part gets its share of; empty: the tag with "
        "the fewest values.",
    )
    folds: int = option(
        0, "Folds", "Cross-validation: the patients in so many parts; 0: none.", low=0, high=1000
    )
    fold: int = option(1, "Fold", "The part that is kept for the test, from 1 on.", low=1)
    file: str = option(
        "",
        "Split file",
        "A split to keep to: JSON, a table with a column 'subset', or lists train.txt, test.txt.",
    )

    def __post_init__(self) -> None:
        check(self)
        if self.train <= 0:
            raise ConfigError("split: the training share must be above zero")
        if self.folds == 1 or (self.fold > max(self.folds, 1) and not self.file):
            raise ConfigError(
                f"split: fold {self.fold} of {self.folds}; there must be two folds or more, and "
                "the fold must be one of them"
            )

    @classmethod
    def parse(cls, text: str, seed: int = 0) -> SplitConfig:
        """Read ``"80:10:10"`` or ``"70:30"``.

        Two numbers mean train and test, as in "70:30"; the cases that choose the best epoch are
        then taken from the training share (an eighth of it).
        """
        try:
            parts = [float(p) for p in text.replace("/", ":").split(":")]
        except ValueError:
            parts = []
        if len(parts) == 2:
            val = parts[0] / 8
            parts = [parts[0] - val, val, parts[1]]
        if len(parts) != 3 or any(not 0 <= p < float("inf") for p in parts):
            raise ConfigError(f"split {text!r}: write it like 80:10:10 or 70:30")
        train, val, test = parts
        return cls(train, val, test, seed)

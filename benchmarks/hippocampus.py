"""Eight minutes of training on hippocampus volumes, then the scores on unseen patients.

Runs the commands a user would type::

    python benchmarks/hippocampus.py [--minutes 8] [--epochs N] [--seed 0] [--data FOLDER]

The data set is task 4 of the Medical Segmentation Decathlon: MRI volumes with the anterior and the
posterior part of the hippocampus, in ``imagesTr`` and ``labelsTr``.
"""

from __future__ import annotations

from common import arguments, reached, train_and_evaluate

GOAL = 0.885  # mean Dice over both classes
NNUNET = 0.89  # about what nnU-Net reports for this task, after a thousand epochs


def main() -> None:
    """Train, evaluate, print one line for docs/benchmarks.md."""
    scored = train_and_evaluate(arguments(__doc__, "hippocampus", minutes=8.0))
    dice = scored["mean"]["dice"]
    print(f"goal       Dice {GOAL}: {reached(dice, GOAL)} (nnU-Net: about {NNUNET})")


if __name__ == "__main__":
    main()

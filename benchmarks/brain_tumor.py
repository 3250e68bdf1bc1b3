"""Five minutes of training on the brain tumour MRI set, then the scores on unseen patients.

Runs the commands a user would type::

    python benchmarks/brain_tumor.py [--minutes 5] [--seed 0] [--data FOLDER] [--out FOLDER]

The data set is J. Cheng's (figshare article 1512427), as PNG files with ``metadata.csv``.
"""

from __future__ import annotations

from common import arguments, reached, train_and_evaluate

ARTICLE = 0.67  # Dice after 40 epochs, as the article that this follows reports


def main() -> None:
    """Train, evaluate, print one line for docs/benchmarks.md."""
    scored = train_and_evaluate(arguments(__doc__, "brain_tumor", minutes=5.0))
    print(f"article    Dice {ARTICLE}: {reached(scored['mean']['dice'], ARTICLE)}")


if __name__ == "__main__":
    main()

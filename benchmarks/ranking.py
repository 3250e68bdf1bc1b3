"""Whether "What should I correct next?" finds the cases that a model does badly on.

Ranks the validation cases of a model by what it expects of them, never looking at their masks, and
compares that with their Dice::

    python benchmarks/ranking.py MODEL [--folder FOLDER] [--subset val]
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
from common import DATA
from scipy.stats import spearmanr

from napari_unet import api
from napari_unet.environment import prepare
from napari_unet.events import Event, RankedCase


def main() -> None:
    """Rank, evaluate, and print how both agree."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("model", type=Path)
    parser.add_argument("--folder", type=Path, default=DATA / "brain_tumor")
    parser.add_argument("--subset", default="val")
    args = parser.parse_args()
    prepare()
    # As they come: the last event's gains are calibrated on these very masks.
    told: dict[str, RankedCase] = {}

    def watch(event: Event) -> None:
        if isinstance(event, RankedCase):
            told[event.name] = event

    api.rank(args.folder, args.model, subset=args.subset, on_event=watch)
    done = api.evaluate(args.folder, args.model, subset=args.subset)
    true = {s.name: s.dice for s in done.scores if not s.error}
    names = sorted(true)
    dice = np.array([true[n] for n in names])
    print(f"{len(names)} cases of {args.folder.name} ({args.subset}), mean Dice {dice.mean():.3f}")
    for what in ("gain", "uncertainty"):
        found = np.array([getattr(told[n], what) for n in names])
        rho, p = spearmanr(found, 1 - dice)
        worst = set(np.argsort(dice)[: len(names) // 10])
        first = set(np.argsort(-found, kind="stable")[: len(names) // 10])
        print(
            f"{what:12s} Spearman with 1 - Dice {rho:.2f} (p = {p:.1g}); of the worst tenth, "
            f"{len(worst & first)} of {len(worst)} are in the first tenth; its mean Dice is "
            f"{dice[sorted(first)].mean():.3f}"
        )
    expected = np.array([1 - told[n].gain for n in names])
    print(f"expected Dice {expected.mean():.3f} on average, {dice.mean():.3f} in truth")


if __name__ == "__main__":
    main()

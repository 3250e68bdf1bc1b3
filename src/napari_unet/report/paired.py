"""A paired comparison in plain words."""

from __future__ import annotations

import math
from collections.abc import Sequence

from napari_unet.events import CaseScore, Improved, Paired

CHANCE = 0.05  # a p-value below this is no chance


def paired_words(found: Paired, score: str = "Dice") -> str:
    """Say how much one column is better than another, and how sure that is."""
    if not found.n:
        return "There are no images to compare on."
    images = f"{found.n} images" if found.n > 1 else "one image"
    if math.isnan(found.low):
        return (
            f"On average {found.mean:+.3f} {score} on {images} of one patient: too few patients "
            "to say whether that is chance."
        )
    text = (
        f"On average {found.mean:+.3f} {score} on {images}; with 95 % confidence between "
        f"{found.low:+.3f} and {found.high:+.3f}. "
    )
    if found.equal == found.n:
        return f"{text}No image changed."
    text += f"{found.better} better, {found.worse} worse, {found.equal} equal. "
    p = "p < 0.001" if found.p < 0.001 else f"p = {found.p:.3f}"
    if found.p >= CHANCE:
        return f"{text}This may well be chance ({p}, Wilcoxon's signed-rank test)."
    return f"{text}This is hardly chance ({p}, Wilcoxon's signed-rank test)."


def improved_lines(done: Improved, most: int = 3) -> list[str]:
    """Return lines that tell what improving a model has brought: means, words, extreme cases."""
    subset = {"test": "test", "val": "validation", "": "test"}[done.subset]
    lines = [f"Learned from {len(done.corrected)} corrected cases."]
    if done.paired.n:
        before, after = (mean_dice(scores) for scores in (done.before, done.after))
        lines.append(f"Mean Dice on the {subset} cases: {before:.4f} before, {after:.4f} now.")
    lines.append(paired_words(done.paired))
    changes = sorted(differences(done), key=lambda found: found[1])
    if len(changes) > 1:
        lines += [f"  {name}  {change:+.4f}" for name, change in _ends(changes, most)]
    return lines


def differences(done: Improved) -> list[tuple[str, float]]:
    """Return by how much the Dice of each image changed, as far as both models have one."""
    return [
        (b.name, b.dice - a.dice)
        for a, b in zip(done.before, done.after, strict=True)
        if not (a.error or b.error)
    ]


def mean_dice(scores: Sequence[CaseScore]) -> float:
    """Return the mean Dice of cases that have one; NaN if none does."""
    values = [s.dice for s in scores if not s.error]
    return sum(values) / len(values) if values else math.nan


def _ends(changes: list[tuple[str, float]], most: int) -> list[tuple[str, float]]:
    """Return the most improved and the most worsened, the best first."""
    return (
        changes[::-1]
        if len(changes) <= 2 * most
        else changes[: -most - 1 : -1] + changes[:most][::-1]
    )

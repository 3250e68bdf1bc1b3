"""An audit in numbers and in words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from statistics import median
from typing import Any

from napari_unet.data.audit.facts import CaseFacts
from napari_unet.data.audit.findings import Survey
from napari_unet.events import AuditFinished, Finding
from napari_unet.quantities import plural, shape_words

SHOWN = 5  # cases named below a finding


def statistics(survey: Survey) -> dict[str, Any]:
    """Sum the facts up as plain JSON values: sizes, intensities, spacing, and the classes' shares.

    ``classes`` gives for each class its share of all pixels, and of the images that hold it.
    """
    read = survey.read
    shapes = Counter(shape_words(f.shape) for f in read)
    return {
        "images": len(read),
        "sizes": dict(shapes.most_common(10)),
        "different_sizes": len(shapes),
        "types": dict(Counter(f.dtype for f in read).most_common()),
        "channels": {str(n): count for n, count in Counter(f.channels for f in read).items()},
        "intensity": {
            "lowest": min((f.low for f in read), default=None),
            "highest": max((f.high for f in read), default=None),
            "mean": _spread(f.mean for f in read),
            "spread": _spread(f.spread for f in read),
        },
        "spacing": _spacing(read),
        "classes": _classes(survey),
        "blank_masks": sum(bool(f.classes) and not f.foreground for f in survey.facts),
        "looked_at_in_part": sum(f.partial for f in read),
    }


def _spread(values: Iterable[float]) -> dict[str, float] | None:
    """Return the lowest, median and highest of some values; None without any."""
    known = sorted(values)
    if not known:
        return None
    return {"lowest": known[0], "median": median(known), "highest": known[-1]}


def _spacing(read: Sequence[CaseFacts]) -> list[dict[str, float] | None]:
    """Describe the pixel size along each axis, of the images that say so."""
    known = [f.spacing for f in read if f.spacing]
    axes = min(map(len, known), default=0)
    return [_spread(s[-axes:][i] for s in known) for i in range(axes)]


def _classes(survey: Survey) -> dict[str, dict[str, float]]:
    masks = [f.classes for f in survey.facts if f.classes]
    pixels = sum(map(sum, masks)) or 1
    return {
        name: {
            "pixels": sum(m[i] for m in masks) / pixels,
            "images": sum(m[i] > 0 for m in masks) / (len(masks) or 1),
        }
        for i, name in enumerate(("background", *survey.classes))
    }


# --- words --------------------------------------------------------------------------------------


def describe(done: AuditFinished) -> str:
    """Describe an audit for people."""
    numbers = done.statistics
    graver = sum(f.severity != "info" for f in done.findings)
    told = f"{plural(graver, 'finding')} to look into" if graver else "nothing to worry about"
    cases = plural(done.cases, "case")
    lines = [f"Audit of {done.folder}: {cases} in {done.seconds:.1f} s, {told}"]
    for finding in done.findings:
        lines.append(f"  {finding.severity.upper()}: {finding.text} {finding.advice}".rstrip())
        lines += [f"    {line}" for line in _examples(finding)]
    sizes = ", ".join(f"{n} × ({shape})" for shape, n in list(numbers["sizes"].items())[:SHOWN])
    more = ", …" if numbers["different_sizes"] > SHOWN else ""
    lines.append(f"  Sizes: {sizes}{more}")
    if numbers["images"]:
        mean = numbers["intensity"]["mean"]
        lines.append(
            f"  Values: {numbers['intensity']['lowest']:g} to {numbers['intensity']['highest']:g}, "
            f"means of images {mean['lowest']:.4g} to {mean['highest']:.4g}"
        )
    if numbers["spacing"]:
        lines.append(f"  Pixel sizes: {' × '.join(map(_range, numbers['spacing']))}")
    lines += [
        f"  Class {name}: {share['pixels']:.2%} of pixels, in {share['images']:.0%} of masks"
        for name, share in numbers["classes"].items()
    ]
    return "\n".join(lines)


def _examples(finding: Finding) -> list[str]:
    """Return some of a finding's cases with their notes, where these say more than its text."""
    if not finding.notes:
        return []
    named = list(zip(finding.cases, finding.notes, strict=True))
    lines = [f"{name}: {note}" for name, note in named[:SHOWN]]
    return lines + ([f"and {len(named) - SHOWN} more"] if len(named) > SHOWN else [])


def _range(along: Mapping[str, float]) -> str:
    low, high = f"{along['lowest']:.4g}", f"{along['highest']:.4g}"
    return low if low == high else f"{low}…{high}"

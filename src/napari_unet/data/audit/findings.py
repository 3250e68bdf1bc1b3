"""What is wrong with a data set, or worth knowing: each rule looks at the facts of all cases.

A rule yields at most one `Finding` per kind, with the cases that it concerns. Nothing here reads a
file. Blank masks are cases like any other: they are counted, never held against anybody.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from statistics import median

from napari_unet.config import PreprocessConfig
from napari_unet.data.audit.facts import CaseFacts
from napari_unet.events import Finding
from napari_unet.quantities import shape_words

SPACING = 3.0  # times the median: a wrong unit gives 10, and no scanner differs by so much
COMMON = 0.9  # share of images of one size from which on the others are named
BRIGHTER = 10.0  # times the median
RARE_IMAGES = 5  # a class in fewer images than this cannot be divided sensibly
RARE_PIXELS = 0.001  # share
LEAVE_OUT = "leave such cases out"


@dataclass(frozen=True)
class Survey:
    """The facts of all cases, and what is known of the data set as a whole."""

    facts: Sequence[CaseFacts]
    classes: Sequence[str] = ("foreground",)
    known_patients: bool = True

    @property
    def read(self) -> list[CaseFacts]:
        """The cases whose image could be read."""
        return [f for f in self.facts if f.shape]


Rule = Callable[[Survey], Iterator[Finding]]


def unreadable(survey: Survey) -> Iterator[Finding]:
    """Images and masks that cannot be read."""
    bad = [(f, f.image_error or f.mask_error) for f in survey.facts]
    if bad := [(f, why) for f, why in bad if why]:
        yield Finding(
            "unreadable",
            "error",
            f"{_of(len(bad), survey)} cannot be read. The first: {bad[0][1]}",
            f"Copy the files again from their source, or {LEAVE_OUT}.",
            *_cases(bad),
        )


def shapes(survey: Survey) -> Iterator[Finding]:
    """Masks of another shape than their image."""
    bad = [f for f in survey.read if f.mask_shape and f.mask_shape != f.shape]
    if bad:
        yield Finding(
            "shape",
            "error",
            f"{_of(len(bad), survey)} differ in size from their mask.",
            f"Check that they belong together and mend the pairs, or {LEAVE_OUT}.",
            *_cases(
                (f, f"image {shape_words(f.shape)}, mask {shape_words(f.mask_shape)}") for f in bad
            ),
        )


def not_finite(survey: Survey) -> Iterator[Finding]:
    """Images that hold NaN or infinite values."""
    if bad := [f for f in survey.read if f.not_finite]:
        yield Finding(
            "not finite",
            "error" if any(f.not_finite == 1 for f in bad) else "warning",
            f"{_of(len(bad), survey)} hold values that are no numbers (NaN or infinite).",
            f"Export them again; images of nothing else cannot be used: {LEAVE_OUT}.",
            *_cases((f, f"{f.not_finite:.2%} of the values") for f in bad),
        )


def constant(survey: Survey) -> Iterator[Finding]:
    """Images with one value everywhere."""
    if bad := [f for f in survey.read if f.flat and f.not_finite < 1]:
        yield Finding(
            "constant",
            "warning",
            f"{_of(len(bad), survey)} hold one value everywhere.",
            f"Nothing can be learned or segmented there: {LEAVE_OUT}, or find the real image.",
            *_cases((f, f"{f.low:g} everywhere") for f in bad),
        )


def blank(survey: Survey) -> Iterator[Finding]:
    """Masks without foreground, which are cases like any other."""
    masks = [f for f in survey.facts if f.classes]
    if found := [f for f in masks if not f.foreground]:
        every = len(found) == len(masks)
        yield Finding(
            "blank mask",
            "error" if every else "info",
            f"{_of(len(found), survey)} have a blank mask.",
            "With background only there is nothing to learn: check that these are the masks."
            if every
            else "They count as cases without foreground and are kept.",
            *_cases((f, "") for f in found),
        )


def full(survey: Survey) -> Iterator[Finding]:
    """Masks without background, or with next to none."""
    masks = [f for f in survey.facts if f.classes]
    if found := [f for f in masks if f.classes[0] < RARE_PIXELS * sum(f.classes)]:
        yield Finding(
            "full mask",
            "error" if not any(f.classes[0] for f in masks) else "warning",
            f"{_of(len(found), survey)} have a mask that is foreground (nearly) everywhere.",
            "If that is not meant, the background may have a value of its own, or be swapped with "
            f"the foreground; else {LEAVE_OUT}.",
            *_cases((f, f"{f.classes[0]} pixels of background") for f in found),
        )


def classes(survey: Survey) -> Iterator[Finding]:
    """Classes that occur in few images or cover few pixels."""
    masks = [f for f in survey.facts if f.classes and f.foreground]
    pixels = sum(sum(f.classes) for f in survey.facts) or 1
    for index, name in enumerate(survey.classes, start=1):
        holding = [f for f in masks if f.classes[index]]
        share = sum(f.classes[index] for f in holding) / pixels
        if len(survey.facts) > 2 * RARE_IMAGES and 0 < len(holding) < RARE_IMAGES:
            yield Finding(
                "rare class",
                "warning",
                f"Only {_of(len(holding), survey)} hold {name}.",
                "Training and test may not both see it; its scores will mean little.",
                *_cases((f, "") for f in holding),
            )
        elif 0 < share < RARE_PIXELS:
            yield Finding(
                "small class",
                "info",
                f"{name} covers {share:.3%} of all pixels.",
                "Pixel accuracy says nothing here; go by Dice.",
            )


def sizes(survey: Survey) -> Iterator[Finding]:
    """Images of another size than nearly all others, or much smaller than what is trained on."""
    read = survey.read
    counts = Counter(f.shape for f in read)
    common, n = counts.most_common(1)[0] if counts else ((), 0)
    if COMMON * len(read) <= n < len(read):
        others = [f for f in read if f.shape != common]
        yield Finding(
            "other size",
            "warning",
            f"{_of(len(others), survey)} differ in size from the others ({shape_words(common)}).",
            "They are scaled to the working size; check that they show the same thing.",
            *_cases((f, shape_words(f.shape)) for f in others),
        )
    working = min(PreprocessConfig().size)
    if small := [f for f in read if min(f.shape[-2:]) < working / 2]:
        yield Finding(
            "small image",
            "info",
            f"{_of(len(small), survey)} are much smaller than the working size of {working}.",
            "A smaller working size trains faster and loses nothing.",
            *_cases((f, shape_words(f.shape)) for f in small),
        )


def spacing(survey: Survey) -> Iterator[Finding]:
    """Pixel sizes far from the usual ones, and images without any."""
    known = [f for f in survey.read if f.spacing]
    if len(known) < 2:
        return
    axes = min(len(f.spacing) for f in known)
    usual = [median(f.spacing[-axes:][i] for f in known) for i in range(axes)]
    if odd := [f for f in known if _far(f.spacing[-axes:], usual)]:
        yield Finding(
            "spacing",
            "warning",
            f"{_of(len(odd), survey)} have a pixel size far from the usual one "
            f"({_length(usual, known[0].units)}).",
            "Ten times more or less is often a wrong unit: check how they were exported.",
            *_cases((f, _length(f.spacing, f.units)) for f in odd),
        )
    if missing := [f for f in survey.read if not f.spacing]:
        yield Finding(
            "no spacing",
            "info",
            f"{_of(len(missing), survey)} do not say how large their pixels are; others do.",
            "Lengths and areas of these are in pixels.",
            *_cases((f, "") for f in missing),
        )


def intensity(survey: Survey) -> Iterator[Finding]:
    """Images much brighter than the others, or of another kind of number."""
    read = [f for f in survey.read if not f.flat]
    if len(read) < 3:
        return
    usual = median(abs(f.mean) for f in read)
    if odd := [f for f in read if usual and abs(f.mean) > BRIGHTER * usual]:
        yield Finding(
            "intensity",
            "info",
            f"{_of(len(odd), survey)} are more than {BRIGHTER:g} times as bright as usual "
            f"(mean {usual:.4g}).",
            "Every image is normalised by itself, so this does no harm; a threshold by hand would.",
            *_cases((f, f"mean {f.mean:.4g}, up to {f.high:.4g}") for f in odd),
        )
    common = Counter(f.channels for f in read).most_common(1)[0][0]
    if odd := [f for f in read if f.channels != common]:
        yield Finding(
            "channels",
            "info",
            f"{_of(len(odd), survey)} have another number of channels than the others ({common}).",
            "Grey and colour are turned into each other where that is possible.",
            *_cases((f, f"{f.channels}") for f in odd),
        )


RULES: tuple[Rule, ...] = (
    *(unreadable, shapes, not_finite, constant, full, blank),
    *(classes, sizes, spacing, intensity),
)


def _of(number: int, survey: Survey) -> str:
    return f"{number} of {len(survey.facts)} cases"


def _cases(
    found: Iterator[tuple[CaseFacts, str]] | Sequence[tuple[CaseFacts, str]],
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return names and notes as a finding holds them: no notes if there is nothing to say."""
    names, notes = zip(*((f.name, note) for f, note in found), strict=True)
    return tuple(names), tuple(notes) if any(notes) else ()


def _far(spacing: Sequence[float], usual: Sequence[float]) -> bool:
    ratios = [a / b for a, b in zip(spacing, usual, strict=True) if b > 0]
    return any(not 1 / SPACING < r < SPACING for r in ratios)


def _length(spacing: Sequence[float], unit: str) -> str:
    return " × ".join(f"{s:.4g}" for s in spacing) + (f" {unit}" if unit else "")

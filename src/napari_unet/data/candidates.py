"""All images of a folder that somebody might correct: cases, and images without a reference."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from napari_unet.data.cases import Case, LabelRule, Unpaired
from napari_unet.data.dataset import open_dataset
from napari_unet.data.finding import find_cases
from napari_unet.data.formats import is_supported, stem_of
from napari_unet.data.pairing.unpaired import NO_MASK, NO_MASKS_HERE


@dataclass(frozen=True)
class Candidate:
    """An image; ``case`` is None where it has no reference, and ``patient`` then not known."""

    name: str
    image: Path
    patient: str = ""
    case: Case | None = None


def candidates(folder: str | Path, limit: int = 0) -> tuple[list[Candidate], LabelRule]:
    """Return the images of a folder, cases first, and how the cases' masks are read.

    ``limit`` (0: none) keeps so many.

    Raises
    ------
    DataError
        If the folder is missing, or its masks cannot be understood.
    """
    root = Path(folder).expanduser().absolute()
    found = find_cases(root)
    if found.pairing.pairs:
        dataset = open_dataset(root, limit)
        rule, cases = dataset.labels, dataset.cases
    else:
        rule, cases = LabelRule(), ()
    made = [Candidate(c.name, c.image, c.patient, c) for c in cases]
    made += _without(root, found.pairing.unpaired, {c.name for c in made})
    return (made[:limit] if limit else made), rule


def _without(root: Path, unpaired: tuple[Unpaired, ...], taken: set[str]) -> Iterator[Candidate]:
    """Yield the images for which there is no mask."""
    for one in unpaired:
        lone = one.reason.startswith((NO_MASK, NO_MASKS_HERE))
        if lone and is_supported(one.path):
            relative = one.path.relative_to(root)
            name = relative.with_name(stem_of(relative) or relative.name).as_posix()
            yield Candidate(relative.as_posix() if name in taken else name, one.path)

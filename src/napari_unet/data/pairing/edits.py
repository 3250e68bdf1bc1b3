"""Changes a person made to what was found: masks of images, whose they are, and their axes.

They are plain data, kept in the workspace under the data set's folder and applied whenever it is
opened; nothing in the folder itself is touched. Files are named by their path below the folder.
Leaving whole cases out is `leftout`'s.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from napari_unet.data import decisions
from napari_unet.data.cases import Dataset, Unpaired
from napari_unet.data.pairing import pairs as sure
from napari_unet.data.pairing.find import Pairing, summary
from napari_unet.data.pairing.names import natural
from napari_unet.data.pairing.pairs import Pair
from napari_unet.errors import DataError
from napari_unet.workspace import dataset_file

BY_HAND = "paired by hand"
APART = "taken apart by hand"
GIVEN_AWAY = "its mask was given to {} by hand"


@dataclass(frozen=True)
class Edits:
    """What a person changed.

    Attributes
    ----------
    masks : mapping of str to tuple of str
        The masks of an image, by the image's path; none to take a pair apart.
    patients : mapping of str to str
        Whose an image is, by the image's path.
    merge_letters : bool
        Whether ids of patients that differ only in a last letter are one person.
    axes : str
        The letters of the images' stored axes, such as "tyx"; empty to have them guessed.
    """

    masks: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    patients: Mapping[str, str] = field(default_factory=dict)
    merge_letters: bool = True
    axes: str = ""

    def paired(self, image: str, *masks: str) -> Edits:
        """Return these edits with an image's masks; without masks, the pair is taken apart."""
        return replace(self, masks={**self.masks, image: masks})

    def with_patients(self, patients: Mapping[str, str]) -> Edits:
        """Return these edits with the patients of some images."""
        return replace(self, patients={**self.patients, **patients})

    def undone(self, image: str) -> Edits:
        """Return these edits without what was changed about an image."""
        masks = {i: m for i, m in self.masks.items() if i != image}
        patients = {i: p for i, p in self.patients.items() if i != image}
        return replace(self, masks=masks, patients=patients)


def load_edits(root: str | Path) -> Edits:
    """Return what was changed about the data set in ``root``.

    Raises
    ------
    DataError
        If the file is damaged or comes from a newer version.
    """
    return decisions.load(
        edits_path(root),
        _parsed,
        Edits(),
        "The changes made to pairs and patients, {path}, are damaged ({error}). Move the file away "
        "to start anew.",
    )


def _parsed(stored: Mapping[str, Any]) -> Edits:
    return Edits(
        {str(i): tuple(map(str, masks)) for i, masks in stored["masks"].items()},
        {str(i): str(p) for i, p in stored["patients"].items()},
        bool(stored["merge_letters"]),
        str(stored.get("axes", "")),
    )


def save_edits(root: str | Path, edits: Edits) -> Path:
    """Keep what was changed; return the file.

    Raises
    ------
    DataError
        If it cannot be written; what was kept before is then unchanged.
    """
    try:
        return decisions.save(root, "edits", asdict(edits))
    except OSError as e:
        path = edits_path(root)
        raise DataError(f"The change could not be kept in {path} ({e.strerror or e}).") from e


def edits_path(root: str | Path) -> Path:
    """Return where the changes to a data set are kept."""
    return dataset_file(root, "edits")


def patients_edited(edits: Edits, dataset: Dataset, patients: Mapping[str, str]) -> Edits:
    """Return edits that also say, by the cases' names, whose they are; to be saved.

    Raises
    ------
    DataError
        If there is no such case.
    """
    images = {c.name: c.image.relative_to(dataset.root).as_posix() for c in dataset.cases}
    if unknown := [name for name in patients if name not in images]:
        raise DataError(f"There is no case {unknown[0]!r} in {dataset.root}.")
    return edits.with_patients({images[name]: p.strip() for name, p in patients.items()})


def repaired(pairing: Pairing, root: Path, edits: Edits) -> Pairing:
    """Return a pairing with a person's changes put in; pure.

    A mask that is given to an image is taken from the image that had it. Files that the changes
    name and that are not there (any more) are passed over with a note.
    """
    known = _known(pairing)
    notes = list(pairing.notes)
    found = {pair.image: pair for pair in pairing.pairs}
    reasons = {u.path: u.reason for u in pairing.unpaired}
    for name, mask_names in edits.masks.items():
        image, masks = root / name, tuple(root / m for m in mask_names)
        if gone := [p for p in (image, *masks) if p not in known]:
            notes.append(f"a change made by hand names {gone[0]}, which is not there: passed over")
            continue
        _change(found, reasons, image, masks, name)
    free = known - {p for pair in found.values() for p in (pair.image, *pair.masks)}
    ordered = sorted(found.values(), key=lambda p: natural(p.image.as_posix()))
    return replace(
        pairing,
        pairs=tuple(ordered),
        unpaired=_unpaired(pairing, reasons, free),
        rule=summary(p.reason for p in ordered),
        notes=tuple(notes),
    )


def _known(pairing: Pairing) -> set[Path]:
    paired = {p for pair in pairing.pairs for p in (pair.image, *pair.masks)}
    return paired | {u.path for u in pairing.unpaired}


def _change(
    found: dict[Path, Pair],
    reasons: dict[Path, str],
    image: Path,
    masks: Sequence[Path],
    name: str,
) -> None:
    """Give an image its masks, in place."""
    before = found.pop(image, None)
    for path in (image, *(before.masks if before else ())):
        reasons[path] = APART
    if not masks:
        return
    wanted = {image, *masks}
    for other, pair in list(found.items()):
        if wanted & {other, *pair.masks}:
            del found[other]
            reasons |= dict.fromkeys((other, *pair.masks), GIVEN_AWAY.format(name))
    found[image] = Pair(image, tuple(masks), BY_HAND, sure.CHOSEN)


def _unpaired(
    pairing: Pairing, reasons: Mapping[Path, str], free: set[Path]
) -> tuple[Unpaired, ...]:
    """Return the files without a pair, those that were so before first."""
    before = [u.path for u in pairing.unpaired if u.path in free]
    order = dict.fromkeys([*before, *sorted(free)])
    return tuple(Unpaired(path, reasons[path]) for path in order)

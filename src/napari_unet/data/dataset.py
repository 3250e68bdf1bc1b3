"""Opening a folder as a data set: pairs, patients, classes and channels, found without being told.

Only names, tables, headers and a small sample of pixels are read here; a file that turns out to be
damaged later is reported by whoever reads it.
"""

from __future__ import annotations

import random
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TypeVar

import numpy as np

from napari_unet.data.cases import IGNORE, Case, Dataset, LabelRule
from napari_unet.data.corrections.applying import with_classes
from napari_unet.data.finding import find_cases
from napari_unet.data.formats import (
    SUFFIXES,
    describe_scan,
    read_case,
    read_reference,
    read_scan,
    suffix_of,
)
from napari_unet.data.masks.labels import describe_rule
from napari_unet.data.masks.meaning import load_rule, save_rule
from napari_unet.data.masks.rules import find_rule
from napari_unet.data.pairing.find import Pairing
from napari_unet.data.pairing.unpaired import NO_MASK
from napari_unet.errors import DataError

T = TypeVar("T")
CHANNEL_SAMPLE = 32  # images that decide whether colour is needed

NO_MASKS = (
    "These images can be segmented with a model; to train one or to score it, masks are needed."
)
TEXT = frozenset({".txt", ".md", ".csv", ".json", ".xml", ".pdf", "no suffix"})
HOW_TO_NAME = (
    "Put images into a folder 'images' and masks of the same names into 'masks' beside it, or name "
    "masks like their image plus '_mask', or list both in a metadata.csv with columns 'image' and "
    "'mask'."
)


def open_dataset(
    folder: str | Path, limit: int = 0, *, pairs: str | Path = "", edited: bool = True
) -> Dataset:
    """Find the cases of a folder and how to read them.

    Parameters
    ----------
    folder : str or Path
        Any folder; everything below it is looked at.
    limit : int
        Most cases to keep (0: all). Whole patients are left out, chosen so that what remains stays
        mixed; the same folder and limit give the same cases.
    pairs : str or Path
        A table of pairs that alone decides (see `pairs_table`).
    edited : bool
        Whether changes that a person made to pairs and patients (see `edits`) and corrections of
        masks (see `corrections`) are put in.

    Raises
    ------
    DataError
        If the folder is missing, empty or holds no pair of image and mask; the message lists what
        was found and how to name files. If the table of pairs names none.
    """
    root = Path(folder).expanduser().absolute()
    found = find_cases(root, pairs, edited)
    pairing, cases, left_out = found.pairing, found.cases, found.left_out
    if not pairing.pairs:
        raise DataError(_no_pairs(root, pairing))
    labels, label_notes = _labels(root, cases, edited)
    cases, other_classes = with_classes(cases, labels)
    channels, channel_notes = _channels(cases)
    notes = [*pairing.notes, *found.patients.notes, *label_notes, *channel_notes]
    notes += [*found.notes, *other_classes]
    if limit and len(cases) > limit:
        kept = _limited(cases, limit)
        notes.append(f"limited to {len(kept)} of {len(cases)} cases")
        cases = kept
    return Dataset(
        root,
        cases,
        pairing.unpaired,
        pairing.rule,
        found.patients.source,
        labels,
        channels,
        tuple(notes),
        left_out,
    )


def say_unlabelled(dataset: Dataset, values: Sequence[int]) -> Dataset:
    """Keep for this folder that ``values`` of its masks mean "not labelled"; return it read so.

    What the other values mean is found anew from them alone: the lowest is the background. Without
    values, the masks are read as they were found again.

    Raises
    ------
    DataError
        If too little is left to tell what is what, or it cannot be kept.
    """
    rule = None
    if values:
        masks = (c.mask for c in scattered(dataset.cases))
        rule, _ = find_rule(masks, _mask_axes(dataset.cases), values)
    save_rule(dataset.root, rule)
    return open_dataset(dataset.root)


def require_trainable(dataset: Dataset) -> None:
    """Check that the masks hold something to learn: both background and foreground.

    Raises
    ------
    DataError
        If every mask is blank, every mask is entirely foreground, or none can be read.
    """
    seen: set[bool] = set()
    error = ""
    for case in scattered(dataset.cases):
        try:
            classes = read_reference(case, dataset.labels)
        except DataError as e:
            error = error or str(e)
            continue
        seen |= set(np.unique(classes[classes != IGNORE] > 0).tolist())
        if len(seen) == 2:
            return
    if not seen:
        raise DataError(f"No mask of {dataset.root} can be read. The first: {error}")
    what = "entirely foreground" if True in seen else "blank"
    raise DataError(
        f"Every mask in {dataset.root} is {what}: with one class only there is nothing to learn. "
        f"Masks are read as: {describe_rule(dataset.labels)}. Check that these are the masks."
    )


def check_cases(
    cases: Iterable[Case], rule: LabelRule, channels: int
) -> Iterator[tuple[Case, DataError | None]]:
    """Read case after case and yield each with what is wrong with it, or None."""
    for case in cases:
        try:
            read_case(case, rule, channels)
        except DataError as e:
            yield case, e
        else:
            yield case, None


def scattered(items: Sequence[T]) -> Iterator[T]:
    """Yield all items once, jumping about, so that any beginning is a fair sample.

    Steps of about 0.618 of the length (the golden section) leave no part unvisited for long.
    """
    step = max(1, round(len(items) * 0.618))
    while np.gcd(step, len(items) or 1) > 1:
        step += 1
    return (items[i * step % len(items)] for i in range(len(items)))


def _labels(root: Path, cases: Sequence[Case], edited: bool) -> tuple[LabelRule, tuple[str, ...]]:
    """Return how masks are read: as a person said, else as found."""
    if edited and (chosen := load_rule(root)) is not None:
        return chosen, (f"classes as chosen by hand: {describe_rule(chosen)}",)
    return find_rule((c.mask for c in scattered(cases)), _mask_axes(cases))


def _mask_axes(cases: Sequence[Case]) -> str:
    """Return the axes that a person named, which are those of all cases, as masks have them."""
    return cases[0].axes.replace("c", "") if cases else ""


# --- parts of opening ---------------------------------------------------------------------------


def _no_pairs(root: Path, pairing: Pairing) -> str:
    """Say what a folder without pairs holds instead, and what to do."""
    if not pairing.unpaired:
        return f"{root} is empty. {HOW_TO_NAME}"
    kinds = Counter(_kind(u.path) for u in pairing.unpaired)
    listed = ", ".join(f"{n} × {kind}" for kind, n in kinds.most_common(6))
    reasons = Counter(u.reason for u in pairing.unpaired)
    why = "; ".join(f"{n} × {reason}" for reason, n in reasons.most_common(3))
    found = f"{root} holds no pair of image and mask. Found: {listed} ({why})."
    if all(u.reason == NO_MASK for u in pairing.unpaired if _kind(u.path) not in TEXT):
        return f"{found} {NO_MASKS} {HOW_TO_NAME}"
    return f"{found} {HOW_TO_NAME}"


def _kind(path: Path) -> str:
    """Say what kind of file a path is, or which folders count as one image."""
    if path.is_dir() and suffix_of(path) not in SUFFIXES:
        return "DICOM series"
    return suffix_of(path) or "no suffix"


def _channels(cases: Sequence[Case]) -> tuple[int, list[str]]:
    """Decide on 1 or more channels from a sample; colour that is grey throughout counts as grey."""
    found: Counter[int] = Counter()
    grey = True
    for case, _ in zip(scattered(cases), range(CHANNEL_SAMPLE), strict=False):
        try:
            channels = describe_scan(case).channels
            if channels == 3 and grey:
                image = read_scan(case).array
                grey = bool((image == image[..., :1]).all())
        except DataError:
            continue
        found[channels] += 1
    if not found:
        return 1, ["no image of the sample could be read"]
    if set(found) == {1}:
        return 1, []
    if set(found) <= {1, 3}:
        if grey:
            return 1, ["colour images hold three equal channels: they are read as grey"]
        return 3, ["some images are grey and some in colour"] if len(found) > 1 else []
    most = found.most_common(1)[0][0]
    if len(found) == 1:
        return most, []
    return most, [f"images have {', '.join(map(str, sorted(found)))} channels; {most} is expected"]


def _limited(cases: tuple[Case, ...], limit: int) -> tuple[Case, ...]:
    """Keep whole patients in a fixed random order, as long as they fit; at least one case."""
    groups = defaultdict(list)
    for case in cases:
        groups[case.patient].append(case)
    order = sorted(groups)
    random.Random(0).shuffle(order)
    kept: set[str] = set()
    room = limit
    for patient in order:
        if len(groups[patient]) <= room:
            kept.add(patient)
            room -= len(groups[patient])
    if kept:
        return tuple(c for c in cases if c.patient in kept)
    smallest = min(order, key=lambda p: len(groups[p]))
    return tuple(groups[smallest][i * len(groups[smallest]) // limit] for i in range(limit))

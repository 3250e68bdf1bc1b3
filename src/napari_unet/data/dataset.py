"""Opening a folder as a data set: pairs, patients, classes and channels, found without being told.

Only names, tables, headers and a small sample of pixels are read here; a file that turns out to be
damaged later is reported by whoever reads it.
"""

from __future__ import annotations

import random
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from napari_unet.data import leftout
from napari_unet.data.cases import Case, Dataset, LabelRule
from napari_unet.data.edits import Edits, load_edits, repaired
from napari_unet.data.formats import image_shape, read_case, read_image, read_mask, stem_of
from napari_unet.data.labels import apply_rule, describe_rule, find_rule
from napari_unet.data.pairing import Pairing, find_pairs
from napari_unet.data.pairs import Pair
from napari_unet.data.patients import UNKNOWN_SOURCE, find_patients, patient_column
from napari_unet.errors import DataError

T = TypeVar("T")
CHANNEL_SAMPLE = 32  # images that decide whether colour is needed
SIZE_SAMPLE = 64  # headers that describe the sizes
MOST_TAG_VALUES = 20  # a column with more different values is no tag
SHOWN = 5  # cases and files named in a description

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
        Whether changes that a person made to pairs and patients (see `edits`) are put in.

    Raises
    ------
    DataError
        If the folder is missing, empty or holds no pair of image and mask; the message lists what
        was found and how to name files. If the table of pairs names none.
    """
    root = Path(folder).expanduser().absolute()
    changes = load_edits(root) if edited else Edits()
    pairing = repaired(find_pairs(root, pairs), root, changes)
    if not pairing.pairs:
        raise DataError(_no_pairs(root, pairing))
    names = _names(root, [pair.image for pair in pairing.pairs])
    patients = find_patients(
        root,
        pairing,
        names,
        merge_letters=changes.merge_letters,
        given={root / image: patient for image, patient in changes.patients.items()},
    )
    tags = _tags(pairing)
    cases = tuple(
        _case(pair, names[pair.image], patients.of[pair.image], tags.get(pair.image, {}))
        for pair in pairing.pairs
    )
    cases, left_out = leftout.divide(root, cases, leftout.load(root))
    labels, label_notes = find_rule(c.mask for c in scattered(cases))
    channels, channel_notes = _channels(cases)
    notes = [*pairing.notes, *patients.notes, *label_notes, *channel_notes]
    if limit and len(cases) > limit:
        kept = _limited(cases, limit)
        notes.append(f"limited to {len(kept)} of {len(cases)} cases")
        cases = kept
    return Dataset(
        root,
        cases,
        pairing.unpaired,
        pairing.rule,
        patients.source,
        labels,
        channels,
        tuple(notes),
        left_out,
    )


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
            foreground = apply_rule(read_mask(case.mask), dataset.labels) > 0
        except DataError as e:
            error = error or str(e)
            continue
        seen |= set(np.unique(foreground).tolist())
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


# --- parts of opening ---------------------------------------------------------------------------


def _no_pairs(root: Path, pairing: Pairing) -> str:
    """Say what a folder without pairs holds instead, and what to do."""
    if not pairing.unpaired:
        return f"{root} is empty. {HOW_TO_NAME}"
    suffixes = Counter(u.path.suffix.casefold() or "no suffix" for u in pairing.unpaired)
    listed = ", ".join(f"{n} × {suffix}" for suffix, n in suffixes.most_common(6))
    reasons = Counter(u.reason for u in pairing.unpaired)
    why = "; ".join(f"{n} × {reason}" for reason, n in reasons.most_common(3))
    return f"{root} holds no pair of image and mask. Found: {listed} ({why}). {HOW_TO_NAME}"


def _case(pair: Pair, name: str, patient: str, tags: Mapping[str, str]) -> Case:
    masks = pair.masks if len(pair.masks) > 1 else ()
    return Case(name, pair.image, pair.mask, patient, pair.reason, tags, pair.confidence, masks)


def _names(root: Path, images: Sequence[Path]) -> dict[Path, str]:
    """Name cases by their images' paths without suffix; with it where two would be the same."""
    relative = {image: image.relative_to(root) for image in images}
    short = {i: rel.with_name(stem_of(rel) or rel.name).as_posix() for i, rel in relative.items()}
    twice = Counter(short.values())
    return {i: n if twice[n] == 1 else relative[i].as_posix() for i, n in short.items()}


def _tags(pairing: Pairing) -> dict[Path, dict[str, str]]:
    """Keep what tables say in a few words: columns with few different values, not the patient."""
    values = defaultdict(set)
    for pair in pairing.pairs:
        for column, value in pairing.facts.get(pair.image, {}).items():
            values[column].add(value)
    most = min(MOST_TAG_VALUES, len(pairing.pairs) // 2)
    columns = {c for c, found in values.items() if 2 <= len(found) <= max(most, 2)}
    columns.discard(patient_column(values))
    return {
        image: {c: v for c, v in facts.items() if c in columns}
        for image, facts in pairing.facts.items()
    }


def _channels(cases: Sequence[Case]) -> tuple[int, list[str]]:
    """Decide on 1 or more channels from a sample; colour that is grey throughout counts as grey."""
    found: Counter[int] = Counter()
    grey = True
    for case, _ in zip(scattered(cases), range(CHANNEL_SAMPLE), strict=False):
        try:
            channels = image_shape(case.image)[2]
            if channels == 3 and grey:
                image = read_image(case.image).array
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


# --- describing ---------------------------------------------------------------------------------


def describe(dataset: Dataset) -> dict[str, Any]:
    """Describe a data set in plain JSON values, for ``napari-unet inspect --json``."""
    return {
        "folder": str(dataset.root),
        "cases": len(dataset),
        "patients": dataset.patients,
        "patient_source": dataset.patient_source,
        "rule": dataset.rule,
        "reasons": dict(Counter(c.reason for c in dataset.cases).most_common()),
        "channels": dataset.channels,
        "classes": list(dataset.labels.names),
        "labels": describe_rule(dataset.labels),
        "sizes": _sizes(dataset.cases),
        "tags": _tag_counts(dataset.cases),
        "notes": list(dataset.notes),
        "left_out": [{"name": c.name, "reason": c.reason} for c in dataset.left_out],
        "unpaired": [
            {"path": _below(u.path, dataset.root), "reason": u.reason} for u in dataset.unpaired
        ],
        "first_cases": [
            {
                "name": c.name,
                "image": _below(c.image, dataset.root),
                "mask": _below(c.mask, dataset.root),
                "patient": c.patient,
                "reason": c.reason,
                "tags": dict(c.tags),
            }
            for c in dataset.cases[:SHOWN]
        ],
    }


def describe_text(dataset: Dataset) -> str:
    """Describe a data set for people."""
    facts = describe(dataset)
    known = dataset.patient_source != UNKNOWN_SOURCE
    people = f" of {_counted(dataset.patients, 'patient')}" if known else ""
    lines = [
        f"{dataset.root}: {_counted(len(dataset), 'case')}{people}",
        f"  Patients: {dataset.patient_source}",
        *(f"  Pairs: {n} × {reason}" for reason, n in list(facts["reasons"].items())[:SHOWN]),
        f"  Images: {_counted(dataset.channels, 'channel')}, {_sizes_text(facts['sizes'])}",
        f"  Masks: {facts['labels']}",
    ]
    for tag, counts in facts["tags"].items():
        lines.append(f"  {tag}: " + ", ".join(f"{n} × {value}" for value, n in counts.items()))
    lines += [f"  Note: {note}" for note in dataset.notes]
    lines += [f"  Left out by you: {c.name}: {c.reason}" for c in dataset.left_out]
    left_out = defaultdict(list)
    for file in facts["unpaired"]:
        left_out[file["reason"]].append(file["path"])
    for reason, paths in left_out.items():
        some = ", ".join(paths[:SHOWN]) + (", …" if len(paths) > SHOWN else "")
        lines.append(f"  Left out: {len(paths)} × {reason}: {some}")
    return "\n".join(lines)


def _sizes(cases: Sequence[Case]) -> dict[str, Any]:
    """Describe the images' sizes from a sample of headers, as height and width."""
    sizes: Counter[tuple[int, int]] = Counter()
    for case, _ in zip(scattered(cases), range(SIZE_SAMPLE), strict=False):
        with suppress(DataError):
            sizes[image_shape(case.image)[:2]] += 1
    if not sizes:
        return {}
    by_area = sorted(sizes, key=lambda size: (size[0] * size[1], size))
    return {
        "smallest": list(by_area[0]),
        "largest": list(by_area[-1]),
        "different": len(sizes),
        "sampled": sizes.total(),
    }


def _sizes_text(sizes: Mapping[str, Any]) -> str:
    if not sizes:
        return "sizes unknown"
    low, high = (" × ".join(map(str, sizes[key])) for key in ("smallest", "largest"))
    return f"{low} pixels" if low == high else f"{low} to {high} pixels"


def _tag_counts(cases: Sequence[Case]) -> dict[str, dict[str, int]]:
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    for case in cases:
        for tag, value in case.tags.items():
            counts[tag][value] += 1
    return {tag: dict(found.most_common()) for tag, found in counts.items()}


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}" + ("" if number == 1 else "s")


def _below(path: Path, root: Path) -> str:
    return path.relative_to(root).as_posix() if path.is_relative_to(root) else str(path)

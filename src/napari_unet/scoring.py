"""Scoring one folder of masks against another, with no model and no torch."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_unet.data.case_ids import find_ids
from napari_unet.data.cases import IGNORE, Case, LabelRule
from napari_unet.data.formats import (
    describe_image,
    is_supported,
    outline,
    read_classes,
    read_mask,
    stem_of,
)
from napari_unet.data.masks.labels import apply_rule
from napari_unet.data.masks.rules import find_rule
from napari_unet.data.pairing.find import mask_key
from napari_unet.data.scan import Scan
from napari_unet.errors import DataError, UnetError
from napari_unet.events import CaseDone, CaseScore, Event, Note, Progress
from napari_unet.metrics import score_masks
from napari_unet.sizes import lengths


def score_files(
    predictions: str | Path,
    references: str | Path,
    on_event: Callable[[Event], object] = lambda event: None,
    surfaces: bool = True,
) -> list[CaseScore]:
    """Score masks of equal name; two files are compared whatever they are called.

    ``on_event`` is told of files without a partner and of the progress. Distances and volumes are
    in the lengths that the reference's file states; ``surfaces`` says whether the former are
    measured.

    Raises
    ------
    DataError
        If a path does not exist, no prediction has the name of a reference, or nothing could be
        read.
    """
    pairs, alone = match(Path(predictions), Path(references))
    for text in alone:
        on_event(Note(text, warning=True))
    rule, notes = find_rule([r for _, _, r in pairs])
    for text in notes:
        on_event(Note(text))
    scores = []
    for i, (name, prediction, reference) in enumerate(pairs):
        scores.append(_score(name, prediction, reference, rule, surfaces))
        on_event(CaseDone(name, scores[-1], error=scores[-1].error))
        on_event(Progress(i + 1, len(pairs), "scoring"))
    if all(s.error for s in scores):
        raise DataError(f"No pair could be scored. The first: {scores[0].error}")
    return scores


def match(predictions: Path, references: Path) -> tuple[list[tuple[str, Path, Path]], list[str]]:
    """Return (name, prediction, reference) by exact name, and a sentence per file left alone."""
    for path in (predictions, references):
        if not path.exists():
            raise DataError(f"There is no file or folder {path}.")
    if predictions.is_file() and references.is_file():
        return [(stem_of(predictions), predictions, references)], []
    if predictions.is_file() or references.is_file():
        raise DataError("Give two folders or two files, not one of each.")
    found, wanted = _masks(predictions), _masks(references)
    names = sorted(found.keys() & wanted.keys())
    if not names:
        raise DataError(
            f"No file in {predictions} has the name of one in {references}: "
            f"{len(found)} and {len(wanted)} masks were found."
        )
    alone = [f"{found[n].name}: no reference of that name" for n in found.keys() - wanted.keys()]
    alone += [f"{wanted[n].name}: no prediction of that name" for n in wanted.keys() - found.keys()]
    return [(n, found[n], wanted[n]) for n in names], sorted(alone)


def _masks(folder: Path) -> dict[str, Path]:
    """Return the masks below a folder by relative name, without suffix and without ``_mask``."""
    masks: dict[str, Path] = {}
    for path in sorted(p for p in folder.rglob("*") if p.is_file() and is_supported(p)):
        if path.name.endswith(".probabilities.tif"):
            continue  # written beside the labels by our own --probabilities
        name = mask_key(path.relative_to(folder))
        if name in masks:
            raise DataError(f"{masks[name]} and {path} have the same name.")
        masks[name] = path
    return masks


def masks_of(folder: Path, cases: Sequence[Case], root: Path) -> dict[str, Path]:
    """Return which mask below a folder is of which case, by the case's name.

    A mask is called like the case's image or like its mask, whatever folders either lies in; the
    more of them agree, the better. What could be of several cases is of none. Predictions of
    nnU-Net are known by the ids that its data set was exported with.

    Raises
    ------
    DataError
        If there is no such folder, two of its masks have the same name, or what nnU-Net wrote
        beside them is damaged.
    """
    if not folder.is_dir():
        raise DataError(f"There is no folder {folder}.")
    if (known := find_ids(folder)) is not None:
        names, masks = {c.name for c in cases}, known.masks(folder)
        if found := {name: path for name, path in masks.items() if name in names}:
            return found
    by_ending: dict[str, list[Path]] = {}
    for name, path in _masks(folder).items():
        for ending in _endings(name):
            by_ending.setdefault(ending, []).append(path)
    found = {}
    for case in cases:
        endings = [e for path in (case.image, case.mask) for e in _endings(_below(path, root))]
        alone = [
            by_ending[e] for e in sorted(endings, key=_depth) if len(by_ending.get(e, ())) == 1
        ]
        if alone:
            found[case.name] = alone[0][0]
    often = Counter(found.values())
    return {name: path for name, path in found.items() if often[path] == 1}


def strangers(folder: Path, cases: Sequence[Case], root: Path) -> list[str]:
    """Return the names of masks below a folder that are of no case; raises what `masks_of` does."""
    used = set(masks_of(folder, cases, root).values())
    known = find_ids(folder)
    every = _masks(folder).values() if known is None else known.files(folder)
    return [path.name for path in every if path not in used]


def _below(path: Path, root: Path) -> str:
    return mask_key(path.relative_to(root) if path.is_relative_to(root) else path.name)


def _endings(name: str) -> list[str]:
    """Return "a/b/c", "b/c" and "c" of "a/b/c"."""
    parts = name.split("/")
    return ["/".join(parts[i:]) for i in range(len(parts))]


def _depth(ending: str) -> int:
    return -ending.count("/")


def named_folder(source: str) -> tuple[str, Path]:
    """Return what to call a folder of masks, and where it is: "DIR", or "NAME=DIR"."""
    name, equals, folder = source.partition("=")
    if equals and name and not Path(source).exists():
        return name, Path(folder)
    return Path(source).absolute().name, Path(source)


def check_place(path: Path, scan: Scan) -> None:
    """Raise `DataError` if a mask's file says that it lies elsewhere than the scan.

    It does if a corner of it is more than half a voxel off. Files that do not say where they lie
    are taken at their word.
    """
    mask = outline(path)
    if mask.geometry is None or len(mask.spatial) != len(scan.spatial):
        return
    corners = np.array([[*c, 1.0] for c in product(*((0, n - 1) for n in scan.spatial))]).T
    off = np.abs((_world(mask) - _world(scan)) @ corners)[:-1].max(axis=1)
    sizes = np.array(scan.spacing or (1.0,) * len(off))
    if (off > sizes / 2).any():
        raise DataError(
            f"{path.name} does not lie where {scan.source.name} does: their corners are "
            f"{off.max():.3g} apart. It is of another scan, or of one that was resampled."
        )


def _world(scan: Scan) -> NDArray[np.float64]:
    """Return the matrix from a scan's indices to its place in the world."""
    axes = len(scan.spatial)
    scale = np.diag([*(scan.spacing or (1.0,) * axes), 1.0])
    return scale if scan.affine is None else np.asarray(scan.affine @ scale)


def read_prediction(path: Path, rule: LabelRule, axes: str = "") -> NDArray[Any]:
    """Read a mask that somebody or some program made, as class indices.

    It may hold indices or the values that the references have. ``axes`` are as for `read_mask`.

    Raises
    ------
    DataError
        As `read_mask` does.
    """
    return _predicted(read_mask(path, axes, colours=rule.by_colour), rule)


def _score(
    name: str, prediction: Path, reference: Path, rule: LabelRule, surfaces: bool
) -> CaseScore:
    try:
        wanted, found = read_classes(reference, rule), read_prediction(prediction, rule)
        spacing, unit = lengths(describe_image(reference))
        if len(spacing) > wanted.ndim:
            spacing, unit = (1.0,) * wanted.ndim, "px"
        return score_masks(
            found,
            wanted,
            rule.names,
            name,
            ignore=IGNORE,
            spacing=spacing,
            unit=unit,
            surfaces=surfaces,
        )
    except UnetError as e:
        nan = float("nan")
        return CaseScore(name, "", nan, nan, nan, nan, nan, empty=False, error=f"{name}: {e}")


def _predicted(mask: NDArray[Any], rule: LabelRule) -> NDArray[Any]:
    """Return class indices of a predicted mask, which may hold indices or the stored values."""
    if rule.classes == 1:
        # 0/1 against 0/255 references and the other way round: half of its own range.
        top = mask.max(initial=0)
        return (mask > top / 2) if top else np.zeros(mask.shape, bool)
    return mask if mask.max(initial=0) <= rule.classes else apply_rule(mask, rule)

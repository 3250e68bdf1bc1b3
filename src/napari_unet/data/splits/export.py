"""A split as folders: ``train/images``, ``train/masks``, ``test/…``, with their lists.

Files are copied as they are, never moved or linked, so that the result can be handed on and the
original stays untouched. The folder can be opened like any other: its ``metadata.csv`` keeps pairs,
patients and tags, and its lists can be imported as the same split.
"""

from __future__ import annotations

import csv
import os
import re
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path

from napari_unet.data.cases import SUBSETS, Case, Dataset, LabelRule
from napari_unet.data.corrections.exporting import write_like_original
from napari_unet.data.folders import check_target, new_folder
from napari_unet.data.formats import stem_of
from napari_unet.data.pairing.pairs_table import SEVERAL, write_tags
from napari_unet.data.splits.split import Split
from napari_unet.errors import DataError

COLUMNS = ("image", "mask", "patient", "subset", "tags")
# The pixels of these lie in a second file that the first names: neither may be renamed.
BESIDE = {".mhd": (".raw", ".zraw"), ".nhdr": (".raw", ".raw.gz"), ".hdr": (".img",)}


def export_split(dataset: Dataset, split: Split, target: str | Path) -> Iterator[tuple[int, int]]:
    """Copy the cases of a split into folders; yield how many of how many are done.

    The folder appears whole or not at all: whoever stops pulling leaves nothing behind.

    Raises
    ------
    DataError
        If the target is not empty or lies in the data set's folder, a file cannot be copied, or the
        split names none of the cases.
    """
    target = Path(target).expanduser().absolute()
    check_target(target, dataset.root)
    cases = [c for c in dataset.cases if c.name in split.subsets]
    if not cases:
        raise DataError("The split names none of these cases: there is nothing to export.")
    names = file_names(cases)
    with new_folder(target, dataset.root) as temporary:
        rows = []
        for done, case in enumerate(cases):
            yield done, len(cases)
            of = split.subsets[case.name]
            rows.append(_copy_case(case, names[case.name], of, temporary, dataset.labels))
        _write_lists(temporary, rows, split)
    yield len(cases), len(cases)


def file_names(cases: Sequence[Case], strange: str = r"[^\w.() -]+") -> dict[str, str]:
    """Return a file name without suffix for every case: its name without what is shared.

    What matches ``strange`` becomes an underscore.
    """
    shared = os.path.commonpath([c.name.rpartition("/")[0] or "." for c in cases])
    names: dict[str, str] = {}
    used: set[str] = set()
    for case in cases:
        below = case.name.removeprefix(shared).strip("/")
        name = plain = re.sub(strange, "_", below)
        number = 2
        while name.casefold() in used:
            name, number = f"{plain}-{number}", number + 1
        used.add(name.casefold())
        names[case.name] = name
    return names


def _copy_case(case: Case, name: str, subset: str, target: Path, rule: LabelRule) -> dict[str, str]:
    """Copy one case's files, a corrected mask as it is now; return its row of the table."""
    image = _copy(case.image, target / subset / "images", name)
    masks = case.masks or (case.mask,)
    if case.correction is not None:
        copied = [write_like_original(case, rule, target / subset / "masks", name)]
    elif masks == (case.image,):
        copied = [image]
    elif len(masks) == 1:
        copied = [_copy(masks[0], target / subset / "masks", name)]
    else:
        folder = target / subset / "masks" / name
        copied = [_copy(m, folder, f"{name}_{i}") for i, m in enumerate(masks, 1)]
    return {
        "image": image.relative_to(target).as_posix(),
        "mask": SEVERAL.join(m.relative_to(target).as_posix() for m in copied),
        "patient": case.patient,
        "subset": subset,
        "tags": write_tags(case.tags),
    }


def _copy(source: Path, folder: Path, name: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    stem = stem_of(source.name) or source.name
    suffix = source.name[len(stem) :]
    companions = [
        source.with_name(stem + other)
        for other in BESIDE.get(suffix.casefold(), ())
        if source.with_name(stem + other).exists()
    ]
    # A header names the file of its pixels, so such a pair keeps its names, in a folder of its own.
    copied = folder / name / source.name if companions else folder / f"{name}{suffix}"
    copied.parent.mkdir(parents=True, exist_ok=True)
    if source.is_dir():
        shutil.copytree(source, copied)
    else:
        shutil.copyfile(source, copied)
    for companion in companions:
        shutil.copyfile(companion, copied.with_name(companion.name))
    return copied


def _write_lists(target: Path, rows: Sequence[dict[str, str]], split: Split) -> None:
    with (target / "metadata.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    for subset in SUBSETS:
        images = [row["image"] for row in rows if row["subset"] == subset]
        if images:
            text = "".join(f"{image}\n" for image in images)
            (target / f"{subset}.txt").write_text(text, encoding="utf-8")

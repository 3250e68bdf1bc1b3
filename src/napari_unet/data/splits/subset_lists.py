"""Splits as others write them: tables, lists of names, JSON of other programs, folders.

Each reader returns names by subset, just as they are written; `imported` finds the cases.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Any

from napari_unet.data.cases import SUBSETS
from napari_unet.data.pairing.names import natural, tokens
from napari_unet.data.pairing.tables import FILE_WORDS, Table, read_table
from napari_unet.errors import DataError

Lists = dict[str, list[str]]  # subset -> names

WORDS = {
    **dict.fromkeys(("train", "training", "tr", "trn", "learn", "dev train"), "train"),
    **dict.fromkeys(("val", "valid", "validation", "validate", "dev", "development"), "val"),
    **dict.fromkeys(("test", "testing", "ts", "tst", "holdout", "hold out"), "test"),
}
# All that is not for the test: read only where nothing says which of it is for validation.
TOGETHER = frozenset({"trainval", "train val", "train valid", "train and val"})
COLUMNS = frozenset({"subset", "split", "set", "partition", "usage", "phase"})
FOLD_COLUMNS = frozenset({"fold", "folds", "fold id", "cv", "cv fold", "kfold"})
LISTS = (".txt", ".lst", ".list")
KINDS = (
    "a split file of this program, a table with columns for the image and the subset, lists such "
    "as train.txt and test.txt, a dataset.json or splits_final.json, or the data's own folder "
    "with folders train and test"
)


def subset_of(word: str) -> str:
    """Return "train", "val" or "test" for a word that means one of them; else nothing."""
    plain = " ".join(tokens(word))
    return WORDS.get(plain, "train" if plain in TOGETHER else "")


def folder_subset(name: str) -> str:
    """Return the subset that a part of a path names: ``train/images/1``, ``imagesTs/7``."""
    for part in PurePosixPath(name).parts[:-1]:
        for word in tokens(part):
            if word in WORDS:
                return WORDS[word]
    return ""


def read_lists(path: Path, fold: int = 1) -> Lists:
    """Read a split that another program or a person wrote.

    Parameters
    ----------
    path : Path
        A table, a list, a JSON file, or a folder that holds lists.
    fold : int
        Which fold of several, from 1 on.

    Raises
    ------
    DataError
        If there is no such file, or it says nothing about subsets.
    """
    try:
        if path.is_dir():
            lists = _text_lists(path)
        elif path.suffix.casefold() == ".json":
            lists = _from_json(json.loads(path.read_text(encoding="utf-8")), path, fold)
        elif path.suffix.casefold() in LISTS:
            lists = _text_lists(path.parent) if subset_of(path.stem) else {}
        else:
            table = read_table(path)
            lists = _from_table(table) or _from_folds(table, fold)
    except FileNotFoundError as e:
        raise DataError(f"There is no split file {path}.") from e
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as e:
        raise DataError(f"{path} cannot be read as a split ({e}).") from e
    if not any(lists.values()):
        raise DataError(f"{path} says nothing about subsets. A split is {KINDS}.")
    return lists


def _text_lists(folder: Path) -> Lists:
    """Read ``train.txt``, ``val.txt`` and ``test.txt``, whatever exactly they are called."""
    lists: Lists = {}
    files = [p for p in sorted(folder.iterdir()) if p.suffix.casefold() in LISTS]
    plain = [p for p in files if " ".join(tokens(p.stem)) not in TOGETHER]
    chosen = plain if any(subset_of(p.stem) == "train" for p in plain) else files
    for path in chosen:
        if subset := subset_of(path.stem):
            text = path.read_text(encoding="utf-8-sig", errors="replace")
            lists.setdefault(subset, []).extend(filter(None, map(str.strip, text.splitlines())))
    return lists


def _from_table(table: Table) -> Lists:
    """Read a table with a column of subsets and one that names the images."""
    columns = sorted(table.columns, key=lambda c: " ".join(tokens(c)) not in COLUMNS)
    for column in columns:
        found = [subset_of(row.get(column, "")) for row in table.rows]
        if 2 * sum(map(bool, found)) < len(found):
            continue
        name = _name_column(table, column)
        lists: Lists = {}
        for row, subset in zip(table.rows, found, strict=True):
            if subset and name:
                lists.setdefault(subset, []).append(row.get(name, ""))
        return lists
    return {}


def _from_folds(table: Table, fold: int) -> Lists:
    """Read a table that numbers the folds of cross-validation: one is the test, the others not."""
    column = next((c for c in table.columns if " ".join(tokens(c)) in FOLD_COLUMNS), "")
    name = _name_column(table, column)
    if not column or not name:
        return {}
    numbers = sorted({row.get(column, "") for row in table.rows} - {""}, key=natural)
    if not 1 <= fold <= len(numbers):
        raise DataError(f"{table.path} holds {len(numbers)} folds; there is no fold {fold}.")
    lists: Lists = {"train": [], "test": []}
    for row in table.rows:
        subset = "test" if row.get(column, "") == numbers[fold - 1] else "train"
        lists[subset].append(row.get(name, ""))
    return lists


def _name_column(table: Table, other: str) -> str:
    """Return the column that names the images, besides the one that says where they belong."""
    return min((c for c in table.columns if c != other), key=_rank, default="")


def _rank(column: str) -> int:
    words = tokens(column)
    if {"image", "images", "img", "name"} & set(words):
        return 0
    return 1 if set(words) & set(FILE_WORDS) else 2


def _from_json(stored: Any, path: Path, fold: int) -> Lists:
    """Read nnU-Net's ``splits_final.json`` (a list of folds) or a ``dataset.json``."""
    if isinstance(stored, list):
        if not 1 <= fold <= len(stored):
            raise DataError(f"{path} holds {len(stored)} folds; there is no fold {fold}.")
        # What nnU-Net calls "val" is what a fold is judged by: the test of cross-validation.
        return {
            "train": _entries(stored[fold - 1]["train"]),
            "test": _entries(stored[fold - 1]["val"]),
        }
    lists: Lists = {}
    for key, value in stored.items():
        if isinstance(value, list) and (subset := subset_of(key)):
            lists.setdefault(subset, []).extend(_entries(value))
    return lists


def _entries(values: Iterable[Any]) -> list[str]:
    """Return the images of entries that are names or ``{"image": …, "label": …}``."""
    return [str(v.get("image", "")) if isinstance(v, Mapping) else str(v) for v in values]


def from_folders(names: Sequence[str]) -> Lists:
    """Read the subset of every case from its own path."""
    lists: Lists = {subset: [] for subset in SUBSETS}
    for name in names:
        if subset := folder_subset(name):
            lists[subset].append(name)
    return lists

"""Cases that a person left out, and why: kept in the workspace, never in the data.

One small JSON file per data set, told by the path of its folder. Nothing of the data set itself is
touched, so a case is put back by striking it from the list.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from dataclasses import asdict, replace
from datetime import UTC, datetime
from pathlib import Path

from napari_unet.data import decisions
from napari_unet.data.cases import Case, Dataset, LeftOut
from napari_unet.errors import DataError
from napari_unet.workspace import dataset_file


def load(root: str | Path) -> tuple[LeftOut, ...]:
    """Return what was left out of the data set in ``root``, in the order it was done.

    Raises
    ------
    DataError
        If the list is damaged or comes from a newer version.
    """
    return decisions.load(
        list_path(root),
        lambda stored: tuple(LeftOut(**{k: str(v) for k, v in c.items()}) for c in stored["cases"]),
        (),
        "The list of left-out cases {path} is damaged ({error}). Move it away to start a new one.",
    )


def leave_out(dataset: Dataset, names: Iterable[str], reason: str) -> Dataset:
    """Leave cases out from now on, and return the data set without them.

    Raises
    ------
    DataError
        If a case is unknown, no reason is given, or no case would remain.
    """
    names = tuple(dict.fromkeys(names))
    reason = " ".join(reason.split())
    if not reason:
        raise DataError("Say why the case is left out; the reason is kept with it.")
    earlier = load(dataset.root)
    done = {c.name for c in earlier}
    _check_known(names, [*(c.name for c in dataset.cases), *done])
    now = datetime.now(UTC).isoformat(timespec="seconds")
    added = tuple(LeftOut(name, reason, now) for name in names if name not in done)
    kept, gone = divide(dataset.root, dataset.cases, added)
    _save(dataset.root, (*earlier, *added))
    return replace(dataset, cases=kept, left_out=(*dataset.left_out, *gone))


def put_back(root: str | Path, names: Iterable[str]) -> tuple[LeftOut, ...]:
    """Strike cases from the list and return what remains; open the folder again to see them.

    Raises
    ------
    DataError
        If a case was not left out.
    """
    earlier = load(root)
    names = set(names)
    _check_known(names, [c.name for c in earlier])
    remaining = tuple(c for c in earlier if c.name not in names)
    _save(root, remaining)
    return remaining


def divide(
    root: str | Path, cases: Sequence[Case], left_out: Sequence[LeftOut]
) -> tuple[tuple[Case, ...], tuple[LeftOut, ...]]:
    """Return the cases that take part and those that are left out.

    Names on the list that the folder does not hold (any more) are passed over.

    Raises
    ------
    DataError
        If nothing would remain.
    """
    listed = {c.name: c for c in left_out}
    kept = tuple(c for c in cases if c.name not in listed)
    gone = tuple(listed[c.name] for c in cases if c.name in listed)
    if gone and not kept:
        raise DataError(
            f"All {len(gone)} cases of {root} are left out. Put some back: the list is "
            f"{list_path(root)}."
        )
    return kept, gone


def list_path(root: str | Path) -> Path:
    """Return where the list of a data set's left-out cases is kept."""
    return dataset_file(root, "left-out")


def _save(root: str | Path, cases: Sequence[LeftOut]) -> None:
    decisions.save(root, "left-out", {"cases": [asdict(c) for c in cases]})


def _check_known(names: Iterable[str], known: Sequence[str]) -> None:
    for name in names:
        if name not in known:
            near = difflib.get_close_matches(name, known, n=3)
            hint = f" Did you mean {' or '.join(near)}?" if near else ""
            raise DataError(f"There is no case {name!r} here.{hint}")

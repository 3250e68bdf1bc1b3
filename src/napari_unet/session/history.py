"""How trainings went, epoch by epoch: as rows of plain values, and as a CSV file."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from napari_unet.events import EpochEnd
from napari_unet.workspace import atomic

# One epoch, by the names of `EpochEnd`; as in the history that a model's card keeps.
Row = Mapping[str, Any]


def history_of(epochs: Iterable[EpochEnd]) -> tuple[Row, ...]:
    """Return epochs as rows."""
    return tuple(asdict(epoch) for epoch in epochs)


def write_history(path: str | Path, histories: Mapping[str, Sequence[Row]]) -> None:
    """Write one line per run and epoch, replacing ``path`` only when all is written.

    Columns: run, then what the epochs tell, the Dice of a class as ``dice NAME``. What an epoch
    does not tell is left blank.
    """
    rows = [{"run": name, **_flat(row)} for name, epochs in histories.items() for row in epochs]
    columns = dict.fromkeys(key for row in rows for key in row)
    with atomic(path) as temporary, temporary.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(columns) or ["run"], restval="")
        writer.writeheader()
        writer.writerows(rows)


def _flat(row: Row) -> dict[str, Any]:
    classes = row.get("class_dice") or {}
    rest = {key: value for key, value in row.items() if key not in ("class_dice", "best")}
    return {**rest, **{f"dice {name}": value for name, value in classes.items()}}

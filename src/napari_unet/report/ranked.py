"""Which cases to correct next, as a CSV file and for the terminal."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path

from napari_unet.data.readers.writers import writing
from napari_unet.events import Ranked, RankedCase
from napari_unet.schema import to_json
from napari_unet.workspace import atomic

COLUMNS = ("rank", "name", "patient", "gain", "uncertainty", "reference", "corrected", "why")
SHOWN = 20  # cases in the terminal


def write_ranked(path: str | Path, cases: Sequence[RankedCase]) -> None:
    """Write one line a case, in their order.

    Raises
    ------
    DiskError
        If the file cannot be written; what was there before is then unchanged.
    """
    path = Path(path)
    with (
        writing(path),
        atomic(path) as temporary,
        temporary.open("w", newline="", encoding="utf-8") as file,
    ):
        writer = csv.DictWriter(file, COLUMNS)
        writer.writeheader()
        for number, case in enumerate(cases, start=1):
            writer.writerow({"rank": number, **to_json(case)})


def ranked_lines(done: Ranked) -> list[str]:
    """Return the first cases with their reasons, for the terminal."""
    lines = ["rank  gain  unsure  image"]
    for number, case in enumerate(done.cases[:SHOWN], start=1):
        mark = " (corrected)" if case.corrected else ""
        lines.append(
            f"{number:4d}  {case.gain:.2f}  {case.uncertainty:6.2f}  {case.name}{mark}: {case.why}"
        )
    if len(done.cases) > SHOWN:
        lines.append(f"… and {len(done.cases) - SHOWN} more: --csv writes all of them.")
    lines.append(done.calibrated)
    lines += [f"{name} could not be segmented: {why}" for name, why in done.failed.items()]
    return lines

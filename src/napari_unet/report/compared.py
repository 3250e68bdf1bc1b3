"""Models and readers side by side, as a CSV file and for the terminal."""

from __future__ import annotations

import csv
import math
from pathlib import Path
from textwrap import fill

from napari_unet.data.readers.writers import writing
from napari_unet.events import Compared
from napari_unet.metrics import MEASURES
from napari_unet.report.paired import paired_words
from napari_unet.report.sheet import exact, tag_column
from napari_unet.report.text import WIDTH, breakdown, elide
from napari_unet.workspace import atomic


def write_compared(path: str | Path, done: Compared) -> None:
    """Write one line a case: name, patient, tags, then every column's scores and its error.

    A score's column is called "dice NAME". What does not exist is left blank.

    Raises
    ------
    DiskError
        If the file cannot be written; what was there before is then unchanged.
    """
    path = Path(path)
    tags = dict.fromkeys(tag_column(t) for column in done.scores for s in column for t in s.tags)
    scores = [f"{key} {name}" for name in done.columns for key in (*MEASURES, "error")]
    with (
        writing(path),
        atomic(path) as temporary,
        temporary.open("w", newline="", encoding="utf-8") as file,
    ):
        writer = csv.DictWriter(file, ["name", "patient", *tags, "unit", *scores], restval="")
        writer.writeheader()
        for row in zip(*done.scores, strict=True):
            first = next((s for s in row if not s.error), row[0])
            record = {"name": first.name, "patient": first.patient, "unit": first.unit}
            record |= {tag_column(t): value for t, value in first.tags.items()}
            for name, score in zip(done.columns, row, strict=True):
                record |= {f"{key} {name}": exact(getattr(score, key)) for key in MEASURES}
                record[f"error {name}"] = score.error
            writer.writerow(record)


def compared_text(done: Compared) -> str:
    """Return tables of at most 80 columns: the columns' scores, differences, and agreement."""
    names = [
        f"{name} (reader)" if kind == "reader" else name
        for name, kind in zip(done.columns, done.kinds, strict=True)
    ]
    parts = [breakdown("column", dict(zip(names, done.summaries, strict=True)))]
    units = {s["unit"] for s in done.summaries if "hd95" in s["mean"]}
    if len(units) == 1:
        parts[0] += f"\nHD95, the 95 % Hausdorff distance, is in {units.pop()}."
    parts += [fill(f"{p.name} against {p.against}: {paired_words(p)}", WIDTH) for p in done.paired]
    if len(done.columns) > 1:
        parts.append(f"Mean Dice between every two:\n{_matrix(done)}")
    parts += [fill(f"{name} is left out: {why}", WIDTH) for name, why in done.left_out.items()]
    return "\n\n".join(parts)


def _matrix(done: Compared) -> str:
    """Return the agreement of every two columns, which are numbered if they are many."""
    room = WIDTH - 7 * len(done.columns)
    width = min(max(map(len, done.columns)) + 4, max(room, 12))
    numbers = range(1, len(done.columns) + 1)
    lines = [" " * width + "".join(f"{n:>7}" for n in numbers)]
    for n, name, row in zip(numbers, done.columns, done.agreement, strict=True):
        cells = ("-" if math.isnan(v) else f"{v:.3f}" for v in row)
        lines.append(
            f"{n:>2}  {elide(name, width - 4):<{width - 4}}" + "".join(f"{c:>7}" for c in cells)
        )
    return "\n".join(lines)

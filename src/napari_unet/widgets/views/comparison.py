"""What a comparison of models and readers says: in words, and as lines of a table."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from napari_unet.events import Compared, Paired
from napari_unet.widgets.parts.rows import Column
from napari_unet.widgets.views.score_columns import Units, written
from napari_unet.widgets.views.score_lines import BY_KEY, Measure, values_of

SURE = 0.05  # the usual bound below which a difference is not put down to chance


@dataclass(frozen=True, eq=False)
class ComparedLine:
    """A case, or what sums up all of them, with a value for each model or reader.

    ``errors`` says by column why there is no value.
    """

    name: str
    values: tuple[float, ...]
    patient: str = ""
    errors: tuple[str, ...] = ()
    is_case: bool = True


def lines(found: Compared, measure: Measure) -> tuple[list[ComparedLine], list[ComparedLine]]:
    """Return the lines that sum up a comparison, and those of its cases.

    What sums up is made of the cases that every column has a value for: else the columns could
    not be compared.
    """
    cases = [
        ComparedLine(
            each[0].name,
            tuple(values_of(score)[measure.key] for score in each),
            each[0].patient,
            tuple(score.error for score in each),
        )
        for each in zip(*found.scores, strict=True)
    ]
    table = np.array([line.values for line in cases], float).reshape(len(cases), -1)
    shared = table[np.isfinite(table).all(axis=1)]
    if not len(shared):
        return [], cases
    std = shared.std(axis=0, ddof=1) if len(shared) > 1 else np.zeros(shared.shape[1])
    summed = (("mean", shared.mean(axis=0)), ("± std", std), ("median", np.median(shared, axis=0)))
    return [_summed(name, row) for name, row in summed], cases


def _summed(name: str, row: NDArray[np.float64]) -> ComparedLine:
    return ComparedLine(name, tuple(map(float, row)), is_case=False)


def columns(found: Compared, measure: Measure, units: Units) -> list[Column]:
    """Return a column for each model and reader, and one for each difference from the first."""
    marks = {"reader": "a human reader", "model": "a model"}
    kinds = [marks.get(kind, kind) for kind in found.kinds]
    sources = found.sources or ("",) * len(found.columns)
    told = [
        f"{units.title(measure)} of {k}\n{s}".strip() for k, s in zip(kinds, sources, strict=True)
    ]
    return [
        Column("Image", lambda line: line.name, tooltip=lambda line: _explain(line, found)),
        *(_value(name, i, measure, told[i]) for i, name in enumerate(found.columns)),
        *(_difference(name, i, measure, found) for i, name in enumerate(found.columns) if i),
    ]


def words(pair: Paired) -> str:
    """Say in words how much one column differs from another, and how sure that is."""
    measure = BY_KEY[pair.score]
    if not pair.n:
        return f"{pair.name} and {pair.against} have no scored image in common."
    if pair.better + pair.worse == 0:
        return f"{pair.name} and {pair.against} are equal on all {pair.n:,} images."
    sides = "better" if pair.mean * (measure.better or 1) > 0 else "worse"
    size = f"{measure.title} {_signed(pair.mean)} on average over {_images(pair.n)}"
    if math.isnan(pair.low):
        interval = "one patient only, so no interval can be given"
    else:
        interval = f"95 % interval {_signed(pair.low)} to {_signed(pair.high)}"
    counted = f"{pair.better:,} better, {pair.worse:,} worse, {pair.equal:,} equal"
    p = "p < 0.001" if pair.p < 0.001 else f"p = {pair.p:.3f}"
    if pair.p < SURE:
        sure = f"Chance alone would rarely do that ({p})."
    else:
        sure = f"Chance alone could do that ({p}): neither is shown to be better."
    return f"{pair.name} did {sides} than {pair.against}: {size} ({interval}; {counted}). {sure}"


def agreement_columns(found: Compared) -> list[Column]:
    """Return the columns of the table of how well any two agree; its rows are their places."""

    def of(j: int) -> Column:
        def show(i: int) -> str:
            value = found.agreement[i][j]
            return "" if i == j else "–" if math.isnan(value) else f"{value:.3f}"

        def explain(i: int) -> str:
            return f"Mean Dice of {found.columns[i]} and {found.columns[j]}: {show(i) or 1}"

        return Column(found.columns[j], show, lambda i: found.agreement[i][j], explain)

    names = Column("Mean Dice of", lambda i: found.columns[i])
    return [names, *(of(j) for j in range(len(found.columns)))]


def _value(title: str, i: int, measure: Measure, help: str) -> Column:
    def show(line: ComparedLine) -> str:
        return written(measure, line.values[i])

    def explain(line: ComparedLine) -> str:
        error = line.errors[i] if line.errors else ""
        return error or f"{line.name}\n{title}: {show(line)}"

    return Column(title, show, lambda line: line.values[i], explain, help)


def _difference(title: str, i: int, measure: Measure, found: Compared) -> Column:
    def value(line: ComparedLine) -> float:
        # A deviation or a median of differences is not the difference of two of them.
        return line.values[i] - line.values[0] if line.is_case or line.name == "mean" else math.nan

    def show(line: ComparedLine) -> str:
        number = value(line)
        if math.isnan(number):
            return "–" if line.is_case else ""
        return _signed(number) if measure.kind == "share" else written(measure, number, signed=True)

    help = f"{title} minus {found.columns[0]}"
    return Column(f"Δ {title}", show, value, help=help)


def _explain(line: ComparedLine, found: Compared) -> str:
    told = [
        f"{name}: {error}" for name, error in zip(found.columns, line.errors, strict=False) if error
    ]
    return "\n".join([line.name, *([line.patient] if line.patient else []), *told])


def _signed(value: float) -> str:
    return f"{value:+.3f}".replace("-", "−")


def _images(n: int) -> str:
    return f"{n:,} image{'s' * (n != 1)}"


def widths(shown: Sequence[Column], rows: Sequence[ComparedLine]) -> list[str]:
    """Return for each column a text of about the width it needs; long titles are cut off."""
    few = rows[:200]
    return [
        "case_000",
        *(max([c.show(line) for line in few] + [c.title[:12]], key=len) for c in shown[1:]),
    ]

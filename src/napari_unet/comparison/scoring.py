"""Scores of all columns, and how far each differs from the first."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from numpy.typing import NDArray

from napari_unet.comparison.panel import Answer, Panel
from napari_unet.data.cases import IGNORE, Case
from napari_unet.data.scan import Scan
from napari_unet.errors import DataError, readable
from napari_unet.evaluation import FAILURES, behind, failed, score_case
from napari_unet.events import CaseScore, Compared, Paired
from napari_unet.metrics import Agreement, paired, summarise


class Scoring:
    """Scores what a panel says; ``surfaces``: also measures how far the outlines lie apart."""

    def __init__(self, panel: Panel, surfaces: bool) -> None:
        self.panel, self.surfaces = panel, surfaces
        self._agreement = Agreement(len(panel.columns), len(panel.names))

    def rows(self, cases: Sequence[Case]) -> Iterator[tuple[CaseScore, ...]]:
        """Yield the scores of every case, one for each column."""
        yield from behind(self._score, self.panel.answers(cases))

    def compared(self, rows: Sequence[tuple[CaseScore, ...]]) -> Compared:
        """Return the comparison of those columns that could be scored at all."""
        scores = list(zip(*rows, strict=True))
        good = [i for i, column in enumerate(scores) if not all(s.error for s in column)]
        left_out = dict(self.panel.left_out)
        for i, column in enumerate(self.panel.columns):
            if i not in good:
                left_out[column.source] = scores[i][0].error
        if not good:
            raise DataError(f"No case could be scored. The first: {scores[0][0].error}")
        matrix = self._agreement.matrix()
        columns = [self.panel.columns[i] for i in good]
        return Compared(
            columns=tuple(c.name for c in columns),
            kinds=tuple(c.kind for c in columns),
            scores=tuple(scores[i] for i in good),
            paired=_all_paired([c.name for c in columns], [scores[i] for i in good]),
            agreement=tuple(tuple(matrix[i][j] for j in good) for i in good),
            summaries=tuple(summarise(scores[i]) for i in good),
            sources=tuple(c.source for c in columns),
            left_out=left_out,
        )

    def _score(self, answer: Answer) -> tuple[CaseScore, ...]:
        case, scan, reference, every = answer
        scores, known = [], []
        for labels in every:
            score = self._one(case, scan, reference, labels)
            scores.append(score)
            known.append(None if score.error or isinstance(labels, str) else labels)
        unknown = reference == IGNORE
        self._agreement.add(known, unknown if unknown.any() else None)
        return tuple(scores)

    def _one(
        self,
        case: Case,
        scan: Scan | None,
        reference: NDArray[Any],
        labels: NDArray[Any] | str,
    ) -> CaseScore:
        if scan is None or isinstance(labels, str):
            return failed(case, str(labels))
        try:
            return score_case(case, scan, labels, reference, self.panel.names, self.surfaces)
        except FAILURES as e:
            return failed(case, str(readable(e)))


def _all_paired(
    names: Sequence[str], scores: Sequence[tuple[CaseScore, ...]]
) -> tuple[Paired, ...]:
    later = zip(names[1:], scores[1:], strict=True)
    return tuple(paired(scores[0], s, name=n, against=names[0]) for n, s in later)

"""Which corrected cases a model may learn from, so that what judges it stays untouched."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from napari_unet.data.cases import Case

JUDGES = ("val", "test")


def learnable(
    corrected: Sequence[Case],
    cases: Sequence[Case],
    subsets: Mapping[str, str],
    patients: Mapping[str, str] | None = None,
) -> tuple[list[Case], list[Case]]:
    """Divide corrected cases into those to learn from, and those that must not be learned from.

    Cases for validation and test stay what they are, and so do all images of their patients.

    Parameters
    ----------
    corrected
        Some of ``cases``.
    subsets
        The model's split, by the names of cases.
    patients
        Whose they were when the split was made, where that is known.
    """
    judging = [c for c in cases if subsets.get(c.name) in JUDGES]
    names = {c.name for c in judging}
    people = {c.patient for c in judging} | {(patients or {}).get(n, "") for n in names}
    fit = [c for c in corrected if c.name not in names and c.patient not in people]
    return fit, [c for c in corrected if c not in fit]

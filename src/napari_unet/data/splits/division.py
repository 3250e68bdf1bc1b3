"""Dividing patients into parts of given shares, each with its share of every kind of case."""

from __future__ import annotations

import random
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence

from napari_unet.data.cases import Case
from napari_unet.errors import DataError

TRIALS = 32  # random divisions of which the best is taken

People = Mapping[str, Counter[str]]  # patient -> number of cases of each kind


def count_people(cases: Sequence[Case], tag: str = "") -> People:
    """Return, in the order of their names, each patient's cases counted by a tag.

    Without ``tag`` it is the coarsest one.

    Raises
    ------
    DataError
        If no case has the tag.
    """
    known = sorted({t for case in cases for t in case.tags})
    if tag and tag not in known:
        have = f"the tags are {', '.join(known)}" if known else "the data set has no tags"
        raise DataError(f"No case has the tag {tag!r} to spread evenly; {have}.")
    tag = tag or _coarsest_tag(cases)
    people: dict[str, Counter[str]] = {p: Counter() for p in sorted({c.patient for c in cases})}
    for case in cases:
        people[case.patient][case.tags.get(tag, "")] += 1
    return people


def divide(people: People, targets: Mapping[str, float], seed: str) -> dict[str, str]:
    """Give every patient to a part, as near to the targets as whole patients allow.

    Parameters
    ----------
    people : mapping
        Each patient's cases by kind; not empty.
    targets : mapping of str to float
        The parts and their shares, which add up to 1; no more parts than patients. Every part gets
        a patient.
    seed : str
        The same seed gives the same division.

    Returns
    -------
    dict of str to str
        The best of several random divisions, patient to part: nearest in the number of cases, then
        in the share of each kind.
    """
    best: tuple[tuple[float, float], dict[str, str]] | None = None
    for trial in range(TRIALS):
        chosen = _divide(people, targets, random.Random(f"{seed}/{trial}"))
        error = _error(people, chosen, targets)
        if best is None or error < best[0]:
            best = error, chosen
        if error[0] < len(targets) and len(people) > 1000:
            break  # within a case of every target already
    assert best is not None
    return best[1]


def _coarsest_tag(cases: Iterable[Case]) -> str:
    """Return the tag with the fewest different values, at least two; "" if there is none."""
    values: dict[str, set[str]] = defaultdict(set)
    for case in cases:
        for tag, value in case.tags.items():
            values[tag].add(value)
    counts = {tag: len(found) for tag, found in values.items() if len(found) > 1}
    return min(counts, key=lambda tag: (counts[tag], tag), default="")


def _divide(people: People, targets: Mapping[str, float], chance: random.Random) -> dict[str, str]:
    """Give each patient, in random order, to the subset that lacks most of such cases."""
    order = list(people)
    chance.shuffle(order)
    totals: Counter[str] = Counter()
    for counts in people.values():
        totals.update(counts)
    have: dict[str, Counter[str]] = {s: Counter() for s in targets}
    chosen: dict[str, str] = {}
    for left, patient in zip(range(len(order), 0, -1), order, strict=True):
        empty = [s for s in targets if not have[s]]
        open_to = empty if len(empty) >= left else list(targets)
        counts = people[patient]
        chosen[patient] = max(
            open_to,
            key=lambda s: _lack(s, counts, totals, have[s], targets),
        )
        have[chosen[patient]].update(counts)
    return chosen


def _lack(
    subset: str,
    counts: Counter[str],
    totals: Counter[str],
    have: Counter[str],
    targets: Mapping[str, float],
) -> float:
    """Return how many cases a subset lacks, overall and of this patient's kind."""
    overall = targets[subset] * totals.total() - have.total()
    alike = sum(targets[subset] * totals[kind] - have[kind] for kind in counts)
    return overall + alike


def _error(
    people: People, chosen: Mapping[str, str], targets: Mapping[str, float]
) -> tuple[float, float]:
    """Return how many cases are in the wrong subset: overall, and counted by tag."""
    have: dict[str, Counter[str]] = {s: Counter() for s in targets}
    for patient, subset in chosen.items():
        have[subset].update(people[patient])
    totals: Counter[str] = Counter()
    for counts in have.values():
        totals.update(counts)
    overall = sum(abs(have[s].total() - t * totals.total()) for s, t in targets.items())
    by_tag = sum(abs(have[s][k] - t * totals[k]) for s, t in targets.items() for k in totals)
    return overall, by_tag

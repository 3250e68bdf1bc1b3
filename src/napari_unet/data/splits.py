"""Dividing cases into training, validation and test without ever parting a patient."""

from __future__ import annotations

import json
import random
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from napari_unet.card import SUFFIX
from napari_unet.config import SplitConfig
from napari_unet.data.cases import SUBSETS, Case
from napari_unet.errors import DataError
from napari_unet.workspace import atomic

FORMAT = 1
TRIALS = 32  # random divisions of which the best is taken
NEEDED = ("train", "test", "val")  # with too few patients the last of these is given up first


@dataclass(frozen=True)
class Split:
    """Which case is in which subset.

    ``subsets`` and ``patients`` map a case's name to its subset and its patient. ``ratios`` are the
    shares that were asked for, of train, val and test.
    """

    subsets: Mapping[str, str]
    ratios: tuple[float, float, float]
    seed: int
    patient_source: str = ""
    created: str = ""
    patients: Mapping[str, str] = field(default_factory=dict)

    def save(self, path: str | Path) -> None:
        """Write the split as JSON that a person can read: subset, patient, cases.

        Raises
        ------
        OSError
            If the file cannot be written; what was there before is then unchanged.
        """
        grouped: dict[str, dict[str, list[str]]] = {s: defaultdict(list) for s in SUBSETS}
        for name, subset in self.subsets.items():
            grouped[subset][self.patients.get(name, name)].append(name)
        text = json.dumps(
            {
                "format": FORMAT,
                "created": self.created,
                "ratios": dict(zip(SUBSETS, self.ratios, strict=True)),
                "seed": self.seed,
                "patient_source": self.patient_source,
                "cases": {s: sum(map(len, found.values())) for s, found in grouped.items()},
                "subsets": grouped,
            },
            indent=1,
            ensure_ascii=False,
        )
        with atomic(path) as temporary:
            temporary.write_text(text, encoding="utf-8")


def load(path: str | Path) -> Split:
    """Read a split that `Split.save` wrote.

    Raises
    ------
    DataError
        If the file is missing, is no split, or comes from a newer version.
    """
    path = Path(path)
    try:
        stored = json.loads(path.read_text(encoding="utf-8"))
        if stored["format"] > FORMAT:
            raise DataError(f"{path} was written by a newer napari-unet; update to read it.")
        subsets: dict[str, str] = {}
        patients: dict[str, str] = {}
        for subset in SUBSETS:
            for patient, names in stored["subsets"].get(subset, {}).items():
                subsets |= {str(name): subset for name in names}
                patients |= {str(name): str(patient) for name in names}
        train, val, test = (float(stored["ratios"][s]) for s in SUBSETS)
        return Split(
            subsets,
            (train, val, test),
            int(stored["seed"]),
            str(stored.get("patient_source", "")),
            str(stored.get("created", "")),
            patients,
        )
    except FileNotFoundError as e:
        raise DataError(f"There is no split file {path}.") from e
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as e:
        raise DataError(f"{path} is no split file of napari-unet, or is damaged ({e}).") from e


def split_path(model_path: str | Path) -> Path:
    """Return where the split of a model file lies: beside it."""
    path = Path(model_path)
    stem = path.name.removesuffix(SUFFIX) if path.name.endswith(SUFFIX) else path.stem
    return path.with_name(f"{stem}.split.json")


def cases_of(split: Split, cases: Sequence[Case], subset: str) -> tuple[Case, ...]:
    """Return the cases of a subset ("train", "val", "test"), or all of them for "all".

    The result is empty if the split gave the subset nothing.

    Raises
    ------
    DataError
        If the split names none of the cases, so that it was made for other data.
    """
    if subset == "all":
        return tuple(cases)
    if subset not in SUBSETS:
        raise DataError(f"There is no subset {subset!r}; choose train, val, test or all.")
    if not any(c.name in split.subsets for c in cases):
        raise DataError(
            "The model's split names none of these images: it was made for other data. "
            "To use all of them, choose --subset all."
        )
    return tuple(c for c in cases if split.subsets.get(c.name) == subset)


# --- making one ---------------------------------------------------------------------------------


def make_split(cases: Sequence[Case], config: SplitConfig, patient_source: str = "") -> Split:
    """Divide cases by patient, as near to the shares as whole patients allow.

    The best of several random divisions is taken: nearest in the number of cases, then in the share
    of each value of the coarsest tag (such as the tumour type). The result depends on the names and
    patients of the cases and on the seed, not on their order. Every subset asked for gets at least
    one patient; with only two patients for three subsets, validation is given up.

    Raises
    ------
    DataError
        If there are no cases, or only one patient for more than one subset.
    """
    cases = sorted(cases, key=lambda c: c.name)
    shares = {s: float(getattr(config, s)) for s in SUBSETS}
    people = _people(cases)
    wanted = [s for s in NEEDED if shares[s] > 0][: len(people)]
    _check_enough(people, [s for s in SUBSETS if shares[s] > 0])
    total = sum(shares[s] for s in wanted)
    targets = {s: shares[s] / total for s in wanted}
    best: tuple[tuple[float, float], dict[str, str]] | None = None
    for trial in range(TRIALS):
        chosen = _divide(people, targets, random.Random(f"{config.seed}/{trial}"))
        error = _error(people, chosen, targets)
        if best is None or error < best[0]:
            best = error, chosen
        if error[0] < len(wanted) and len(people) > 1000:
            break  # within a case of every target already
    assert best is not None
    patients = {c.name: c.patient for c in cases}
    return Split(
        {name: best[1][patient] for name, patient in patients.items()},
        (config.train, config.val, config.test),
        config.seed,
        patient_source,
        datetime.now(UTC).isoformat(timespec="seconds"),
        patients,
    )


def _people(cases: Sequence[Case]) -> dict[str, Counter[str]]:
    """Return, in the order of their names, each patient's cases counted by the coarsest tag."""
    tag = _coarsest_tag(cases)
    people: dict[str, Counter[str]] = {p: Counter() for p in sorted({c.patient for c in cases})}
    for case in cases:
        people[case.patient][case.tags.get(tag, "")] += 1
    return people


def _coarsest_tag(cases: Iterable[Case]) -> str:
    """Return the tag with the fewest different values, at least two; "" if there is none."""
    values: dict[str, set[str]] = defaultdict(set)
    for case in cases:
        for tag, value in case.tags.items():
            values[tag].add(value)
    counts = {tag: len(found) for tag, found in values.items() if len(found) > 1}
    return min(counts, key=lambda tag: (counts[tag], tag), default="")


def _check_enough(people: Mapping[str, object], asked: Sequence[str]) -> None:
    if not people:
        raise DataError("There are no cases to divide.")
    if len(people) == 1 and len(asked) > 1:
        raise DataError(
            f"All cases belong to one patient ({next(iter(people))}), and a patient is never "
            f"divided between {' and '.join(asked)}. Add another patient, or ask for 100:0:0."
        )


def _divide(
    people: Mapping[str, Counter[str]], targets: Mapping[str, float], chance: random.Random
) -> dict[str, str]:
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
    people: Mapping[str, Counter[str]], chosen: Mapping[str, str], targets: Mapping[str, float]
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

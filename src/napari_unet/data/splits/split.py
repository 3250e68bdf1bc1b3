"""Dividing cases into training, validation and test without ever parting a patient."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from napari_unet.card import SUFFIX
from napari_unet.config import SplitConfig
from napari_unet.data.cases import SUBSETS, Case
from napari_unet.data.splits.division import People, count_people, divide
from napari_unet.errors import DataError
from napari_unet.workspace import atomic

FORMAT = 1
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
    of each value of the tag to spread evenly (such as the tumour type). The result depends on the
    names and patients of the cases and on the seed, not on their order. Every subset asked for gets
    at least one patient; with only two patients for three subsets, validation is given up. With
    ``config.folds``, the test subset is one fold, and the others are divided between training and
    validation.

    Raises
    ------
    DataError
        If there are no cases, only one patient for more than one subset, more folds than patients,
        or no case has the tag.
    """
    people = count_people(cases, config.stratify)
    shares = {s: float(getattr(config, s)) for s in SUBSETS}
    if config.folds:
        tested = fold_patients(people, config)[config.fold - 1]
        rest = {p: counts for p, counts in people.items() if p not in tested}
        chosen = _parts(rest, shares | {"test": 0.0}, config.seed) | dict.fromkeys(tested, "test")
    else:
        chosen = _parts(people, shares, config.seed)
    ordered = sorted(cases, key=lambda c: c.name)
    return Split(
        {c.name: chosen[c.patient] for c in ordered},
        (config.train, config.val, config.test),
        config.seed,
        patient_source,
        datetime.now(UTC).isoformat(timespec="seconds"),
        {c.name: c.patient for c in ordered},
    )


def fold_patients(people: People, config: SplitConfig) -> list[set[str]]:
    """Divide patients into ``config.folds`` parts of like size; each is the test of one fold.

    Raises
    ------
    DataError
        If there are fewer patients than folds.
    """
    if len(people) < config.folds:
        raise DataError(
            f"{len(people)} patients cannot be divided into {config.folds} folds: a patient is "
            "never parted. Ask for fewer folds."
        )
    names = [str(n) for n in range(config.folds)]
    chosen = divide(people, dict.fromkeys(names, 1 / config.folds), f"folds/{config.seed}")
    return [{p for p, part in chosen.items() if part == name} for name in names]


def _parts(people: People, shares: Mapping[str, float], seed: int) -> dict[str, str]:
    _check_enough(people, [s for s in SUBSETS if shares[s] > 0])
    wanted = [s for s in NEEDED if shares[s] > 0][: len(people)]
    total = sum(shares[s] for s in wanted)
    return divide(people, {s: shares[s] / total for s in wanted}, str(seed))


def _check_enough(people: Mapping[str, object], asked: Sequence[str]) -> None:
    if not people:
        raise DataError("There are no cases to divide.")
    if len(people) == 1 and len(asked) > 1:
        raise DataError(
            f"All cases belong to one patient ({next(iter(people))}), and a patient is never "
            f"divided between {' and '.join(asked)}. Add another patient, or ask for 100:0:0."
        )

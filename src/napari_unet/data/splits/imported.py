"""A split that somebody brings: its names are found among the cases, and it is checked for leaks.

A leak is a patient, or the very same file, in more than one subset. It is reported by name; what
to do about it is the person's decision.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from hashlib import blake2b
from pathlib import Path, PurePosixPath

from napari_unet.data.cases import SUBSETS, Case, Dataset
from napari_unet.data.formats import stem_of
from napari_unet.data.pairing.names import normal, without_word
from napari_unet.data.splits import subset_lists
from napari_unet.data.splits.split import Split, load
from napari_unet.errors import DataError

SHOWN = 5  # names in a sentence


@dataclass(frozen=True)
class Imported:
    """A split that was read, and what is wrong with it.

    Attributes
    ----------
    split : Split
        The cases that it names; where a name stands in two subsets, the first counts.
    unknown : tuple of str
        Names for which there is no case, or several.
    missing : tuple of str
        Cases that the split does not name; they take no part.
    leaks : tuple of str
        In words, what stands in more than one subset: cases, patients, files.
    """

    split: Split
    unknown: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    leaks: tuple[str, ...] = ()

    def notes(self) -> Iterator[str]:
        """Yield what is wrong, a sentence for each kind."""
        for leak in self.leaks[:SHOWN]:
            yield f"A leak: {leak}."
        if len(self.leaks) > SHOWN:
            yield f"And {len(self.leaks) - SHOWN} more leaks."
        if self.unknown:
            yield f"{len(self.unknown)} names in the split are no cases: {_some(self.unknown)}."
        if self.missing:
            yield (
                f"{len(self.missing)} cases are not in the split and take no part: "
                f"{_some(self.missing)}."
            )


def read_split(path: str | Path, dataset: Dataset, fold: int = 1) -> Imported:
    """Read a split of any kind (see `subset_lists`), find its cases, and check it.

    Raises
    ------
    DataError
        If the file is no split, or names no case of the data set.
    """
    path = Path(path).expanduser()
    own = _load_own(path)
    if own is not None:
        lists = {s: [n for n, subset in own.subsets.items() if subset == s] for s in SUBSETS}
    elif path.is_dir() and path.absolute() == dataset.root:
        lists = subset_lists.from_folders([c.name for c in dataset.cases])
    else:
        lists = subset_lists.read_lists(path, fold)
    checked = _resolve(lists, dataset)
    if not checked.split.subsets:
        raise DataError(
            f"{path} names none of the {len(dataset)} cases of {dataset.root}: it was made for "
            f"other data, or is no split. It says, for example, {_some(checked.unknown)!r}; the "
            f"cases are called {_some([c.name for c in dataset.cases])!r}."
        )
    if own is None:
        return checked
    split = replace(checked.split, ratios=own.ratios, seed=own.seed, created=own.created)
    return replace(checked, split=split)


def _load_own(path: Path) -> Split | None:
    """Read a split file of this program; None if it is another kind of file."""
    if path.suffix.casefold() != ".json" or not path.is_file():
        return None
    try:
        stored = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as e:
        raise DataError(f"{path} cannot be read as a split ({e}).") from e
    return load(path) if isinstance(stored, dict) and "subsets" in stored else None


# --- names --------------------------------------------------------------------------------------


def _resolve(lists: Mapping[str, Sequence[str]], dataset: Dataset) -> Imported:
    index = _Index(dataset)
    subsets: dict[str, str] = {}
    unknown, leaks = [], []
    for subset in SUBSETS:
        for name in lists.get(subset, ()):
            case = index.find(name)
            if case is None:
                unknown.append(name)
            elif subsets.setdefault(case.name, subset) != subset:
                leaks.append(f"case {case.name} in {subsets[case.name]} and {subset}")
    cases = [c for c in dataset.cases if c.name in subsets]
    split = Split(
        subsets,
        _shares(subsets),
        0,
        dataset.patient_source,
        datetime.now(UTC).isoformat(timespec="seconds"),
        {c.name: c.patient for c in cases},
    )
    missing = tuple(c.name for c in dataset.cases if c.name not in subsets)
    found = (
        *dict.fromkeys(leaks),
        *_shared_patients(cases, subsets),
        *_shared_files(cases, subsets),
    )
    return Imported(split, tuple(dict.fromkeys(unknown)), missing, found)


class _Index:
    """Finds cases by what other programs may call them."""

    def __init__(self, dataset: Dataset) -> None:
        self.known: dict[str, list[Case]] = defaultdict(list)
        for case in dataset.cases:
            for name in {*_endings(case.name), *_called(case.image, dataset.root)}:
                self.known[name].append(case)
            for name in {*_called(case.mask, dataset.root)} - {*_called(case.image, dataset.root)}:
                self.known[f"mask {name}"].append(case)

    def find(self, text: str) -> Case | None:
        """Return the one case that a line of a list means."""
        text = normal(text).replace("\\", "/").strip().strip("\"'")
        # A line may hold the image and then its mask; names may hold blanks as well.
        for part in (text, *text.replace("\t", ",").split(","), *text.split()):
            if case := self._one(part.strip()):
                return case
        return None

    def _one(self, name: str) -> Case | None:
        parts = [p for p in name.split("/") if p not in ("", ".", "..")]
        for start in range(len(parts)):
            ending = "/".join(parts[start:])
            for key in (ending, stem_of_path(ending), f"mask {ending}"):
                found = self.known.get(key, [])
                if len({c.name for c in found}) == 1:
                    return found[0]
        return None


def _called(path: Path, root: Path) -> Iterator[str]:
    """Yield a file's path and name, with and without the suffix and an affix such as ``_mask``."""
    relative = path.relative_to(root).as_posix() if path.is_relative_to(root) else path.name
    yield from _endings(relative)
    yield from _endings(stem_of_path(relative))
    bare = without_word(normal(stem_of(path)), "image")
    if bare and bare[0]:
        yield bare[0]


def _endings(path: str) -> Iterator[str]:
    """Yield a path and its endings: ``a/b/c``, ``b/c``, ``c``."""
    parts = normal(path).split("/")
    yield from ("/".join(parts[start:]) for start in range(len(parts)))


def stem_of_path(path: str) -> str:
    """Return a relative path without its suffix."""
    pure = PurePosixPath(path)
    return pure.with_name(stem_of(pure.name) or pure.name).as_posix() if pure.name else path


def _shares(subsets: Mapping[str, str]) -> tuple[float, float, float]:
    counts = [list(subsets.values()).count(s) for s in SUBSETS]
    total = sum(counts) or 1
    train, val, test = (round(100 * n / total, 1) for n in counts)
    return train, val, test


# --- leaks --------------------------------------------------------------------------------------


def _shared_patients(cases: Sequence[Case], subsets: Mapping[str, str]) -> Iterator[str]:
    where: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for case in cases:
        where[case.patient][subsets[case.name]] += 1
    for patient, found in where.items():
        if len(found) > 1:
            counts = " and ".join(f"{s} ({found[s]})" for s in SUBSETS if s in found)
            yield f"patient {patient} in {counts}"


def _shared_files(cases: Sequence[Case], subsets: Mapping[str, str]) -> Iterator[str]:
    """Find the very same image file in two subsets; only files of one size are read."""
    sizes: dict[int, list[Case]] = defaultdict(list)
    for case in cases:
        if case.image.is_file():
            sizes[case.image.stat().st_size].append(case)
    for alike in sizes.values():
        if len({subsets[c.name] for c in alike}) < 2:
            continue
        groups: dict[bytes, list[Case]] = defaultdict(list)
        for case in alike:
            groups[_digest(case.image)].append(case)
        for group in groups.values():
            if len({subsets[c.name] for c in group}) > 1:
                named = " and ".join(f"{c.name} ({subsets[c.name]})" for c in group[:SHOWN])
                yield f"the same image as {named}"


def _digest(path: Path) -> bytes:
    """Return a hash of a file; one that cannot be read is equal to no other."""
    mark = blake2b(digest_size=16)
    try:
        with path.open("rb") as file:
            while block := file.read(1 << 20):
                mark.update(block)
    except OSError:
        return str(path).encode()
    return mark.digest()


def _some(names: Sequence[str]) -> str:
    return ", ".join(names[:SHOWN]) + (", …" if len(names) > SHOWN else "")

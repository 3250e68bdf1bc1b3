"""What a person says the values of a data set's masks mean; kept in the workspace.

The program proposes, and shows which values there are (`survey`); a person may name the
classes and choose the values. Nothing in the data's folder is touched.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from napari_unet.data import decisions
from napari_unet.data.cases import COLOUR, LabelRule
from napari_unet.errors import DataError
from napari_unet.workspace import dataset_file

BACKGROUND, UNLABELLED = "background", "not labelled"


def rule_from(names: Mapping[float, str], colours: Mapping[float, str] | None = None) -> LabelRule:
    """Return the rule that gives every value its class; an empty name means background.

    The name "not labelled" means that nobody said what these pixels are. ``colours`` are those of
    the values, as ``#rrggbb``.

    Raises
    ------
    DataError
        If no value has a name, or the values cannot be divided like this.
    """
    named = {value: name.strip() for value, name in names.items() if name.strip()}
    nobody = [value for value, name in named.items() if name == UNLABELLED]
    if nobody:
        if any(value != int(value) for value in nobody):
            raise DataError("Only whole numbers can mean that a pixel is not labelled.")
        others = {value: name for value, name in names.items() if value not in nobody}
        return with_unlabelled(rule_from(others, colours), tuple(int(v) for v in nobody))
    if not named:
        raise DataError("Name at least one value: with background alone there is nothing to learn.")
    classes = list(dict.fromkeys(named.values()))
    rest = [value for value in names if value not in named]
    if len(classes) == 1 and rest and max(rest) < min(named) < COLOUR:
        return LabelRule(threshold=(max(rest) + min(named)) / 2, names=(classes[0],))
    if len(classes) < len(named):
        twice = next(n for n in classes if list(named.values()).count(n) > 1)
        raise DataError(
            f"Several values are called {twice}. That is possible for a single class whose values "
            "are all higher than those of the background; otherwise give each value its own name."
        )
    if any(value != int(value) for value in named):
        raise DataError("Classes must be whole numbers in the masks.")
    known = tuple((colours or {}).get(value, "") for value in named)
    return LabelRule(
        values=tuple(int(v) for v in named),
        names=tuple(named.values()),
        colours=known if all(known) else (),
    )


def with_unlabelled(rule: LabelRule, values: Sequence[int]) -> LabelRule:
    """Return the rule with ``values`` meaning that nobody labelled these pixels.

    Raises
    ------
    DataError
        If a class would be left without a value.
    """
    if set(values) & set(rule.values):
        kept = [(v, n) for v, n in zip(rule.values, rule.names, strict=True) if v not in values]
        if not kept:
            raise DataError("Every value would be unlabelled: nothing is left to learn.")
        colours = dict(zip(rule.values, rule.colours, strict=False))
        rule = replace(
            rule,
            values=tuple(v for v, _ in kept),
            names=tuple(n for _, n in kept),
            colours=tuple(colours[v] for v, _ in kept) if colours else (),
        )
    return replace(rule, unlabelled=tuple(dict.fromkeys(values)))


def scribble_rule(names: Sequence[str]) -> LabelRule:
    """Return how strokes painted in napari are read: 0 not labelled, 1 background, 2… ``names``."""
    return LabelRule(values=tuple(range(2, len(names) + 2)), names=tuple(names), unlabelled=(0,))


def load_rule(root: str | Path) -> LabelRule | None:
    """Return what a person said of the masks in ``root``; None if nothing.

    Raises
    ------
    DataError
        If the file is damaged or comes from a newer version.
    """
    return decisions.load(
        dataset_file(root, "classes"),
        _parsed,
        None,
        "What the masks' values mean, {path}, is damaged ({error}). Move the file away to have it "
        "found anew.",
    )


def _parsed(stored: Mapping[str, Any]) -> LabelRule:
    values = tuple(int(v) for v in stored["values"])
    names = tuple(str(n) for n in stored["names"])
    if not names or (values and len(values) != len(names)):
        raise ValueError("names and values do not fit")
    colours = tuple(str(c) for c in stored["colours"])
    unlabelled = tuple(int(v) for v in stored.get("unlabelled", ()))  # absent in older files
    return LabelRule(float(stored["threshold"]), values, names, colours, unlabelled)


def save_rule(root: str | Path, rule: LabelRule | None) -> None:
    """Keep what a person said of the masks; None has it found by the program again.

    Raises
    ------
    DataError
        If it cannot be written.
    """
    path = dataset_file(root, "classes")
    try:
        if rule is None:
            path.unlink(missing_ok=True)
            return
        decisions.save(root, "classes", asdict(rule))
    except OSError as e:
        raise DataError(f"The classes could not be kept in {path} ({e.strerror or e}).") from e

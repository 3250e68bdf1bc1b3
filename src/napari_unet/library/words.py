"""The library in words, for a terminal."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from napari_unet.card import ModelCard
from napari_unet.library.changing import Removed
from napari_unet.library.listing import Entry, scores
from napari_unet.printable import printable
from napari_unet.quantities import size_words

# What a card may say in texts, in the order of its weight for somebody who means to use the model.
ABOUT = {
    "summary": "what it does",
    "use": "use",
    "not_for": "not for",
    "limits": "limits",
    "data": "data",
    "licence": "licence",
    "attribution": "attribution",
    "authors": "authors",
    "cite": "cite",
}
_NAME, _CLASSES, _SUMMARY = 32, 24, 60  # characters, at the most
_WIDTH = 100  # of a line


def table(listed: Sequence[Entry], same: Iterable[Sequence[Entry]] = ()) -> str:
    """Return a line a model: name, test scores, size, date, what it finds and what it is for.

    ``same`` are groups of models with equal weights, which are named below.
    """
    if not listed:
        return "No models."
    width = max(4, *(len(_short(e.name, _NAME)) for e in listed))
    finds = max(5, *(len(_classes(e)) for e in listed))
    head = f"{'name':<{width}}  test Dice  test IoU     size  date      "
    lines = [f"{head}  {'finds':<{finds}}  for"]
    for entry in listed:
        lead = f"{_short(entry.name, _NAME):<{width}}"
        if entry.card is None:
            lines.append(f"{lead}  cannot be used: {printable(entry.error, lines=False)}")
            continue
        dice, iou = (_share(v) for v in test_scores(entry))
        lines.append(
            f"{lead}  {dice:>9}  {iou:>8}  {size_words(entry.size):>7}  {day(entry.modified)}  "
            f"{_classes(entry):<{finds}}  {_purpose(entry)}".rstrip()
        )
    for group in same:
        names = " and ".join(_short(e.name, _NAME) for e in group)
        lines.append(f"Equal weights: {names}.")
    return "\n".join(lines)


def trash(listed: Sequence[Removed]) -> str:
    """Return a line a removed model: name, when it was removed, the size, and the folder."""
    if not listed:
        return "Nothing is in the trash."
    width = max(4, *(len(_short(r.name, _NAME)) for r in listed))
    lines = [f"{'name':<{width}}  {'removed':<16}     size  folder"]
    for one in listed:
        when = one.when.astimezone().strftime("%Y-%m-%d %H:%M")
        name = _short(one.name, _NAME)
        lines.append(f"{name:<{width}}  {when}  {size_words(one.size):>7}  {one.folder}")
    return "\n".join(lines)


def about(card: ModelCard) -> str:
    """Return what a card says in texts, each under its title; empty if it says nothing.

    The command that trained the model, and who it was tested on, are told as well.
    """
    told = {title: card.about.get(key) for key, title in ABOUT.items()}
    told |= {str(k): v for k, v in card.about.items() if k not in ABOUT}
    told |= {"trained with": card.training.get("command"), "tested on": tested_on(card)}
    lines = ((_short(title, 12), _plain(text)) for title, text in told.items() if text)
    return "\n".join(
        textwrap.fill(f"{title:<13} {text}", _WIDTH, subsequent_indent=" " * 14)
        for title, text in lines
    )


def tested_on(card: ModelCard) -> str:
    """Return the people that a card names as its test group; empty if it names none."""
    people = card.data.get("test_people")
    return ", ".join(map(str, people)) if isinstance(people, list | tuple) else ""


def score_lines(entry: Entry) -> str:
    """Return the mean scores with their deviation: a line a subset, then one a group of images.

    A card may tell of groups besides the subsets, such as the types of tumour.
    """
    lines = []
    card_scores = entry.card.scores if entry.card is not None else {}
    groups = [_mapping(group) for key, group in card_scores.items() if key != "subsets"]
    found = [*scores(entry).items(), *(line for group in groups for line in group.items())]
    for name, summary in ((k, _mapping(v)) for k, v in found):
        mean, std = (_mapping(summary.get(key)) for key in ("mean", "std"))
        parts = [
            f"{title} {_share(mean.get(key))} ± {_share(std.get(key))}"
            for key, title in (("dice", "Dice"), ("iou", "IoU"))
        ]
        images, people = summary.get("images"), _mapping(summary.get("patients")).get("count")
        of_people = f" of {people} patients" if isinstance(people, int) else ""
        many = f" ({images} images{of_people})" if isinstance(images, int) else ""
        lines.append(f"{_short(f'{name} scores', 22):<13} {', '.join(parts)}{many}")
    return "\n".join(lines)


def test_scores(entry: Entry) -> tuple[float, float]:
    """Return the mean Dice and IoU of the test cases, NaN where a model was not evaluated."""
    mean = _mapping(scores(entry).get("test", {}).get("mean"))
    dice, iou = (mean.get(key) for key in ("dice", "iou"))
    return _number(dice), _number(iou)


def day(seconds: float) -> str:
    """Return the day of a time in seconds since 1970."""
    return datetime.fromtimestamp(seconds).strftime("%Y-%m-%d")


def _purpose(entry: Entry) -> str:
    """Return what a model is for; of one that does not say so, what it learned from."""
    assert entry.card is not None
    text = entry.card.about.get("summary") or entry.card.data.get("folder", "")
    return _short(_plain(text), _SUMMARY)


def _classes(entry: Entry) -> str:
    return _short(", ".join(entry.card.classes), _CLASSES) if entry.card is not None else ""


def _short(text: str, most: int) -> str:
    return printable(text, most, lines=False)


def _plain(value: Any) -> str:
    several = value if isinstance(value, list | tuple) else [value]
    return printable(", ".join(map(str, several)), lines=False)


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _number(value: Any) -> float:
    return float(value) if isinstance(value, int | float) else math.nan


def _share(value: Any) -> str:
    found = _number(value)
    return f"{found:.3f}" if math.isfinite(found) else "-"

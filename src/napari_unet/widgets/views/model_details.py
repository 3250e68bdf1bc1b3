"""What a model says of itself, in full: what for, from what, how good, where it fails."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

from qtpy.QtWidgets import QLabel, QVBoxLayout, QWidget

from napari_unet.card import ModelCard
from napari_unet.library.words import tested_on
from napari_unet.widgets.parts.model_words import found_words, number, plain, trained_on
from napari_unet.widgets.parts.rows import bold
from napari_unet.widgets.parts.text import Text
from napari_unet.widgets.views.model_rows import ModelRow

LONGEST = 1500  # characters of one fact: a card may hold anything
ABOUT = (
    ("summary", ""),
    ("use", "For"),
    ("limits", "Limits"),
    ("not_for", "Not for"),
    ("data", "Data"),
    ("licence", "Licence"),
    ("attribution", "Thanks to"),
    ("authors", "By"),
    ("cite", "Cite"),
)
FIRST = 4  # of `ABOUT`, before what was measured


class ModelDetails(QWidget):
    """Lines of facts, of which only those are shown that a model tells."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.facts: tuple[tuple[str, str], ...] = ()
        self._lines = QWidget()
        self._layout = QVBoxLayout(self)
        self._layout.setContentsMargins(0, 0, 0, 0)
        self._layout.addWidget(self._lines)

    def set_model(self, row: ModelRow | None) -> None:
        """Show the facts of a model; None shows nothing."""
        facts = tuple(facts_of(row)) if row is not None else ()
        if facts == self.facts:
            return
        self.facts = facts
        lines = QWidget()
        column = QVBoxLayout(lines)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(2)
        for label, text in facts:
            if label:
                title = QLabel(label)
                title.setFont(bold())
                title.setIndent(0)
                column.addWidget(title)
            said = Text(text)
            said.setAccessibleName(label)
            column.addWidget(said)
        self._layout.replaceWidget(self._lines, lines)
        self._lines.hide()
        self._lines.deleteLater()
        self._lines = lines


def facts_of(row: ModelRow) -> Iterator[tuple[str, str]]:
    """Yield labels and texts; a text without a label speaks for itself."""
    for label, text in _facts(row):
        text = " ".join(text.split())
        if text:
            yield label, text if len(text) <= LONGEST else f"{text[:LONGEST]} …"


def _facts(row: ModelRow) -> Iterator[tuple[str, str]]:
    card = row.entry.card
    if card is None:
        yield "", row.entry.error
        yield "File", row.path
        return
    told = [(label, plain(card.about.get(key))) for key, label in ABOUT]
    yield from told[:FIRST]
    yield "Finds", found_words(card)
    for subset, summary in row.scores.items():
        yield subset.capitalize(), spread(summary)
    yield from _by_group(card)
    yield "Validation", _validated(card)
    yield from told[FIRST:]
    yield "Trained on", trained_on(card)
    yield "Trained", _trained(card)
    yield "Tested on", plain(tested_on(card))
    yield "Network", _network(card)
    yield "Versions", ", ".join(f"{name} {version}" for name, version in card.versions.items())
    yield "Same weights as", ", ".join(row.same_as)
    yield "File", row.path


def spread(summary: Mapping[str, Any]) -> str:
    """Return a summary's scores with their deviation: "Dice 0.85 ± 0.12, IoU …, 612 images"."""
    parts = []
    for measure, name in (("dice", "Dice"), ("iou", "IoU")):
        mean = number(summary.get("mean"), measure)
        deviation = number(summary.get("std"), measure)
        if math.isfinite(mean):
            around = f" ± {deviation:.3f}" if math.isfinite(deviation) else ""
            parts.append(f"{name} {mean:.3f}{around}")
    if parts and math.isfinite(count := number(summary, "images")):
        parts.append(f"{count:.0f} images")
    patients = number(summary.get("patients"), "count")
    if parts and math.isfinite(patients):
        parts.append(f"{patients:.0f} patients")
    return ", ".join(parts)


def _by_group(card: ModelCard) -> Iterator[tuple[str, str]]:
    """Yield scores that a card tells by kind of case, such as by the type of tumour."""
    for groups in (v for k, v in card.scores.items() if k != "subsets"):
        if isinstance(groups, Mapping):
            for name, summary in groups.items():
                if isinstance(summary, Mapping) and (text := spread(summary)):
                    yield str(name)[:40], text


def _validated(card: ModelCard) -> str:
    dice = number(card.scores, "val_dice")
    return f"Dice {dice:.3f} (epoch {card.scores.get('epoch', '?')})" if dice == dice else ""


def _trained(card: ModelCard) -> str:
    command = card.training.get("command")
    if command:
        return plain(command)
    seconds = number(card.training, "seconds")
    epochs = card.training.get("history")
    parts = [
        f"{seconds / 60:.1f} minutes" if seconds > 0 else "",
        f"{len(epochs)} epochs" if isinstance(epochs, list | tuple) else "",
        card.created[:16].replace("T", " "),
    ]
    return ", ".join(filter(None, parts))


def _network(card: ModelCard) -> str:
    size = "×".join(map(str, card.preprocess.size))
    channels = "-".join(map(str, card.network.levels))
    shown = "patches of" if card.preprocess.mode == "patch" else "images as"
    return f"{card.network.dims}D, channels {channels}, {shown} {size}"

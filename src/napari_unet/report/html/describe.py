"""What a report says of a model and of how it was evaluated, in words."""

from __future__ import annotations

import dataclasses
import math
import re
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import napari_unet
from napari_unet.card import SUFFIX, ModelCard, read_card
from napari_unet.errors import ModelError
from napari_unet.runs import RunRecord, read_run

# A path of at least one folder from the root on: what comes after its last slash may stay.
_PATH = re.compile(r"(?<![\w.])(?:[A-Za-z]:|~|\\)?[\\/](?:[^\\/\s'\"<>|:]+[\\/])+")

Pairs = list[tuple[str, str]]


@dataclass(frozen=True)
class Section:
    """A headed list of settings."""

    title: str
    pairs: Pairs


@dataclass(frozen=True)
class Model:
    """A model as its file tells; ``card`` and ``run`` are None where it cannot be read."""

    name: str
    card: ModelCard | None = None
    run: RunRecord | None = None


def model(path: str) -> Model:
    """Read what a model's file says of it."""
    name = file_name(path).removesuffix(SUFFIX)
    with suppress(ModelError):
        return Model(name, read_card(path), read_run(path))
    return Model(name)


def file_name(path: str) -> str:
    """Return the last part of a path of any system."""
    return re.split(r"[\\/]", path.rstrip("\\/"))[-1]


def without_paths(roots: Iterable[str]) -> Callable[[str], str]:
    """Return a function that takes private folders out of a sentence; files keep their names."""
    known = {str(Path(r).expanduser().absolute()) for r in roots if r} | {str(Path.home())}
    prefixes = sorted({p for r in (*known, *roots) for p in _forms(r)}, key=len, reverse=True)

    def clean(text: str) -> str:
        for prefix in prefixes:
            text = text.replace(prefix, "")
        return _PATH.sub("", text)

    return clean


def _forms(root: str) -> set[str]:
    """Return a folder as it may stand in front of a file's name; nothing for the root itself."""
    root = root.rstrip("\\/")
    return {root + "/", root + "\\"} if len(root) > 3 else set()


def model_sections(found: Model, prefix: str = "") -> list[Section]:
    """Return what a model is and how it was trained, then every setting."""
    card, run = found.card, found.run
    if card is None or run is None:
        gone = [("Name", found.name), ("File", "cannot be read any more")]
        return [Section(f"{prefix}Model", gone)]
    data = card.data
    subsets = data.get("subsets")
    parts = ", ".join(f"{k} {v}" for k, v in subsets.items()) if isinstance(subsets, dict) else ""
    about: Pairs = [
        ("Name", card.name or found.name),
        ("Finds", ", ".join(card.classes)),
        ("Own threshold", f"{card.threshold:g}"),
        ("Written", moment(card.created)),
        ("Trained on", f"{data.get('folder', '?')}: {run.cases} cases, {run.patients} patients"),
        ("Split", parts),
        ("Pairing", str(data.get("pairing", ""))),
        ("Recipe", run.settings),
        ("Trained for", _trained(run)),
        ("Best validation Dice", _best(run)),
        ("Began with", _start(card)),
        *((f"Version of {k}", str(v)) for k, v in card.versions.items()),
    ]
    settings = [("Network", card.network), ("Preprocessing", card.preprocess)]
    if run.recipe is not None:
        settings += [("Augmentation", run.recipe.augment), ("Optimisation", run.recipe.optim)]
    every = [Section(f"{prefix}{title}", _settings(config)) for title, config in settings]
    return [Section(f"{prefix}Model", [p for p in about if p[1]]), *every]


def versions() -> Pairs:
    """Return what wrote the report, and when."""
    now = datetime.now().astimezone().isoformat(timespec="minutes")
    return [("Report written", moment(now)), ("By", f"napari-unet {napari_unet.__version__}")]


def moment(text: str) -> str:
    """Return an ISO moment as "2026-05-01 09:30 UTC"; what is none unchanged."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return text
    return f"{found:%Y-%m-%d %H:%M} {found.tzname() or ''}".strip()


def duration(seconds: float) -> str:
    """Return a time as people say it."""
    if not math.isfinite(seconds) or seconds <= 0:
        return ""
    if seconds < 90:
        return f"{seconds:.0f} s"
    minutes = seconds / 60
    return f"{minutes:.0f} min" if minutes < 90 else f"{minutes / 60:.1f} h"


def _trained(run: RunRecord) -> str:
    words = [f"{run.epochs} epochs" if run.epochs else "", duration(run.seconds)]
    return " in ".join(w for w in words if w)


def _best(run: RunRecord) -> str:
    if not math.isfinite(run.val_dice):
        return ""
    return f"{run.val_dice:.4f}" + (f" (epoch {run.best_epoch})" if run.best_epoch else "")


def _start(card: ModelCard) -> str:
    start = card.training.get("start")
    return str(start.get("name", "")) if isinstance(start, dict) else ""


def _settings(config: Any) -> Pairs:
    return [
        (f.metadata.get("label", f.name), _value(getattr(config, f.name)))
        for f in dataclasses.fields(config)
    ]


def _value(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.6g}"
    if isinstance(value, tuple):
        return ", ".join(_value(v) for v in value) or "–"
    return str(value) or "–"

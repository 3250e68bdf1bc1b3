"""The register of trainings: what was trained how, on what, and how good it became.

Nothing is kept twice: a run is read from its model's card, from the scores that evaluating it left
beside it (``NAME.scores.json``), and from the record of a training that can go on.
"""

from __future__ import annotations

import csv
import json
import math
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from napari_unet.card import SUFFIX, ModelCard, read_card
from napari_unet.config import Recipe
from napari_unet.errors import ConfigError, ModelError, UnetError
from napari_unet.resumable import Resumable, read_resumable
from napari_unet.schema import from_json
from napari_unet.workspace import atomic, home

PACKAGE = Path(__file__).parent
SCORES = ".scores.json"
FORMAT = 1
NAN = float("nan")


@dataclass(frozen=True)
class RunRecord:
    """One training.

    Attributes
    ----------
    name, model
        The model's name and the path of its file.
    created
        When the file was last written, as in the card (ISO 8601, UTC).
    preset, settings, recipe
        The recipe's name, what matters of it in a few words, and all of it (None where the card
        holds none).
    folder, cases, patients
        What it was trained on; 0 where the card does not say.
    history
        One dict an epoch, with the fields of `napari_unet.events.EpochEnd`.
    val_dice, best_epoch, epochs, seconds
        Of the best epoch, and how long it took in all; NaN and 0 where unknown.
    test_dice, scores
        Mean Dice on the test cases, NaN if never evaluated; and the summaries of the saved
        evaluations by subset (see `napari_unet.metrics.summarise`).
    finished
        False if the training was stopped or crashed and can go on.
    """

    name: str
    model: str
    created: str = ""
    preset: str = ""
    settings: str = ""
    recipe: Recipe | None = None
    folder: str = ""
    cases: int = 0
    patients: int = 0
    history: tuple[Mapping[str, Any], ...] = ()
    val_dice: float = NAN
    best_epoch: int = 0
    epochs: int = 0
    seconds: float = 0.0
    test_dice: float = NAN
    scores: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    finished: bool = True


def list_runs(folder: str | Path) -> tuple[RunRecord, ...]:
    """Return the runs whose models lie in ``folder``, the latest first; damaged files are no runs.

    The files of last epochs (``NAME.last…``) are left out: they belong to the run of ``NAME``.
    """
    files = Path(folder).glob(f"*{SUFFIX}")
    found = []
    for path in files:
        if not path.name.endswith(f".last{SUFFIX}"):
            with suppress(ModelError):
                found.append(read_run(path))
    return tuple(sorted(found, key=lambda run: (run.created, run.name), reverse=True))


def read_run(model: str | Path) -> RunRecord:
    """Read the run that made a model.

    Raises
    ------
    ModelError
        If it is no model file.
    """
    path = Path(model)
    card = read_card(path)
    recipe = _recipe(card)
    scores = read_scores(path, card)
    going = _resumable(path)
    history = _history(path, card, going)
    return RunRecord(
        name=path.name.removesuffix(SUFFIX),
        model=str(path),
        created=card.created,
        preset=recipe.name if recipe else "",
        settings=describe(recipe) if recipe else "",
        recipe=recipe,
        folder=str(card.data.get("folder", "")),
        cases=int(card.data.get("cases", 0)),
        patients=int(card.data.get("patients", 0)),
        history=history,
        val_dice=float(card.scores.get("val_dice", NAN)),
        best_epoch=int(card.scores.get("epoch", 0)),
        epochs=max(len(history), going.epochs if going else 0),
        seconds=float(going.seconds if going else card.training.get("seconds", 0.0)),
        test_dice=float(scores.get("test", {}).get("mean", {}).get("dice", NAN)),
        scores=scores,
        finished=going is None or going.finished,
    )


def describe(recipe: Recipe) -> str:
    """Return what matters of a recipe in a few words: "auto, 192×192, 5 min, bce+dice, …"."""
    optim, network = recipe.optim, recipe.network
    size = "×".join(map(str, recipe.preprocess.size))
    patches = "patches of " if recipe.preprocess.mode == "patch" else ""
    budget = f"{optim.minutes:g} min" if optim.minutes else f"{optim.epochs} epochs"
    encoder = f"{network.encoder}, " if network.encoder else ""
    channels = f"{encoder}channels {'-'.join(map(str, network.levels))}"
    return (
        f"{recipe.name}, {patches}{size}, {channels}, {budget}, {optim.loss}, "
        f"{optim.optimizer} {optim.lr:g}, batch {optim.batch}"
    )


def _recipe(card: ModelCard) -> Recipe | None:
    try:
        return from_json(Recipe, card.training["recipe"])
    except (KeyError, ConfigError):  # another version's card: its recipe is for people
        return None


def _history(
    model: Path, card: ModelCard, going: Resumable | None
) -> tuple[Mapping[str, Any], ...]:
    """Return what is told of every epoch.

    Until a training is over, the card of its model ends with the best epoch, and only that of the
    last weights tells of the later ones.
    """
    if going is not None and not going.finished:
        with suppress(ModelError):
            last = model.with_name(f"{model.name.removesuffix(SUFFIX)}.last{SUFFIX}")
            return tuple(read_card(last).training.get("history", ()))
    return tuple(card.training.get("history", ()))


def _resumable(model: Path) -> Resumable | None:
    with suppress(UnetError):
        return read_resumable(model)
    return None


# --- scores beside the model --------------------------------------------------------------------


def scores_path(model: str | Path) -> Path:
    """Return where the scores of a model are kept.

    That is beside it; or in the workspace, of a model that came with the program, whose folder may
    be read-only and is replaced by the next version.
    """
    path = Path(model)
    name = path.name.removesuffix(SUFFIX) + SCORES
    if path.absolute().is_relative_to(PACKAGE):
        return home() / "scores" / name
    return path.with_name(name)


def save_scores(model: str | Path, subset: str, folder: str, summary: Mapping[str, Any]) -> Path:
    """Keep the summary of an evaluation beside the model, in place of an earlier one's of the kind.

    Raises
    ------
    ModelError
        If the model cannot be read.
    OSError
        If the file cannot be written.
    """
    card = read_card(model)
    entries = {**read_scores(model, card), subset: {**summary, "folder": folder}}
    path = scores_path(model)
    text = json.dumps({"format": FORMAT, "model": card.created, "subsets": entries}, indent=1)
    with atomic(path) as temporary:
        temporary.write_text(text, encoding="utf-8")
    return path


def read_scores(model: str | Path, card: ModelCard) -> dict[str, dict[str, Any]]:
    """Return the saved summaries by subset: those of this very model, not of an earlier one.

    Those that its card brings count where nothing newer of the kind lies beside it.
    """
    return {**_by_subset(card.scores.get("subsets")), **_beside(model, card)}


def _beside(model: str | Path, card: ModelCard) -> dict[str, dict[str, Any]]:
    try:
        stored = json.loads(scores_path(model).read_text(encoding="utf-8"))
        if stored["format"] != FORMAT or stored["model"] != card.created:
            return {}
        return _by_subset(stored["subsets"])
    except (OSError, ValueError, KeyError, TypeError):
        return {}  # evaluating again makes it anew


def _by_subset(found: Any) -> dict[str, dict[str, Any]]:
    if not isinstance(found, Mapping):
        return {}
    return {str(k): dict(v) for k, v in found.items() if isinstance(v, Mapping)}


# --- table --------------------------------------------------------------------------------------

COLUMNS = (
    *("name", "created", "preset", "settings", "folder", "cases", "patients"),
    *("epochs", "best_epoch", "seconds", "val_dice", "test_dice", "finished", "model"),
)


def write_runs_csv(path: str | Path, runs: Sequence[RunRecord]) -> None:
    """Write one line a run: what it was, then every setting of its recipe (``optim.lr``, …).

    ``path`` is replaced only when all is written. A number that does not exist is left blank.
    """
    rows = [_row(run) for run in runs]
    columns = dict.fromkeys([*COLUMNS, *(key for row in rows for key in row)])
    with atomic(path) as temporary, temporary.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(columns), restval="")
        writer.writeheader()
        writer.writerows(rows)


def _row(run: RunRecord) -> dict[str, Any]:
    row = {key: _cell(getattr(run, key)) for key in COLUMNS}
    for subset, summary in run.scores.items():
        row |= {f"{subset} {key}": _cell(v) for key, v in dict(summary.get("mean", {})).items()}
    if run.recipe is not None:
        row |= {name: _cell(value) for name, value in _flat(run.recipe)}
    return row


def _flat(recipe: Recipe) -> Iterable[tuple[str, Any]]:
    for section in ("network", "preprocess", "augment", "optim"):
        for name, value in vars(getattr(recipe, section)).items():
            yield f"{section}.{name}", value


def _cell(value: Any) -> Any:
    if isinstance(value, float) and not math.isfinite(value):
        return ""
    return " ".join(map(str, value)) if isinstance(value, tuple) else value


def table(runs: Sequence[RunRecord]) -> str:
    """Return a plain-text table of runs."""
    if not runs:
        return "No runs."
    width = min(max(len(run.name) for run in runs), 32)
    lines = [f"{'name':<{width}}  val Dice  test Dice  epochs  minutes  settings"]
    for run in runs:
        numbers = (
            f"{_dice(run.val_dice):>8}  {_dice(run.test_dice):>9}  "
            f"{run.epochs:>6}  {run.seconds / 60:>7.1f}"
        )
        going = "" if run.finished else " (can go on)"
        lines.append(f"{run.name[:width]:<{width}}  {numbers}  {run.settings}{going}")
    return "\n".join(lines)


def _dice(value: float) -> str:
    return f"{value:.4f}" if math.isfinite(value) else "-"

"""Training with several presets one after the other, and how the models compare."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping, Sequence

from napari_unet.card import SUFFIX
from napari_unet.cli.arguments import print_json
from napari_unet.cli.interrupt import Stoppable
from napari_unet.cli.training import print_trained, train_one
from napari_unet.environment import speaks
from napari_unet.errors import JobError, UnetError
from napari_unet.events import EvaluateFinished, TrainFinished
from napari_unet.schema import to_json


def train_several(args: argparse.Namespace, presets: Sequence[str]) -> None:
    """Train with each preset on the same split, then print how the models compare.

    One that fails does not keep the others from being trained.

    Raises
    ------
    JobError
        At the end, if one failed.
    KeyboardInterrupt
        If the program was asked to stop: the present training can go on later.
    """
    done: dict[str, TrainFinished] = {}
    failed: dict[str, str] = {}
    for number, preset in enumerate(presets):
        model = model_of(args.model, preset)
        _say(f"preset {preset}, {number + 1} of {len(presets)}: {model}")
        try:
            # One split for all, or their scores would be those of different cases.
            done[preset] = train_one(args, preset, model, shares=presets[0])
        except KeyboardInterrupt:
            _say_left(presets[number + 1 :])
            raise
        except UnetError as e:
            failed[preset] = str(e)
            _say(f"preset {preset} failed: {e}")
        else:
            if not args.json:
                print_trained(done[preset], as_json=False)
    scores = _evaluate(args, done)
    if speaks():
        _print(args, done, scores, failed)
    if failed:
        raise JobError(f"Not trained: {', '.join(failed)}. Why is told above.")


def model_of(model: str, preset: str) -> str:
    """Return the file of one of several models: the preset's name is put behind that of all."""
    return f"{model.removesuffix(SUFFIX)}-{preset}{SUFFIX}"


def _evaluate(
    args: argparse.Namespace, done: Mapping[str, TrainFinished]
) -> dict[str, EvaluateFinished]:
    """Score the models on the test cases, if the split has any; the scores stay beside them."""
    from napari_unet.api import evaluate
    from napari_unet.data.splits.split import load, split_path

    found = {}
    for preset, trained in done.items():
        if "test" not in load(split_path(trained.model)).subsets.values():
            continue
        _say(f"scores of preset {preset} on the test cases")
        try:
            with Stoppable() as console:
                found[preset] = evaluate(
                    args.folder, trained.model, device=args.device, on_event=console
                )
        except UnetError as e:  # the models are there all the same
            _say(f"preset {preset} could not be evaluated: {e}")
    return found


def _print(
    args: argparse.Namespace,
    done: Mapping[str, TrainFinished],
    scores: Mapping[str, EvaluateFinished],
    failed: Mapping[str, str],
) -> None:
    from napari_unet.runs import read_run, table

    if args.json:
        runs = {preset: to_json(trained) for preset, trained in done.items()}
        test = {preset: dict(found.summary) for preset, found in scores.items()}
        print_json({"runs": runs, "test": test, "failed": dict(failed)})
    elif done:
        print("\n" + table([read_run(trained.model) for trained in done.values()]))
        print("\n".join(differences(scores)))


def differences(scores: Mapping[str, EvaluateFinished]) -> list[str]:
    """Return a sentence per later preset: how much better it is than the first, case by case."""
    from napari_unet.metrics import paired
    from napari_unet.report.paired import paired_words

    if len(scores) < 2:
        return []
    (first, before), *others = scores.items()
    return [
        f"{name} against {first} on the test cases: "
        f"{paired_words(paired(before.scores, found.scores, name=name, against=first))}"
        for name, found in others
    ]


def _say_left(presets: Sequence[str]) -> None:
    if presets:
        _say(f"not begun: {', '.join(presets)}")


def _say(text: str) -> None:
    if speaks():
        print(f"napari-unet: {text}", file=sys.stderr)

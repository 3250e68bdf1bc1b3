"""Commands that train: train, resume."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from napari_unet.cli.arguments import (
    MODEL,
    command,
    device,
    division,
    limit,
    model,
    model_file,
    positive,
    print_json,
    split_config,
    trained_model,
)
from napari_unet.cli.interrupt import Stoppable
from napari_unet.cli.settings import recipe_of, settings
from napari_unet.environment import speaks
from napari_unet.errors import UnetError, WeightsError
from napari_unet.events import TrainFinished
from napari_unet.presets import DESCRIPTIONS, PRESETS
from napari_unet.quantities import size_words
from napari_unet.resumable import read_resumable, resume_command, state_path, way_on
from napari_unet.schema import to_json


def train(args: argparse.Namespace) -> None:
    """Train and write a model file; with several presets, one after the other."""
    presets = list(dict.fromkeys(args.preset or ["auto"]))
    if len(presets) > 1:
        from napari_unet.cli.several import train_several

        train_several(args, presets)
    else:
        print_trained(train_one(args, presets[0], args.model), args.json)


def train_one(args: argparse.Namespace, preset: str, model: str, shares: str = "") -> TrainFinished:
    """Train with one preset.

    The split is that of the options, else that of the preset called ``shares`` (else of its own).
    """
    from napari_unet.api import train as run

    divided = argparse.Namespace(**vars(args) | {"preset": shares or preset})
    with resumable(model), saying_how(), Stoppable() as console:
        return run(
            args.folder,
            model,
            minutes=args.minutes or 0.0,
            epochs=args.epochs or 0,
            preset=preset,
            recipe=recipe_of(args, preset),
            split=split_config(divided, args.split_file),
            seed=args.seed,
            limit=args.limit,
            device=args.device,
            start=args.start,
            encoder_weights=args.encoder_weights,
            on_event=console,
        )


@contextmanager
def saying_how() -> Iterator[None]:
    """Name the options that help where an encoder's weights cannot be fetched."""
    try:
        yield
    except WeightsError as e:
        raise WeightsError(f"{e} (--random-weights, or --encoder-weights FILE)") from e


def resume(args: argparse.Namespace) -> None:
    """Go on with a training that was stopped, crashed, or is over."""
    from napari_unet.api import resume as run

    with resumable(args.model), Stoppable() as console:
        done = run(
            args.model,
            minutes=args.minutes or 0.0,
            epochs=args.epochs or 0,
            device=args.device,
            on_event=console,
        )
    print_trained(done, args.json)


@contextmanager
def resumable(model: str) -> Iterator[None]:
    """Say how to go on with a training that ends before its time, if it saved anything."""
    begun, state = time.time(), state_path(model)
    try:
        yield
    except BaseException:
        saved = state.is_file() and state.stat().st_mtime >= begun
        with suppress(UnetError):
            if saved and (found := read_resumable(model)):
                print(f"napari-unet: {way_on(found)}", file=sys.stderr)
        raise


def print_trained(done: TrainFinished, as_json: bool) -> None:
    """Print what a training has made."""
    if not speaks():
        return
    if as_json:
        print_json(to_json(done))
        return
    print(
        f"Trained {done.epochs} epochs in {done.seconds / 60:.1f} minutes: {done.stopped}.\n"
        f"Best validation Dice {done.val_dice:.3f} (epoch {done.best_epoch}).\n"
        f"Model: {done.model}"
    )
    if done.kept:
        print(f"The earlier model of that name is now {done.kept}")
    if found := read_resumable(done.model):
        print(
            f"To train longer: {resume_command(done.model)} --epochs or --minutes "
            f"(its state, {state_path(done.model).name}, takes {size_words(found.size)})"
        )


def add_commands(commands: Any) -> None:
    """Add the commands that train."""
    p = command(commands, "train", train)
    p.add_argument("folder", metavar="FOLDER", help="images and masks")
    p.add_argument("--model", required=True, metavar="OUT.unet.safetensors", type=model_file)
    budget = p.add_mutually_exclusive_group()
    words = "to train, with each preset"
    budget.add_argument("--minutes", type=positive(float), metavar="M", help=f"time {words}")
    budget.add_argument("--epochs", type=positive(int), metavar="N", help=f"passes {words}")
    division(p)
    p.add_argument("--split-file", default="", metavar="F", help="keep to this split instead")
    words = " ".join(f"{name}: {text}" for name, text in DESCRIPTIONS.items())
    p.add_argument(
        "--preset",
        action="append",
        choices=list(PRESETS),
        metavar="NAME",
        help="can be repeated: one model for each, on the same split (OUT-NAME), and how they "
        f"compare (default auto). {words}",
    )
    settings(p)
    limit(p)
    p.add_argument(
        "--random-weights",
        action="store_true",
        help="with a preset whose encoder is pretrained: begin with random weights, fetch nothing",
    )
    p.add_argument(
        "--encoder-weights",
        default="",
        metavar="F",
        help="a safetensors file of the encoder's weights, in place of those that are fetched",
    )
    p.add_argument(
        "--from", dest="start", type=model, default="", metavar="M", help=f"begin with {MODEL}"
    )
    device(p)

    p = command(commands, "resume", resume)
    p.add_argument(
        "model", type=trained_model, metavar="M", help=f"what the training writes: {MODEL}"
    )
    budget = p.add_mutually_exclusive_group()
    words = "in all, with what is done"
    budget.add_argument("--minutes", type=positive(float), metavar="M", help=f"time {words}")
    budget.add_argument("--epochs", type=positive(int), metavar="N", help=f"passes {words}")
    device(p)

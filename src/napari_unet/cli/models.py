"""Commands about models: train, resume, models, demo."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from napari_unet.cli.arguments import (
    command,
    device,
    division,
    limit,
    model_file,
    positive,
    print_json,
    split_config,
)
from napari_unet.cli.interrupt import Stoppable
from napari_unet.environment import speaks
from napari_unet.errors import UnetError
from napari_unet.events import TrainFinished
from napari_unet.presets import DESCRIPTIONS, PRESETS
from napari_unet.resumable import read_resumable, state_path
from napari_unet.schema import to_json


def train(args: argparse.Namespace) -> None:
    """Train and write a model file."""
    from napari_unet.api import train as run

    with resumable(args.model), Stoppable() as console:
        done = run(
            args.folder,
            args.model,
            minutes=args.minutes or 0.0,
            epochs=args.epochs or 0,
            preset=args.preset,
            split=split_config(args, args.split_file),
            seed=args.seed,
            limit=args.limit,
            device=args.device,
            start=args.start,
            on_event=console,
        )
    _print_trained(args, done)


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
    _print_trained(args, done)


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
                print(
                    f"napari-unet: the training can go on after {found.epochs} epochs: "
                    f"napari-unet resume {model}",
                    file=sys.stderr,
                )
        raise


def _print_trained(args: argparse.Namespace, done: TrainFinished) -> None:
    if not speaks():
        return
    if args.json:
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
            f"To train longer: napari-unet resume {done.model} --epochs or --minutes "
            f"(its state, {state_path(done.model).name}, takes {found.size / 1e6:.1f} MB)"
        )


def models_show(args: argparse.Namespace) -> None:
    """Describe a model file."""
    from napari_unet.card import read_card
    from napari_unet.unet.summary import describe_model

    card = read_card(args.model)
    if args.json:
        print_json(to_json(card))
    else:
        print(describe_model(card))


def demo(args: argparse.Namespace) -> None:
    """Show the program on sample data: in napari, or headless where there is no display."""
    from napari_unet.demo import run

    run(args.out, headless=args.headless, minutes=args.minutes)


def add_commands(commands: Any) -> None:
    """Add the commands about models."""
    p = command(commands, "train", train)
    p.add_argument("folder", metavar="FOLDER", help="images and masks")
    p.add_argument("--model", required=True, metavar="OUT.unet.safetensors", type=model_file)
    budget = p.add_mutually_exclusive_group()
    budget.add_argument("--minutes", type=positive(float), metavar="M", help="time to train")
    budget.add_argument("--epochs", type=positive(int), metavar="N", help="passes to train")
    division(p)
    p.add_argument("--split-file", default="", metavar="F", help="keep to this split instead")
    words = " ".join(f"{name}: {text}" for name, text in DESCRIPTIONS.items())
    p.add_argument("--preset", choices=list(PRESETS), default="auto", metavar="NAME", help=words)
    limit(p)
    p.add_argument("--from", dest="start", default="", metavar="M", help="begin with this model")
    device(p)

    p = command(commands, "resume", resume)
    p.add_argument("model", metavar="M", help="the model file that the training writes")
    budget = p.add_mutually_exclusive_group()
    words = "in all, with what is done"
    budget.add_argument("--minutes", type=positive(float), metavar="M", help=f"time {words}")
    budget.add_argument("--epochs", type=positive(int), metavar="N", help=f"passes {words}")
    device(p)

    models = commands.add_parser("models", help="about model files")
    p = command(models.add_subparsers(metavar="COMMAND", required=True), "show", models_show)
    p.add_argument("model", metavar="M")

    p = command(commands, "demo", demo, as_json=False)
    p.add_argument("--out", default="napari-unet-demo", metavar="DIR", help="where results go")
    p.add_argument("--headless", action="store_true", help="do not open napari")
    p.add_argument("--minutes", type=positive(float), default=1.0, help="time to train, headless")

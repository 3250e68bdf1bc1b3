"""Commands about models: train, resume, evaluate, score, models, demo."""

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
    threshold,
)
from napari_unet.cli.interrupt import Stoppable
from napari_unet.console import Console
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


def evaluate(args: argparse.Namespace) -> None:
    """Score a model on a folder."""
    from napari_unet.api import evaluate as run
    from napari_unet.api import report
    from napari_unet.report import table, to_json

    with Console() as console:
        done = run(
            args.folder,
            args.model,
            subset=args.subset,
            threshold=args.threshold,
            csv=args.csv,
            limit=args.limit,
            device=args.device,
            on_event=console,
        )
        if args.html:
            report(done, args.folder, args.html, device=args.device, on_event=console)
    if args.picture:
        from napari_unet.pictures import write_picture

        write_picture(args.picture, args.folder, done)
    if args.json:
        extra = {"model": args.model, "subset": args.subset, "threshold": done.threshold}
        print_json({**extra, **to_json(done.scores, done.summary)})
    else:
        print(table(done.scores, done.summary))


def score(args: argparse.Namespace) -> None:
    """Score masks against masks."""
    from napari_unet.metrics import summarise
    from napari_unet.report import table, to_json, write_csv
    from napari_unet.scoring import score_files

    with Console() as console:
        scores = score_files(args.predictions, args.references, on_event=console)
    summary = summarise(scores)
    if args.csv:
        write_csv(args.csv, scores)
    print_json(to_json(scores, summary)) if args.json else print(table(scores, summary))


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

    p = command(commands, "evaluate", evaluate)
    p.add_argument("folder", metavar="FOLDER", help="images and masks")
    p.add_argument("--model", required=True, metavar="M")
    p.add_argument(
        "--subset",
        choices=["test", "val", "train", "all"],
        default="test",
        help="of the split saved beside the model; all: the whole folder (default test)",
    )
    p.add_argument("--csv", metavar="F", help="also write the table to this file")
    p.add_argument(
        "--html", metavar="F.html", help="also write a report with plots and pictures, in one file"
    )
    p.add_argument("--picture", metavar="F.png", help="also draw the best, median and worst cases")
    threshold(p)
    limit(p)
    device(p)

    p = command(commands, "score", score)
    p.add_argument("predictions", metavar="PREDICTIONS", help="folder of masks, or one file")
    p.add_argument("references", metavar="REFERENCES", help="folder of masks, or one file")
    p.add_argument("--csv", metavar="F", help="also write the table to this file")

    models = commands.add_parser("models", help="about model files")
    p = command(models.add_subparsers(metavar="COMMAND", required=True), "show", models_show)
    p.add_argument("model", metavar="M")

    p = command(commands, "demo", demo, as_json=False)
    p.add_argument("--out", default="napari-unet-demo", metavar="DIR", help="where results go")
    p.add_argument("--headless", action="store_true", help="do not open napari")
    p.add_argument("--minutes", type=positive(float), default=1.0, help="time to train, headless")

"""Commands about trainings: plan, runs."""

from __future__ import annotations

import argparse
from typing import Any

from napari_unet.cli.arguments import (
    MODEL,
    command,
    device,
    division,
    limit,
    model,
    positive,
    print_json,
    split_config,
)
from napari_unet.cli.settings import recipe_of, settings
from napari_unet.console import Console
from napari_unet.presets import PRESETS
from napari_unet.schema import to_json


def plan(args: argparse.Namespace) -> None:
    """Say how a folder would be trained on here: size, network, epochs, memory, and why."""
    from napari_unet.api import plan as run

    with Console() as console:
        found = run(
            args.folder,
            minutes=args.minutes or 0.0,
            epochs=args.epochs or 0,
            preset=args.preset,
            recipe=recipe_of(args, args.preset),
            split=split_config(args, ""),
            seed=args.seed,
            limit=args.limit,
            device=args.device,
            start=args.start,
            on_event=console,
        )
    if args.json:
        print_json(to_json(found))
    else:
        print("\n".join([found.words, *(f"  {reason}" for reason in found.reasons)]))


def runs(args: argparse.Namespace) -> None:
    """List what was trained, how, and how good it became."""
    from napari_unet.runs import list_runs, table, write_runs_csv
    from napari_unet.workspace import models_dir

    found = list_runs(args.folder or models_dir())
    if args.csv:
        write_runs_csv(args.csv, found)
    if args.json:
        print_json({"runs": [to_json(run) for run in found]})
    else:
        print(table(found))


def add_commands(commands: Any) -> None:
    """Add the commands about trainings."""
    p = command(commands, "plan", plan)
    p.add_argument("folder", metavar="FOLDER", help="images and masks")
    budget = p.add_mutually_exclusive_group()
    budget.add_argument("--minutes", type=positive(float), metavar="M", help="time to train")
    budget.add_argument("--epochs", type=positive(int), metavar="N", help="passes to train")
    p.add_argument("--preset", choices=list(PRESETS), default="auto", metavar="NAME")
    settings(p)
    division(p)
    limit(p)
    p.add_argument(
        "--from", dest="start", type=model, default="", metavar="M", help=f"begin with {MODEL}"
    )
    device(p)

    p = command(commands, "runs", runs)
    p.add_argument(
        "folder", nargs="?", default="", metavar="DIR", help="of models (else: the workspace's)"
    )
    p.add_argument("--csv", metavar="F", help="also write the table, with every setting")

"""Commands that learn from corrections: improve, rank."""

from __future__ import annotations

import argparse
from typing import Any

from napari_unet.cli.arguments import (
    MODEL,
    command,
    device,
    limit,
    model,
    model_file,
    natural,
    positive,
    print_json,
    share,
)
from napari_unet.cli.interrupt import Stoppable
from napari_unet.cli.training import resumable
from napari_unet.console import Console
from napari_unet.environment import speaks
from napari_unet.schema import to_json


def improve(args: argparse.Namespace) -> None:
    """Go on training a model on corrected cases, and compare it with the new one."""
    from napari_unet.api import improve as run
    from napari_unet.report.paired import improved_lines

    with resumable(args.out), Stoppable() as console:
        done = run(
            args.folder,
            args.model,
            args.out,
            cases=args.cases,
            minutes=args.minutes or 0.0,
            epochs=args.epochs or 0,
            share=args.share,
            seed=args.seed,
            device=args.device,
            on_event=console,
        )
    if not speaks():
        return
    if args.json:
        print_json(to_json(done))
    else:
        print("\n".join(improved_lines(done)))
        print(f"The new model is {done.new}; the old one, {done.old}, is unchanged.")


def rank(args: argparse.Namespace) -> None:
    """Tell which images are worth correcting next."""
    from napari_unet.api import rank as run
    from napari_unet.report.ranked import ranked_lines, write_ranked

    with Console() as console:
        done = run(
            args.folder,
            args.model,
            subset=args.subset,
            limit=args.limit,
            device=args.device,
            on_event=console,
        )
    if args.csv:
        write_ranked(args.csv, done.cases)
    print_json(to_json(done)) if args.json else print("\n".join(ranked_lines(done)))


def add_commands(commands: Any) -> None:
    """Add the commands that learn from corrections."""
    p = command(commands, "improve", improve)
    p.add_argument("folder", metavar="FOLDER", help="the data set that was corrected")
    p.add_argument(
        "--model", required=True, type=model, metavar="M", help=f"{MODEL}; it is not changed"
    )
    p.add_argument(
        *("--out", "-o"),
        required=True,
        metavar="NEW.unet.safetensors",
        type=model_file,
        help="the new model",
    )
    budget = p.add_mutually_exclusive_group()
    words = "(default: 2 to 10, by the number of corrected cases)"
    budget.add_argument("--minutes", type=positive(float), metavar="M", help=f"time {words}")
    budget.add_argument("--epochs", type=positive(int), metavar="N", help="passes to train")
    p.add_argument(
        "--cases",
        nargs="+",
        default=[],
        metavar="NAME",
        help="learn from these cases (default: all whose reference was corrected)",
    )
    p.add_argument(
        "--share",
        type=share,
        default=0.25,
        metavar="S",
        help="of every batch, drawn from the corrected cases; the rest from the others "
        "(default 0.25)",
    )
    p.add_argument("--seed", type=natural, default=0, help="of everything random (default 0)")
    device(p)

    p = command(commands, "rank", rank)
    p.add_argument("folder", metavar="FOLDER", help="images, with or without masks")
    p.add_argument("--model", required=True, type=model, metavar="M", help=MODEL)
    p.add_argument(
        "--subset",
        choices=["test", "val", "train", "all"],
        default="all",
        help="of the split saved beside the model (default all)",
    )
    p.add_argument("--csv", metavar="F", help="also write the whole list to this file")
    limit(p)
    device(p)

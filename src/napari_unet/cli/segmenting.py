"""The command segment."""

from __future__ import annotations

import argparse
from typing import Any

from napari_unet.cli.arguments import (
    MODEL,
    command,
    config_of,
    config_options,
    device,
    model,
    print_json,
    threshold,
)
from napari_unet.cli.interrupt import Stoppable
from napari_unet.config import CleanUp, SegmentConfig
from napari_unet.errors import UnetError
from napari_unet.events import SegmentFilesFinished
from napari_unet.schema import to_json

SHOWN = 3  # failures whose reasons are told again at the end


def segment(args: argparse.Namespace) -> None:
    """Segment files, folders or data sets into a folder."""
    from napari_unet.api import segment as run

    with Stoppable() as console:
        done = run(
            args.inputs,
            args.model,
            args.out,
            threshold=args.threshold,
            probabilities=args.probabilities,
            config=config_of(args, SegmentConfig),
            cleanup=config_of(args, CleanUp),
            subset=args.subset,
            table=args.table,
            again=args.again,
            workers=args.workers,
            device=args.device,
            on_event=console,
        )
    if args.json:
        print_json(to_json(done))
    else:
        print(summary(done, args.out))
    if done.failed:
        total = len(done.failed) + len(done.written) + len(done.skipped)
        more = len(done.failed) - SHOWN
        raise UnetError(
            f"{len(done.failed)} of {total} images failed: "
            + "; ".join(f"{name}: {why}" for name, why in list(done.failed.items())[:SHOWN])
            + (f"; and {more} more, named above" if more > 0 else "")
        )


def summary(done: SegmentFilesFinished, out: str) -> str:
    """Say what was written where."""
    there = f"; {len(done.skipped)} were there already" if done.skipped else ""
    table = f"\nSizes: {done.table}" if done.table else ""
    return f"{len(done.written)} label images written to {out}{there}{table}"


def add_commands(commands: Any) -> None:
    """Add the command."""
    p = command(commands, "segment", segment)
    p.add_argument("inputs", nargs="+", metavar="INPUT", help="image files, folders or data sets")
    p.add_argument("--model", required=True, type=model, metavar="M", help=MODEL)
    p.add_argument("--out", required=True, metavar="DIR", help="folder for the label images")
    p.add_argument(
        "--subset",
        choices=["test", "val", "train", "all"],
        default="all",
        help="of folders: by the split saved beside the model (default all)",
    )
    threshold(p)
    config_options(p, SegmentConfig, "how the network is asked")
    config_options(p, CleanUp, "clean-up, after the threshold and in this order")
    p.add_argument("--table", default="", metavar="F.csv", help="write the sizes of all classes")
    p.add_argument("--probabilities", action="store_true", help="also write them, as 0…255 TIFF")
    p.add_argument(
        "--again", action="store_true", help="also do what is there already from an earlier run"
    )
    p.add_argument(
        "--workers",
        default="",
        metavar="dask://HOST:PORT",
        help="spread the work over a Dask cluster: that of a scheduler, of a scheduler's file "
        "(dask://file:PATH), or of processes here (dask://local?workers=2)",
    )
    device(p)

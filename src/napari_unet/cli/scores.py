"""Commands about scores: evaluate, score, compare."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import Any

from napari_unet.cli.arguments import (
    MODEL,
    command,
    device,
    limit,
    model,
    print_json,
    threshold,
)
from napari_unet.console import Console
from napari_unet.errors import DataError
from napari_unet.events import CaseScore


def evaluate(args: argparse.Namespace) -> None:
    """Score a model on a folder."""
    from napari_unet.api import evaluate as run
    from napari_unet.api import report
    from napari_unet.report import breakdown, table, to_json

    with Console() as console:
        done = run(
            args.folder,
            args.model,
            subset=args.subset,
            threshold=args.threshold,
            csv=args.csv,
            limit=args.limit,
            surfaces=args.surfaces,
            device=args.device,
            on_event=console,
        )
        if args.html:
            report(done, args.folder, args.html, device=args.device, on_event=console)
    if args.picture:
        from napari_unet.pictures import write_picture

        write_picture(args.picture, args.folder, done)
    found: dict[str, Any] = {"model": args.model, "subset": args.subset}
    found |= {"threshold": done.threshold, **to_json(done.scores, done.summary)}
    problem: DataError | None = None
    groups: dict[str, Any] = {}
    try:
        groups = _groups(done.scores, args.by)
    except DataError as e:  # told after the scores, which took so long
        problem = e
    if args.json:
        print_json(found | ({"groups": groups} if groups else {}))
    else:
        print(table(done.scores, done.summary))
        if groups:
            print(f"\n{breakdown(args.by, groups)}")
    if problem is not None:
        raise problem


def score(args: argparse.Namespace) -> None:
    """Score masks against masks."""
    from napari_unet.metrics import summarise
    from napari_unet.report import table, to_json, write_csv
    from napari_unet.scoring import score_files

    with Console() as console:
        scores = score_files(
            args.predictions, args.references, on_event=console, surfaces=args.surfaces
        )
    summary = summarise(scores)
    if args.csv:
        write_csv(args.csv, scores)
    print_json(to_json(scores, summary)) if args.json else print(table(scores, summary))


def compare(args: argparse.Namespace) -> None:
    """Score several models and human readers on the same images."""
    from napari_unet.api import compare as run
    from napari_unet.api import report
    from napari_unet.report.compared import compared_text, write_compared
    from napari_unet.schema import to_json

    with Console() as console:
        done = run(
            args.folder,
            args.model,
            args.reader,
            subset=args.subset,
            limit=args.limit,
            surfaces=args.surfaces,
            device=args.device,
            on_event=console,
        )
        if args.html:
            report(done, args.folder, args.html, device=args.device, on_event=console)
    if args.csv:
        write_compared(args.csv, done)
    print_json(to_json(done)) if args.json else print(compared_text(done))


def _groups(scores: Sequence[CaseScore], by: str) -> dict[str, Any]:
    """Return the summary of each group, if groups were asked for."""
    from napari_unet.metrics import group, summarise

    return {name: summarise(s) for name, s in group(scores, by).items()} if by else {}


def add_commands(commands: Any) -> None:
    """Add the commands about scores."""
    p = command(commands, "evaluate", evaluate)
    p.add_argument("folder", metavar="FOLDER", help="images and masks")
    p.add_argument("--model", required=True, type=model, metavar="M", help=MODEL)
    _subset(p, "the model")
    _files(p)
    p.add_argument("--picture", metavar="F.png", help="also draw the best, median and worst cases")
    p.add_argument(
        "--by",
        default="",
        metavar="TAG",
        help="also a line for each patient (--by patient), or for each value of a tag",
    )
    _surfaces(p)
    threshold(p)
    limit(p)
    device(p)

    p = command(commands, "score", score)
    p.add_argument("predictions", metavar="PREDICTIONS", help="folder of masks, or one file")
    p.add_argument("references", metavar="REFERENCES", help="folder of masks, or one file")
    p.add_argument("--csv", metavar="F", help="also write the table to this file")
    _surfaces(p)

    p = command(commands, "compare", compare)
    p.add_argument("folder", metavar="FOLDER", help="images and masks")
    p.add_argument(
        "--model",
        action="append",
        type=model,
        default=[],
        metavar="M",
        help=f"{MODEL}; can be repeated",
    )
    p.add_argument(
        "--reader",
        action="append",
        default=[],
        metavar="[NAME=]DIR",
        help="a folder of masks that somebody drew, named like the images, or of nnU-Net's "
        "predictions; can be repeated",
    )
    _subset(p, "the first model")
    _files(p)
    _surfaces(p)
    limit(p)
    device(p)


def _subset(p: argparse.ArgumentParser, model: str) -> None:
    p.add_argument(
        "--subset",
        choices=["test", "val", "train", "all"],
        default="test",
        help=f"of the split saved beside {model}; all: the whole folder (default test)",
    )


def _files(p: argparse.ArgumentParser) -> None:
    p.add_argument("--csv", metavar="F", help="also write the table to this file")
    p.add_argument(
        "--html", metavar="F.html", help="also write a report with plots and pictures, in one file"
    )


def _surfaces(p: argparse.ArgumentParser) -> None:
    p.add_argument(
        "--no-surfaces",
        dest="surfaces",
        action="store_false",
        help="do not measure how far outlines lie apart, which takes time in large volumes",
    )

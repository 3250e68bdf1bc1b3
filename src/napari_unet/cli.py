"""The command line ``napari-unet``.

Results go to standard output, progress and warnings to standard error. Exit status: 0 done,
2 wrong usage, 1 failed with one line that says why, 130 interrupted.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from napari_unet import __version__
from napari_unet.config import SplitConfig, to_json
from napari_unet.console import Console
from napari_unet.environment import prepare
from napari_unet.errors import ConfigError, UnetError, readable
from napari_unet.jobs import AuditFinished, Offer, Progress
from napari_unet.presets import DESCRIPTIONS, PRESETS


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line; return the exit status."""
    parser = build_parser()
    args = parser.parse_args(argv)
    prepare()
    try:
        args.run(args)
    except KeyboardInterrupt:
        print("napari-unet: stopped; what was reported as saved is kept.", file=sys.stderr)
        return 130
    except BrokenPipeError:
        sys.stderr.close()  # the reader of our output has gone, as with `| head`
        return 1
    except Exception as error:
        print(f"napari-unet: {readable(error)}", file=sys.stderr)
        return 1
    return 0


# --- commands ---------------------------------------------------------------------------------


def inspect(args: argparse.Namespace) -> None:
    """Say what a folder holds and how it was understood."""
    from napari_unet.data.dataset import open_dataset
    from napari_unet.data.leftout import leave_out, put_back
    from napari_unet.data.overview import describe, describe_text

    if args.put_back:
        put_back(args.folder, args.put_back)
    dataset = open_dataset(args.folder, limit=args.limit, pairs=args.pairs)
    if args.pairs_csv:
        from napari_unet.data.pairs_table import write_pairs

        write_pairs(args.pairs_csv, dataset)
    if args.leave_out:
        dataset = leave_out(dataset, args.leave_out, args.why)
    done = _audit(args) if args.audit else None
    if args.json:
        print_json({**describe(dataset), **({"audit": to_json(done)} if done else {})})
        return
    print(describe_text(dataset))
    if done:
        from napari_unet.data.summary import describe as describe_audit

        print(describe_audit(done))


def _audit(args: argparse.Namespace) -> AuditFinished:
    from napari_unet.api import audit as run

    with Console() as console:
        return run(args.folder, split=args.split, limit=args.limit, on_event=console)


def split(args: argparse.Namespace) -> None:
    """Divide a folder into training, validation and test; check or export a split."""
    from napari_unet.data.dataset import open_dataset
    from napari_unet.data.split_report import describe, describe_text
    from napari_unet.data.splitting import check, folds_of, save

    dataset = open_dataset(args.folder)
    config = _split_config(args, args.imported or "")
    many = config.folds > 1 and not args.fold and not config.file
    if many and args.export:
        raise UnetError("Say with --fold which of the folds to export.")
    splits = folds_of(dataset, config) if many else [check(dataset, config)]
    saved = save(splits, args.out) if args.out else []
    if args.export:
        from napari_unet.data.export import export_split

        with Console() as console:
            for done, total in export_split(dataset, splits[0].split, args.export):
                console(Progress(done, total, "copying"))
    if args.json:
        print_json(
            {"splits": [describe(s, dataset) for s in splits], "saved": list(map(str, saved))}
        )
    else:
        for number, made in enumerate(splits, 1):
            print(f"Fold {number} of {len(splits)}:" if many else f"{dataset.root}:")
            print(describe_text(made, dataset))
    if leaks := sum(len(s.leaks) for s in splits):
        raise UnetError(f"The split leaks in {leaks} places, named above: scores will be too good.")


def _split_config(args: argparse.Namespace, file: str) -> SplitConfig:
    config = SplitConfig.parse(args.split, args.seed)
    fold = args.fold or 1
    return replace(config, stratify=args.stratify, folds=args.folds, fold=fold, file=file)


def train(args: argparse.Namespace) -> None:
    """Train and write a model file."""
    from napari_unet.api import train as run

    with Console() as console:
        done = run(
            args.folder,
            args.model,
            minutes=args.minutes or 0.0,
            epochs=args.epochs or 0,
            preset=args.preset,
            split=_split_config(args, args.split_file),
            seed=args.seed,
            limit=args.limit,
            device=args.device,
            on_event=console,
        )
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


def segment(args: argparse.Namespace) -> None:
    """Segment files into a folder."""
    from napari_unet.api import segment as run

    with Console() as console:
        done = run(
            args.inputs,
            args.model,
            args.out,
            threshold=args.threshold,
            probabilities=args.probabilities,
            device=args.device,
            on_event=console,
        )
    if args.json:
        print_json(to_json(done))
    else:
        print(f"{len(done.written)} label images written to {args.out}")
    if done.failed:
        raise UnetError(
            f"{len(done.failed)} of {len(done.failed) + len(done.written)} images failed: "
            + "; ".join(f"{name}: {why}" for name, why in list(done.failed.items())[:3])
        )


def evaluate(args: argparse.Namespace) -> None:
    """Score a model on a folder."""
    from napari_unet.api import evaluate as run
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


def datasets_list(args: argparse.Namespace) -> None:
    """List the data sets that are known by name."""
    from napari_unet.downloads.catalog import catalog
    from napari_unet.downloads.transfer import words

    if args.json:
        print_json({"datasets": [{**to_json(e), "size": e.size} for e in catalog()]})
        return
    for entry in catalog():
        size = words(entry.size) if entry.size else "size not known before it is asked for"
        print(f"{entry.name}: {entry.title}\n  {entry.holds}\n  {size}; {entry.licence}")
        print(f"  {entry.page}")


def datasets_fetch(args: argparse.Namespace) -> None:
    """Download a data set and unpack it."""
    from napari_unet.api import fetch as run

    with Console() as console:
        offer = run(args.source, args.out, on_event=console)
        print(describe_offer(offer), file=sys.stderr)
        if not (args.yes or _agreed()):
            raise UnetError("Nothing was downloaded.")
        done = run(args.source, args.out, agreed=True, on_event=console)
    if args.json:
        print_json(to_json(done))
    elif done.problem:
        print(f"{done.folder}: no cases were found. {done.problem}")
    else:
        people = f" of {done.patients} patients" if done.patients else ""
        print(f"{done.folder}: {done.cases} cases{people}")


def describe_offer(offer: Offer) -> str:
    """Say what would be downloaded, on which terms, and where to."""
    from napari_unet.downloads.transfer import words

    return "\n".join(
        [
            offer.title,
            f"  Size: {words(offer.size) if offer.size else 'not known before it comes'}",
            f"  Licence: {offer.licence or 'the source states none'}",
            f"  Source: {offer.page}",
            f"  Folder: {offer.folder}",
            *([f"  Note: {offer.note}"] if offer.note else []),
        ]
    )


def _agreed() -> bool:
    """Ask whether to download; without anybody to ask, that is an error."""
    if not sys.stdin.isatty():
        raise UnetError("Nobody can be asked whether to download this: say --yes.")
    print("Download it? [y/N] ", end="", file=sys.stderr, flush=True)
    return sys.stdin.readline().strip().casefold() in ("y", "yes")


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


def print_json(value: Any) -> None:
    """Print one JSON object; NaN, which JSON lacks, becomes null."""
    print(json.dumps(_without_nan(value), allow_nan=False))


def _without_nan(value: Any) -> Any:
    if isinstance(value, float) and not abs(value) < float("inf"):
        return None
    if isinstance(value, dict):
        return {k: _without_nan(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [_without_nan(v) for v in value]
    return value


# --- arguments --------------------------------------------------------------------------------


def build_parser() -> argparse.ArgumentParser:
    """Return the parser of the whole command line."""
    parser = argparse.ArgumentParser(
        prog="napari-unet", description="Train U-Nets, segment images, and score the result."
    )
    parser.add_argument("--version", action="version", version=f"napari-unet {__version__}")
    commands = parser.add_subparsers(metavar="COMMAND", required=True)

    p = _command(commands, "inspect", inspect)
    p.add_argument("folder", metavar="FOLDER", help="images and masks")
    p.add_argument("--audit", action="store_true", help="also look at every pixel for trouble")
    p.add_argument(
        "--split", default="", metavar="F", help="audit across this split file, or that of a model"
    )
    p.add_argument(
        "--leave-out", action="append", metavar="NAME", help="leave a case out from now on"
    )
    p.add_argument("--why", default="", metavar="TEXT", help="the reason, kept with it")
    p.add_argument("--put-back", action="append", metavar="NAME", help="let a case take part again")
    p.add_argument("--pairs", default="", metavar="F.csv", help="take the pairs of this table only")
    p.add_argument("--pairs-csv", metavar="F.csv", help="write the pairs, with the reason for each")
    _limit(p)

    p = _command(commands, "split", split)
    p.add_argument("folder", metavar="FOLDER", help="images and masks")
    _division(p)
    p.add_argument(
        "--import",
        dest="imported",
        metavar="F",
        help="check a split: JSON, a table, train.txt, or FOLDER itself with train/ and test/",
    )
    p.add_argument("--out", metavar="F.json", help="write the split; a file for each fold")
    p.add_argument("--export", metavar="DIR", help="copy the cases to DIR/train, DIR/test, …")

    p = _command(commands, "train", train)
    p.add_argument("folder", metavar="FOLDER", help="images and masks")
    p.add_argument("--model", required=True, metavar="OUT.unet.safetensors", type=_model_file)
    budget = p.add_mutually_exclusive_group()
    budget.add_argument("--minutes", type=_positive(float), metavar="M", help="time to train")
    budget.add_argument("--epochs", type=_positive(int), metavar="N", help="passes to train")
    _division(p)
    p.add_argument("--split-file", default="", metavar="F", help="keep to this split instead")
    words = "; ".join(f"{name}: {text}" for name, text in DESCRIPTIONS.items())
    p.add_argument("--preset", choices=list(PRESETS), default="auto", metavar="NAME", help=words)
    _limit(p)
    _device(p)

    p = _command(commands, "segment", segment)
    p.add_argument("inputs", nargs="+", metavar="INPUT", help="image files or folders")
    p.add_argument("--model", required=True, metavar="M")
    p.add_argument("--out", required=True, metavar="DIR", help="folder for the label images")
    _threshold(p)
    p.add_argument("--probabilities", action="store_true", help="also write them, as 0…255 TIFF")
    _device(p)

    p = _command(commands, "evaluate", evaluate)
    p.add_argument("folder", metavar="FOLDER", help="images and masks")
    p.add_argument("--model", required=True, metavar="M")
    p.add_argument(
        "--subset",
        choices=["test", "val", "train", "all"],
        default="test",
        help="of the split saved beside the model; all: the whole folder (default test)",
    )
    p.add_argument("--csv", metavar="F", help="also write the table to this file")
    p.add_argument("--picture", metavar="F.png", help="also draw the best, median and worst cases")
    _threshold(p)
    _limit(p)
    _device(p)

    p = _command(commands, "score", score)
    p.add_argument("predictions", metavar="PREDICTIONS", help="folder of masks, or one file")
    p.add_argument("references", metavar="REFERENCES", help="folder of masks, or one file")
    p.add_argument("--csv", metavar="F", help="also write the table to this file")

    datasets = commands.add_parser("datasets", help="data sets to download").add_subparsers(
        metavar="COMMAND", required=True
    )
    _command(datasets, "list", datasets_list)
    p = _command(datasets, "fetch", datasets_fetch)
    p.add_argument(
        "source",
        metavar="NAME|URL",
        help="a name from the list, or the address of a file, of an article on figshare, or of a "
        "file shared on Google Drive",
    )
    p.add_argument("--out", default="", metavar="DIR", help="the folder to make (else: workspace)")
    p.add_argument("--yes", action="store_true", help="do not ask after showing size and licence")

    models = commands.add_parser("models", help="about model files")
    p = _command(models.add_subparsers(metavar="COMMAND", required=True), "show", models_show)
    p.add_argument("model", metavar="M")

    p = _command(commands, "demo", demo, json=False)
    p.add_argument("--out", default="napari-unet-demo", metavar="DIR", help="where results go")
    p.add_argument("--headless", action="store_true", help="do not open napari")
    p.add_argument("--minutes", type=_positive(float), default=1.0, help="time to train, headless")
    return parser


def _command(commands: Any, name: str, run: Any, json: bool = True) -> argparse.ArgumentParser:
    text = (run.__doc__ or "").splitlines()[0]
    p: argparse.ArgumentParser = commands.add_parser(name, help=text, description=text)
    p.set_defaults(run=run)
    if json:
        p.add_argument("--json", action="store_true", help="print one JSON object")
    return p


def _division(p: argparse.ArgumentParser) -> None:
    p.add_argument(
        "--split", default="80:10:10", type=_split, help="train:val:test, or train:test as in 70:30"
    )
    p.add_argument("--seed", type=_natural, default=0, help="of everything random (default 0)")
    p.add_argument("--folds", type=_natural, default=0, metavar="K", help="cross-validation")
    p.add_argument("--fold", type=_natural, default=0, metavar="N", help="tested, from 1 on")
    p.add_argument("--stratify", default="", metavar="TAG", help="spread its values evenly")


def _limit(p: argparse.ArgumentParser) -> None:
    p.add_argument("--limit", type=_natural, default=0, metavar="N", help="use at most N cases")


def _device(p: argparse.ArgumentParser) -> None:
    p.add_argument("--device", default="auto", help="auto, cpu, cuda, cuda:1, mps")


def _threshold(p: argparse.ArgumentParser) -> None:
    p.add_argument(
        "--threshold", type=_share, metavar="T", help="0 to 1 (default: the model's own)"
    )


def _positive(kind: type) -> Any:
    def number(text: str) -> Any:
        value = kind(text)
        if not 0 < value < float("inf"):
            raise argparse.ArgumentTypeError(f"{text} is not above zero")
        return value

    return number


def _natural(text: str) -> int:
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number from 0 on")
    return int(text)


def _share(text: str) -> float:
    value = float(text)
    if not 0 <= value <= 1:
        raise argparse.ArgumentTypeError(f"{text} is not between 0 and 1")
    return value


def _split(text: str) -> str:
    try:
        SplitConfig.parse(text)
    except ConfigError as e:
        raise argparse.ArgumentTypeError(str(e)) from e
    return text


def _model_file(text: str) -> str:
    from napari_unet.card import SUFFIX

    if not text.endswith(SUFFIX):
        raise argparse.ArgumentTypeError(f"{text!r}: the name must end in {SUFFIX}")
    return text


if __name__ == "__main__":
    sys.exit(main())

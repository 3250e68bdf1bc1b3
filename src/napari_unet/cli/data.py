"""Commands about data: inspect, split, datasets."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from napari_unet.cli.arguments import (
    command,
    division,
    limit,
    natural,
    print_json,
    split_config,
    split_or_model,
)
from napari_unet.console import Console
from napari_unet.errors import UnetError
from napari_unet.events import AuditFinished, Offer, Progress
from napari_unet.schema import to_json

if TYPE_CHECKING:
    from napari_unet.data.cases import Dataset
    from napari_unet.data.splits.split import Split


def inspect(args: argparse.Namespace) -> None:
    """Say what a folder holds and how it was understood."""
    from napari_unet.data.audit.leftout import leave_out, put_back
    from napari_unet.data.dataset import open_dataset, say_unlabelled
    from napari_unet.data.overview import describe, describe_text

    if args.put_back:
        put_back(args.folder, args.put_back)
    dataset = open_dataset(args.folder, limit=args.limit, pairs=args.pairs)
    if args.unlabelled is not None:
        dataset = say_unlabelled(dataset, args.unlabelled)
    if args.pairs_csv:
        from napari_unet.data.pairing.pairs_table import write_pairs

        write_pairs(args.pairs_csv, dataset)
    if args.leave_out:
        dataset = leave_out(dataset, args.leave_out, args.why)
    done = _audit(args) if args.audit else None
    if args.json:
        print_json({**describe(dataset), **({"audit": to_json(done)} if done else {})})
        return
    print(describe_text(dataset))
    if done:
        from napari_unet.data.audit.summary import describe as describe_audit

        print(describe_audit(done))


def _audit(args: argparse.Namespace) -> AuditFinished:
    from napari_unet.api import audit as run

    with Console() as console:
        return run(args.folder, split=args.split, limit=args.limit, on_event=console)


def split(args: argparse.Namespace) -> None:
    """Divide a folder into training, validation and test; check or export a split."""
    from napari_unet.data.dataset import open_dataset
    from napari_unet.data.splits.report import describe, describe_text
    from napari_unet.data.splits.splitting import check, folds_of, save

    dataset = open_dataset(args.folder)
    config = split_config(args, args.imported or "")
    many = config.folds > 1 and not args.fold and not config.file
    if many and args.export:
        raise UnetError("Say with --fold which of the folds to export.")
    splits = folds_of(dataset, config) if many else [check(dataset, config)]
    saved = save(splits, args.out) if args.out else []
    if args.export:
        with Console() as console:
            for done, total in _exported(args, dataset, splits[0].split):
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


def _exported(
    args: argparse.Namespace, dataset: Dataset, chosen: Split
) -> Iterator[tuple[int, int]]:
    if args.layout == "nnunet":
        from napari_unet.exchange.nnunet import export_nnunet

        return export_nnunet(dataset, chosen, args.export, args.channels or ())
    from napari_unet.data.splits.export import export_split

    if args.channels:
        raise UnetError("Names of channels are for --layout nnunet.")
    return export_split(dataset, chosen, args.export)


def datasets_list(args: argparse.Namespace) -> None:
    """List the data sets that are known by name."""
    from napari_unet.downloads.catalog import catalog
    from napari_unet.quantities import size_words

    if args.json:
        print_json({"datasets": [{**to_json(e), "size": e.size} for e in catalog()]})
        return
    for entry in catalog():
        size = size_words(entry.size) if entry.size else "size not known before it is asked for"
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
    from napari_unet.quantities import size_words

    return "\n".join(
        [
            offer.title,
            f"  Size: {size_words(offer.size) if offer.size else 'not known before it comes'}",
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


def add_commands(commands: Any) -> None:
    """Add the commands about data."""
    p = command(commands, "inspect", inspect)
    p.add_argument("folder", metavar="FOLDER", help="images and masks")
    p.add_argument("--audit", action="store_true", help="also look at every pixel for trouble")
    p.add_argument(
        "--split",
        type=split_or_model,
        default="",
        metavar="F",
        help="audit across this split file, or that of a model (a file or a name of the library)",
    )
    p.add_argument(
        "--leave-out", action="append", metavar="NAME", help="leave a case out from now on"
    )
    p.add_argument("--why", default="", metavar="TEXT", help="the reason, kept with it")
    p.add_argument(
        "--unlabelled",
        type=natural,
        nargs="*",
        metavar="V",
        help="values of masks that mean nobody labelled these pixels, from now on; none: as found",
    )
    p.add_argument("--put-back", action="append", metavar="NAME", help="let a case take part again")
    p.add_argument("--pairs", default="", metavar="F.csv", help="take the pairs of this table only")
    p.add_argument("--pairs-csv", metavar="F.csv", help="write the pairs, with the reason for each")
    limit(p)

    p = command(commands, "split", split)
    p.add_argument("folder", metavar="FOLDER", help="images and masks")
    division(p)
    p.add_argument(
        "--import",
        dest="imported",
        metavar="F",
        help="check a split: JSON, a table, train.txt, or FOLDER itself with train/ and test/",
    )
    p.add_argument("--out", metavar="F.json", help="write the split; a file for each fold")
    p.add_argument("--export", metavar="DIR", help="copy the cases to DIR/train, DIR/test, …")
    p.add_argument(
        "--layout",
        choices=["folders", "nnunet"],
        default="folders",
        help="of what --export writes; nnunet: nnU-Net's raw layout, DIR is called DatasetNNN_Name",
    )
    p.add_argument(
        "--channels",
        nargs="+",
        metavar="NAME",
        help="what nnU-Net is to call the images' channels, such as CT, which it scales otherwise",
    )

    datasets = commands.add_parser("datasets", help="data sets to download").add_subparsers(
        metavar="COMMAND", required=True
    )
    command(datasets, "list", datasets_list)
    p = command(datasets, "fetch", datasets_fetch)
    p.add_argument(
        "source",
        metavar="NAME|URL",
        help="a name from the list, or the address of a file, of an article on figshare, or of a "
        "file shared on Google Drive",
    )
    p.add_argument("--out", default="", metavar="DIR", help="the folder to make (else: workspace)")
    p.add_argument("--yes", action="store_true", help="do not ask after showing size and licence")

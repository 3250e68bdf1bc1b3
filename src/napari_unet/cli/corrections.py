"""Commands about corrections: what is kept of each case, which counts, and masks to hand on."""

from __future__ import annotations

import argparse
from dataclasses import asdict
from pathlib import Path
from typing import Any

from napari_unet.cli.arguments import command, natural, print_json
from napari_unet.console import Console
from napari_unet.errors import UnetError
from napari_unet.events import Progress
from napari_unet.quantities import size_words


def list_them(args: argparse.Namespace) -> None:
    """List the versions of every corrected case, and which of them count."""
    from napari_unet.data import corrections

    root = _root(args.folder)
    corrections.recover(root)
    found = {case: corrections.versions(root, case) for case in corrections.cases(root)}
    counts = {case: _counts(root, case) for case in found}
    size = corrections.bytes_of(root)
    if args.json:
        print_json(
            {
                "folder": str(root),
                "bytes": size,
                "cases": {
                    case: {
                        "counts": counts[case],
                        "versions": [{**asdict(v), "path": str(v.path)} for v in versions],
                    }
                    for case, versions in found.items()
                },
            }
        )
        return
    total = sum(map(len, found.values()))
    print(f"{root}: {total} versions of {len(found)} cases, {size_words(size)}")
    for case, versions in found.items():
        print(f"{case}:")
        for v in versions:
            roles = [role for role, number in counts[case].items() if number == v.number]
            marks = f"  <- counts as {' and '.join(roles)}" if roles else ""
            state = f"damaged: {v.damage}" if v.damage else f"+{v.added} -{v.removed} px"
            print(f"  {v.number:4d}  {v.saved[:16]}  {v.role:10}  {state}  {v.by}{marks}")


def restore(args: argparse.Namespace) -> None:
    """Let a version of a case count, or its original mask."""
    from napari_unet.data import corrections

    root = _root(args.folder)
    if args.case not in corrections.cases(root):
        raise UnetError(f"Nothing of a case {args.case!r} was corrected in {root}.")
    number = None if args.version == 0 else args.version
    corrections.choose(root, args.case, args.role, number)
    counts = _counts(root, args.case)
    if args.json:
        print_json({"case": args.case, "counts": counts})
    else:
        what = f"version {number}" if number else "the original"
        print(f"{args.case}: {what} counts as {args.role}")


def export(args: argparse.Namespace) -> None:
    """Write the corrected masks, like the originals, into a new folder."""
    from napari_unet.data import corrections
    from napari_unet.data.corrections.exporting import export as run
    from napari_unet.data.dataset import open_dataset

    corrections.recover(_root(args.folder))
    dataset, written = open_dataset(args.folder), []
    with Console() as console:
        for path, total in run(dataset, args.out):
            written.append(str(path))
            console(Progress(len(written), total, "writing"))
    if args.json:
        print_json({"written": written})
    else:
        print(f"{args.out}: {len(written)} corrected masks")


def _counts(root: Path, case: str) -> dict[str, int | None]:
    from napari_unet.data import corrections

    found = {role: corrections.current(root, case, role) for role in corrections.ROLES}
    return {role: version.number if version else None for role, version in found.items()}


def _root(folder: str) -> Path:
    root = Path(folder).expanduser().absolute()
    if not root.is_dir():
        raise UnetError(f"There is no folder {root}.")
    return root


def add_commands(commands: Any) -> None:
    """Add the commands about corrections."""
    parser = commands.add_parser("corrections", help="masks that were corrected by hand")
    inside = parser.add_subparsers(metavar="COMMAND", required=True)
    for name, run in (("list", list_them), ("restore", restore), ("export", export)):
        p = command(inside, name, run)
        p.add_argument("folder", metavar="FOLDER", help="images and masks")
        if run is restore:
            p.add_argument("case", metavar="CASE", help="its name, as `corrections list` tells")
            p.add_argument("version", type=natural, metavar="N", help="its number; 0: the original")
            p.add_argument(
                "--role", choices=("reference", "prediction"), default="reference", help="as what"
            )
        elif run is export:
            p.add_argument("--out", required=True, metavar="DIR", help="a new or empty folder")

"""Commands about models: the library, demo."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from napari_unet.cli.arguments import MODEL, command, model, positive, print_json
from napari_unet.errors import ModelError, UnetError
from napari_unet.quantities import size_words
from napari_unet.schema import to_json


def list_models(args: argparse.Namespace) -> None:
    """List the models of the library, and what they are for."""
    from napari_unet import library
    from napari_unet.library import words

    if args.removed:
        gone = library.removed()
        if args.json:
            print_json({"removed": [_removed(one) for one in gone]})
        else:
            print(words.trash(gone))
        return
    listed = library.entries()
    same = library.duplicates(listed)
    found = library.search(" ".join(args.text), listed)
    if not args.json:
        if args.text and not found:
            print(f"No model holds “{' '.join(args.text)}”.")
            return
        shown = {entry.path for entry in found}
        print(words.table(found, [g for g in same if shown & {e.path for e in g}]))
        return
    equal = {e.path: [o.name for o in group if o is not e] for group in same for e in group}
    print_json({"models": [{**_told(e), "same_as": equal.get(e.path, [])} for e in found]})


def show(args: argparse.Namespace) -> None:
    """Describe a model: what it does, is for and must not be used for, its scores and network."""
    from napari_unet.card import checksum
    from napari_unet.library import read_entry, words
    from napari_unet.unet.summary import describe_model

    entry = read_entry(args.model)
    if entry.card is None:
        raise ModelError(entry.error)
    digest = checksum(entry.path)
    if args.json:
        told = {**_told(entry), "sha256": digest}
        print_json({**to_json(entry.card), "file": told})
        return
    head, _, network = describe_model(entry.card).partition("\n\n")
    where = "came with napari-unet" if entry.boxed else entry.path
    file = f"file          {where}, {size_words(entry.size)}\nSHA-256       {digest} (weights)"
    parts = [head, words.score_lines(entry), file, words.about(entry.card)]
    print("\n".join(part for part in parts if part) + f"\n\n{network}")


def bring_in(args: argparse.Namespace) -> None:
    """Put a copy of a model into the library, once it was found to be sound and to run."""
    from napari_unet.library import add
    from napari_unet.library.formats import to_read

    options = _options(args.option, to_read, "read", args.source, args.format)
    done = add(args.source, args.name, args.format, **options)
    if args.json:
        print_json({**_told(done.entry), "known": done.known})
    elif done.known:
        print(f"The library has this model already, with the very same weights: {done.entry.name}")
    else:
        print(f"{done.entry.name} is in the library: {done.entry.path}")


def export(args: argparse.Namespace) -> None:
    """Write a model for others to use, in the format that the ending of TARGET tells."""
    from napari_unet.library import export as run
    from napari_unet.library.formats import to_write

    options = _options(args.option, to_write, "write", args.target, args.format)
    path = run(args.model, args.target, args.format, **options)
    if args.json:
        print_json({"path": str(path)})
    else:
        print(f"{path}: {size_words(_size(path))}")


def rename(args: argparse.Namespace) -> None:
    """Give a model another name, with all that lies beside it."""
    from napari_unet.library import name_of
    from napari_unet.library import rename as run

    old = name_of(args.model)
    entry = run(args.model, args.new)
    if args.json:
        print_json(_told(entry))
    elif entry.name == old:
        print(f"The model is called {old} already: {entry.path}")
    else:
        print(f"The model is now called {entry.name}: {entry.path}")
        print(f"To undo that: napari-unet models rename '{entry.name}' '{old}'")


def remove(args: argparse.Namespace) -> None:
    """Move a model, and all that lies beside it, into the trash."""
    from napari_unet.library import name_of
    from napari_unet.library import remove as run
    from napari_unet.library.names import find_own

    name = name_of(find_own(args.model))
    if not (args.yes or _agreed(name)):
        raise UnetError(f"{name} was not removed.")
    gone = run(args.model)
    if args.json:
        print_json(_removed(gone))
    else:
        print(f"{name} is in the trash. To bring it back: napari-unet models restore '{name}'")


def restore(args: argparse.Namespace) -> None:
    """Bring a model back from the trash: the one that was removed last, or was called M."""
    from napari_unet.library import restore as run

    entry = run(args.name)
    if args.json:
        print_json(_told(entry))
    else:
        print(f"{entry.name} is back: {entry.path}")


def verify(args: argparse.Namespace) -> None:
    """Read all of models, by default of the whole library, and run each once."""
    from napari_unet import library

    told: list[dict[str, Any]] = []
    for path in args.models or [entry.path for entry in library.entries()]:
        try:
            found = library.verify(path)
        except UnetError as e:
            told.append({"name": library.name_of(path), "path": str(path), "error": str(e)})
        else:
            told.append({**to_json(found), "error": ""})
        if not args.json:
            print(told[-1]["error"] or found.text)
    if args.json:
        print_json({"models": told})
    if wrong := [t["name"] for t in told if t["error"]]:
        raise ModelError(f"{len(wrong)} of {len(told)} models cannot be used: {', '.join(wrong)}.")


def demo(args: argparse.Namespace) -> None:
    """Show the program on sample data: in napari, or headless where there is no display."""
    from napari_unet.demo import run

    run(args.out, headless=args.headless, minutes=args.minutes)


def _options(
    texts: Sequence[str], choose: Callable[[str, str], Any], able: str, path: str, name: str
) -> dict[str, Any]:
    """Return what the format is told besides; it is that of the file, or the one that is named."""
    from napari_unet.library.options import options_of

    return options_of(getattr(choose(path, name), able), texts) if texts else {}


def _told(entry: Any) -> dict[str, Any]:
    """Return what is told of a model as JSON."""
    from napari_unet.library import scores

    card = entry.card
    return {
        "name": entry.name,
        "path": entry.path,
        "boxed": entry.boxed,
        "bytes": entry.size,
        "modified": entry.modified,
        "error": entry.error,
        "classes": list(card.classes) if card else [],
        "summary": str(card.about.get("summary", "")) if card else "",
        "scores": scores(entry),
    }


def _removed(one: Any) -> dict[str, Any]:
    when = one.when.isoformat(timespec="seconds")
    return {"name": one.name, "folder": str(one.folder), "removed": when, "bytes": one.size}


def _size(path: Path) -> int:
    """Return the bytes of a file, or of all files in a folder."""
    files = [f for f in path.rglob("*") if f.is_file()] if path.is_dir() else [path]
    return sum(f.stat().st_size for f in files)


def _agreed(name: str) -> bool:
    """Ask whether to remove a model; without anybody to ask, that is an error."""
    if not sys.stdin.isatty():
        raise UnetError(f"Nobody can be asked whether to remove {name}: say --yes.")
    words = f"Remove {name}, and what lies beside it? It can be brought back. [y/N] "
    print(words, end="", file=sys.stderr, flush=True)
    return sys.stdin.readline().strip().casefold() in ("y", "yes")


def add_commands(commands: Any) -> None:
    """Add the commands about models."""
    models = commands.add_parser("models", help="the library of models")
    inside = models.add_subparsers(metavar="COMMAND", required=True)
    _add_reading(inside)
    _add_changing(inside)

    p = command(commands, "demo", demo, as_json=False)
    p.add_argument("--out", default="napari-unet-demo", metavar="DIR", help="where results go")
    p.add_argument("--headless", action="store_true", help="do not open napari")
    p.add_argument("--minutes", type=positive(float), default=1.0, help="time to train, headless")


def _add_reading(inside: Any) -> None:
    """Add the commands that leave the library as it is."""
    p = command(inside, "list", list_models)
    p.add_argument(
        "text",
        nargs="*",
        metavar="TEXT",
        help="those of whose name, classes, data or description every word is part",
    )
    p.add_argument("--removed", action="store_true", help="list what is in the trash instead")
    p = command(inside, "show", show)
    p.add_argument("model", type=model, metavar="M", help=MODEL)
    p = command(inside, "verify", verify)
    p.add_argument("models", nargs="*", type=model, metavar="M", help=f"{MODEL} (default: all)")
    p = command(inside, "export", export)
    p.add_argument("model", type=model, metavar="M", help=MODEL)
    p.add_argument("target", metavar="TARGET", help="the file to write, or a folder for it")
    _format(p, "write", "the ending's")


def _add_changing(inside: Any) -> None:
    """Add the commands that change the library."""
    p = command(inside, "import", bring_in)
    p.add_argument("source", metavar="SOURCE", help="the file to copy; it is left as it is")
    _format(p, "read", "the ending's")
    p.add_argument("--name", default="", metavar="N", help="what to call it (default: as its file)")
    p = command(inside, "rename", rename)
    p.add_argument("model", type=model, metavar="M", help=MODEL)
    p.add_argument("new", metavar="NEW", help="the new name")
    p = command(inside, "remove", remove)
    p.add_argument("model", type=model, metavar="M", help=MODEL)
    p.add_argument("--yes", action="store_true", help="do not ask")
    p = command(inside, "restore", restore)
    p.add_argument("name", nargs="?", default="", metavar="M", help="(default: the last one)")


def _format(p: argparse.ArgumentParser, able: str, default: str) -> None:
    from napari_unet.library.formats import FORMATS

    known = {f.name: f.title for f in FORMATS if getattr(f, able)}
    words = "; ".join(f"{name}: {title}" for name, title in known.items())
    p.add_argument(
        "--format",
        choices=list(known),
        default="",
        metavar="F",
        help=f"(default: {default}) {words}",
    )
    p.add_argument(
        "--option",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="what the format can be told besides (docs/exchange.md); can be repeated",
    )

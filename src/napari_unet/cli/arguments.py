"""What the commands share: options, checks of what was typed, and JSON on standard output."""

from __future__ import annotations

import argparse
import dataclasses
import json
import math
import typing
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Literal, TypeVar

from napari_unet.config import SplitConfig
from napari_unet.errors import ConfigError
from napari_unet.presets import split_of

C = TypeVar("C")


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


def command(commands: Any, name: str, run: Any, as_json: bool = True) -> argparse.ArgumentParser:
    """Add a command that calls ``run``; its first line of documentation is the help."""
    text = (run.__doc__ or "").splitlines()[0]
    p: argparse.ArgumentParser = commands.add_parser(name, help=text, description=text)
    p.set_defaults(run=run)
    if as_json:
        p.add_argument("--json", action="store_true", help="print one JSON object")
    return p


def division(p: argparse.ArgumentParser) -> None:
    """Add the options of a split."""
    p.add_argument(
        "--split",
        type=split_text,
        help="train:val:test, or train:test as in 70:30 (default: the preset's, 80:10:10)",
    )
    p.add_argument("--seed", type=natural, default=0, help="of everything random (default 0)")
    p.add_argument("--folds", type=natural, default=0, metavar="K", help="cross-validation")
    p.add_argument("--fold", type=natural, default=0, metavar="N", help="tested, from 1 on")
    p.add_argument("--stratify", default="", metavar="TAG", help="spread its values evenly")


def limit(p: argparse.ArgumentParser) -> None:
    """Add the limit on the number of cases."""
    p.add_argument("--limit", type=natural, default=0, metavar="N", help="use at most N cases")


def device(p: argparse.ArgumentParser) -> None:
    """Add the choice of the device."""
    p.add_argument("--device", default="auto", help="auto, cpu, cuda, cuda:1, mps")


def threshold(p: argparse.ArgumentParser) -> None:
    """Add the choice of a threshold."""
    p.add_argument("--threshold", type=share, metavar="T", help="0 to 1 (default: the model's own)")


def config_options(p: argparse.ArgumentParser, config: type, title: str) -> None:
    """Add an option for every setting of a config dataclass, in its own words."""
    group = p.add_argument_group(title)
    hints = typing.get_type_hints(config)
    for f in dataclasses.fields(config):
        flag, hint = f"--{f.name.replace('_', '-')}", hints[f.name]
        words = f.metadata["help"].replace("%", "%%")
        if hint is bool:
            group.add_argument(flag, action="store_true", help=words)
        elif typing.get_origin(hint) is Literal:
            words = f"{words} (default {f.default})"
            group.add_argument(flag, choices=typing.get_args(hint), default=f.default, help=words)
        else:
            kind = bounded(hint, f.metadata["low"], f.metadata["high"])
            metavar = "N" if hint is int else "X"
            group.add_argument(flag, type=kind, default=f.default, metavar=metavar, help=words)


def config_of(args: argparse.Namespace, config: type[C]) -> C:
    """Return the settings that the options of `config_options` ask for."""
    names = [f.name for f in dataclasses.fields(config)]  # type: ignore[arg-type]
    return config(**{name: getattr(args, name) for name in names})


def bounded(kind: type, low: float | None, high: float | None) -> Any:
    """Return a parser of numbers within bounds, which belong to them."""

    def number(text: str) -> Any:
        value = kind(text)
        if not (-math.inf if low is None else low) <= value <= (math.inf if high is None else high):
            within = f"from {low:g}" + (" up" if high is None else f" to {high:g}")
            raise argparse.ArgumentTypeError(f"{text} does not lie {within}")
        return value

    number.__name__ = kind.__name__  # what argparse calls it where the text is no number
    return number


def positive(kind: type) -> Any:
    """Return a parser of numbers above zero."""

    def number(text: str) -> Any:
        value = kind(text)
        if not 0 < value < float("inf"):
            raise argparse.ArgumentTypeError(f"{text} is not above zero")
        return value

    return number


def natural(text: str) -> int:
    """Parse a whole number from 0 on."""
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number from 0 on")
    return int(text)


def share(text: str) -> float:
    """Parse a number from 0 to 1."""
    value = float(text)
    if not 0 <= value <= 1:
        raise argparse.ArgumentTypeError(f"{text} is not between 0 and 1")
    return value


def split_text(text: str) -> str:
    """Check the shares of a split, such as 80:10:10."""
    try:
        SplitConfig.parse(text)
    except ConfigError as e:
        raise argparse.ArgumentTypeError(str(e)) from e
    return text


def model_file(text: str) -> str:
    """Check the name of a model file to write."""
    from napari_unet.card import SUFFIX

    if not text.endswith(SUFFIX):
        raise argparse.ArgumentTypeError(f"{text!r}: the name must end in {SUFFIX}")
    return text


MODEL = "a model file, or the name of a model of the library"


@dataclass(frozen=True)
class Sought:
    """What was typed for a file that is looked for once all else was found to be right."""

    text: str
    find: Callable[[str], str]


def model(text: str) -> Sought:
    """Take a model that is read: a path, or a name of the library."""
    return Sought(text, _model)


def trained_model(text: str) -> Sought:
    """Take a model whose training is to go on, which need not be written yet."""
    return Sought(text, _trained_model)


def split_or_model(text: str) -> Sought:
    """Take a split file, or the model beside which one lies."""
    return Sought(text, _split_or_model)


def found(args: argparse.Namespace) -> argparse.Namespace:
    """Return what was typed, with paths in place of what was `Sought`.

    That is not done while it is parsed: a missing model is no wrong usage, and wrong usage is told
    first.

    Raises
    ------
    ModelError
        If there is no such model.
    """
    return argparse.Namespace(**{name: _found(value) for name, value in vars(args).items()})


def _found(value: Any) -> Any:
    if isinstance(value, list):
        return [_found(v) for v in value]
    return value.find(value.text) if isinstance(value, Sought) else value


def _model(text: str) -> str:
    from napari_unet.library import find

    return str(find(text)) if text else text


def _trained_model(text: str) -> str:
    from napari_unet.library.jobs import find_training

    return str(find_training(text))


def _split_or_model(text: str) -> str:
    from napari_unet.library.jobs import find_split

    return find_split(text)


def split_config(args: argparse.Namespace, file: str) -> SplitConfig:
    """Return the division that the options of `division` ask for, or that of a file."""
    shares = args.split or split_of(getattr(args, "preset", ""))
    config = SplitConfig.parse(shares, args.seed)
    fold = args.fold or 1
    return replace(config, stratify=args.stratify, folds=args.folds, fold=fold, file=file)

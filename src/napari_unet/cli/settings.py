"""Single settings of a preset, changed from the command line: ``--set optim.loss=tversky``."""

from __future__ import annotations

import argparse
import re
import textwrap
from collections.abc import Sequence
from dataclasses import fields, replace
from difflib import get_close_matches
from typing import Any, Literal, get_args, get_origin, get_type_hints

from napari_unet.config import Recipe
from napari_unet.errors import ConfigError
from napari_unet.presets import begun_at_random
from napari_unet.presets import preset as find_preset

SECTIONS = ("network", "preprocess", "augment", "optim")
# Given by the data, or by options of their own.
NOT_HERE = {"in_channels", "out_channels", "mean", "std", "epochs", "minutes", "seed", "device"}
YES, NO = ("yes", "on", "true", "1"), ("no", "off", "false", "0")


def settings(p: argparse.ArgumentParser) -> None:
    """Add the options that change settings of the preset, and list them."""
    p.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="change a setting of the preset, such as loss=tversky or preprocess.size=256x256; can "
        "be repeated (--settings lists them)",
    )
    p.add_argument("--settings", action=_List, nargs=0, help="list what --set changes, and exit")


def recipe_of(args: argparse.Namespace, preset: str) -> Recipe | None:
    """Return a preset with what the options change of it; None if they change nothing.

    Raises
    ------
    ConfigError
        As `changed`.
    """
    recipe = find_preset(preset)
    if getattr(args, "random_weights", False):
        recipe = begun_at_random(recipe)
    recipe = changed(recipe, args.set)
    return None if recipe == find_preset(preset) else recipe


def changed(recipe: Recipe, wanted: Sequence[str]) -> Recipe:
    """Return a recipe with other values, each given as ``NAME=VALUE`` or ``SECTION.NAME=VALUE``.

    Raises
    ------
    ConfigError
        For an unknown name, a value that is none for it, or values that do not go together.
    """
    hints = _hints()
    values: dict[str, dict[str, Any]] = {section: {} for section in SECTIONS}
    for text in wanted:
        name, equals, value = text.partition("=")
        if not equals:
            raise ConfigError(f"--set {text}: write it as NAME=VALUE")
        section, field = _named(name.strip(), hints)
        values[section][field] = _value(value.strip(), hints[section, field])
    parts = {s: replace(getattr(recipe, s), **new) for s, new in values.items() if new}
    return replace(recipe, **parts)


def _hints() -> dict[tuple[str, str], Any]:
    """Return the type of every setting, by section and name."""
    recipe = Recipe()
    return {
        (section, name): hint
        for section in SECTIONS
        for name, hint in get_type_hints(type(getattr(recipe, section))).items()
        if name not in NOT_HERE
    }


def _named(name: str, hints: dict[tuple[str, str], Any]) -> tuple[str, str]:
    """Return section and name of a setting; the section may be left out where one has it alone."""
    found = [key for key in hints if name in (".".join(key), key[1])]
    if len(found) == 1:
        return found[0]
    if found:
        both = " or ".join(".".join(key) for key in found)
        raise ConfigError(f"--set {name}: there are two settings of this name: write {both}")
    near = get_close_matches(name.rpartition(".")[2], [key[1] for key in hints], 3)
    hint = f"did you mean {' or '.join(near)}?" if near else "--settings lists them."
    raise ConfigError(f"--set {name}: there is no such setting: {hint}")


def _value(text: str, hint: Any) -> Any:
    """Read a value as its type wants it; what cannot be read is told of when it is checked."""
    if get_origin(hint) is Literal:
        return next((choice for choice in get_args(hint) if str(choice) == text), text)
    if get_origin(hint) is tuple:
        kind = get_args(hint)[0]
        return tuple(_value(part, kind) for part in re.split(r"[,x× ]+", text) if part)
    if hint is bool:
        return True if text.lower() in YES else False if text.lower() in NO else text
    if hint in (int, float):
        try:
            return hint(text)
        except ValueError:
            return text
    return text


class _List(argparse.Action):
    """Print every setting with its words, and exit."""

    def __call__(self, parser: argparse.ArgumentParser, *_: Any) -> None:
        for (section, name), hint in _hints().items():
            config = getattr(Recipe(), section)
            words = next(f.metadata for f in fields(config) if f.name == name)
            choices = f" ({', '.join(map(str, get_args(hint)))})" * (get_origin(hint) is Literal)
            text = f"{words['label']}{choices}. {words['help']}".replace("(, ", "(")
            print(f"{section}.{name}")
            print(textwrap.fill(text, 78, initial_indent="    ", subsequent_indent="    "))
        parser.exit()

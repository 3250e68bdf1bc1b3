"""Frozen dataclasses that carry their own words, checked, and turned to JSON and back.

Each field's metadata holds the label, the help text and the bounds; the command line, the forms
and the docs all read them from there, so that they say the same. ``to_json`` and ``from_json``
are exact inverses; ``from_json`` refuses what it does not know, since it also reads the headers of
model files that came from elsewhere.
"""

from __future__ import annotations

import dataclasses
import types
import typing
from collections.abc import Callable, Mapping
from dataclasses import field
from functools import cache
from typing import Any, Literal, TypeVar

from napari_unet.errors import ConfigError

T = TypeVar("T")


def option(
    default: Any,
    label: str,
    help: str,
    *,
    low: float | None = None,
    high: float | None = None,
    titles: Mapping[Any, str] | None = None,
    compare: bool = True,
) -> Any:
    """Declare a field with its label, help text and (inclusive) bounds.

    ``titles`` says what choices are called that do not speak for themselves. What makes no
    difference to a result need not ``compare``.
    """
    words = {"label": label, "help": help, "low": low, "high": high, "titles": titles}
    return field(default=default, metadata=words, compare=compare)


def check(config: Any) -> None:
    """Raise `ConfigError` if a field of a config dataclass has a wrong type or is out of bounds."""
    hints = _hints(type(config))
    for f in dataclasses.fields(config):
        value = getattr(config, f.name)
        label = f.metadata.get("label", f.name)
        if not _fits(value, hints[f.name]):
            raise ConfigError(f"{label}: {value!r} is not {_words(hints[f.name])}")
        low, high = f.metadata.get("low"), f.metadata.get("high")
        if low is not None and not value >= low:
            raise ConfigError(f"{label}: {value} is below {low:g}")
        if high is not None and not value <= high:
            raise ConfigError(f"{label}: {value} is above {high:g}")


def to_json(config: Any) -> dict[str, Any]:
    """Turn a dataclass, nested ones included, into plain JSON values."""
    return {f.name: _plain(getattr(config, f.name)) for f in dataclasses.fields(config)}


def from_json(cls: type[T], data: Mapping[str, Any]) -> T:
    """Build a dataclass from what `to_json` made.

    Missing fields take their defaults.

    Raises
    ------
    ConfigError
        For an unknown field, a value of the wrong type or one out of bounds.
    """
    if not isinstance(data, Mapping):
        raise ConfigError(f"{cls.__name__}: a JSON object is needed, not {type(data).__name__}")
    hints = _hints(cls)
    known = {f.name for f in dataclasses.fields(cls)}  # type: ignore[arg-type]
    if unknown := set(data) - known:
        raise ConfigError(f"{cls.__name__}: unknown setting {', '.join(sorted(map(str, unknown)))}")
    try:
        return cls(**{name: _build(hints[name], value) for name, value in data.items()})
    except TypeError as e:
        raise ConfigError(f"{cls.__name__}: {e}") from e


def _plain(value: Any) -> Any:
    if dataclasses.is_dataclass(value):
        return to_json(value)
    if isinstance(value, tuple | list):
        return [_plain(v) for v in value]
    if isinstance(value, Mapping):
        return {k: _plain(v) for k, v in value.items()}
    return value


def _build(hint: Any, value: Any) -> Any:
    """Turn a JSON value into what the type hint asks for; wrong types are left to `check`."""
    origin, args = typing.get_origin(hint), typing.get_args(hint)
    if dataclasses.is_dataclass(hint):
        return from_json(typing.cast(type, hint), value)
    if origin in (types.UnionType, typing.Union):
        return (
            None if value is None else _build(next(a for a in args if a is not type(None)), value)
        )
    if origin is tuple and isinstance(value, list | tuple):
        items = args[:1] * len(value) if args[1:] == (Ellipsis,) else args
        if len(items) != len(value):
            raise ConfigError(f"{value!r}: {len(items)} values are needed")
        return tuple(_build(a, v) for a, v in zip(items, value, strict=True))
    if hint is float and isinstance(value, int) and not isinstance(value, bool):
        try:
            return float(value)
        except OverflowError as e:
            raise ConfigError("a number is too large") from e
    return value


# To compile a class's annotations is most of the work of reading a card.
_hints: Callable[[Any], dict[str, Any]] = cache(typing.get_type_hints)


def _fits(value: Any, hint: Any) -> bool:
    origin, args = typing.get_origin(hint), typing.get_args(hint)
    if origin is Literal:
        return any(value == a and type(value) is type(a) for a in args)
    if origin is tuple:
        if not isinstance(value, tuple):
            return False
        items = args[:1] * len(value) if args[1:] == (Ellipsis,) else args
        return len(items) == len(value) and all(map(_fits, value, items))
    if hint is float:
        number = isinstance(value, int | float) and not isinstance(value, bool)
        return number and value - value == 0  # neither NaN nor infinite
    if hint is int:
        return isinstance(value, int) and not isinstance(value, bool)
    if isinstance(hint, type):
        return isinstance(value, hint)
    return True


def _words(hint: Any) -> str:
    if typing.get_origin(hint) is Literal:
        return "one of " + ", ".join(str(a) for a in typing.get_args(hint))
    return {int: "a whole number", float: "a number", str: "a text", bool: "yes or no"}.get(
        hint, f"a {hint}"
    )

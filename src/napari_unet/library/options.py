"""What formats can be told besides files, as a shell tells it: ``NAME=VALUE``.

A format's reader or writer says by its keyword-only parameters what it takes.
"""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Callable, Sequence
from typing import Any, get_args, get_origin, get_type_hints

from napari_unet.errors import ConfigError

YES, NO = ("yes", "true", "1"), ("no", "false", "0")


def options_of(function: str, texts: Sequence[str]) -> dict[str, Any]:
    """Return options for a function of a format.

    Parameters
    ----------
    function
        ``module:function``, as in `napari_unet.library.formats.Format`.
    texts
        Each ``NAME=VALUE``; of several values, there are commas between them.

    Raises
    ------
    ConfigError
        If there is no such option, or this can be no value of it.
    """
    if not texts:
        return {}
    module, _, name = function.partition(":")
    called = getattr(importlib.import_module(module), name)
    hints, known = get_type_hints(called), inspect.signature(called).parameters.values()
    kinds = {p.name: hints[p.name] for p in known if p.kind is p.KEYWORD_ONLY}
    found = {}
    for text in texts:
        key, equals, value = text.partition("=")
        if not equals or key not in kinds:
            have = ", ".join(kinds) or "none"
            raise ConfigError(f"There is no option {key!r} of this format; there are: {have}.")
        found[key] = _value(key, value, kinds[key])
    return found


def _value(name: str, text: str, kind: Any) -> Any:
    parse: Callable[[str], Any] = _yes if kind is bool else kind
    try:
        if isinstance(get_origin(kind), type) and issubclass(get_origin(kind), Sequence):
            (parse,) = get_args(kind)[:1]
            return tuple(parse(part.strip()) for part in text.split(","))
        return parse(text) if kind in (bool, int, float) else text
    except ValueError as e:
        raise ConfigError(f"{name}={text} cannot be: {e}.") from e


def _yes(text: str) -> bool:
    if text.casefold() not in (*YES, *NO):
        raise ValueError("say yes or no")
    return text.casefold() in YES

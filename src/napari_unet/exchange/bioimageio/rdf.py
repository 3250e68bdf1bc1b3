"""A package's description, ``rdf.yaml``: written, and read though nobody vouches for it.

YAML can name Python objects, refer to itself and unfold to any size. Here a description is plain
values: whatever else it holds is refused before it is built.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import yaml

from napari_unet.errors import DataError

MOST = 2 << 20  # bytes of a description; bioimage.io's own are a few kilobytes
DEEPEST = 64  # values within values
TYPES = ("map", "seq", "str", "int", "float", "bool", "null", "timestamp")
PLAIN = frozenset(f"tag:yaml.org,2002:{kind}" for kind in TYPES)
LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # ten times as fast, where it was built


class _Dumper(yaml.SafeDumper):  # type: ignore[misc]  # PyYAML has no types
    """Writes what occurs twice twice, and texts of several lines as such."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def _text(dumper: Any, text: str) -> Any:
    style = "|" if "\n" in text else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Dumper.add_representer(str, _text)


def dump(content: dict[str, Any]) -> bytes:
    """Return a description as YAML, without fields that are None or hold nothing."""
    kept = {k: v for k, v in content.items() if v not in (None, [], {}, "")}
    text: str = yaml.dump(kept, Dumper=_Dumper, allow_unicode=True, sort_keys=False, width=100)
    return text.encode()


def parse(data: bytes) -> dict[str, Any]:
    """Return what a description holds.

    Raises
    ------
    DataError
        If it is no mapping of plain values.
    """
    if len(data) > MOST:
        raise DataError(f"its description is larger than {MOST >> 20} MiB")
    try:
        # Before anything is built: to build what lies too deep ends the process.
        _check(yaml.parse(data, Loader=LOADER))
        content = yaml.load(data, Loader=LOADER)
    except (yaml.YAMLError, UnicodeError, ValueError, TypeError, RecursionError) as e:
        first = str(e).splitlines()[0] if str(e) else type(e).__name__
        raise DataError(f"its description is no YAML that can be read ({first[:100]})") from e
    if not isinstance(content, dict):
        raise DataError("its description is empty")
    return content


def _check(events: Iterable[Any]) -> None:
    """Refuse references, types that are no plain ones, and values that lie too deep."""
    deep = 0
    for event in events:
        if isinstance(event, yaml.AliasEvent):
            raise DataError("its description refers to parts of itself")
        if (tag := getattr(event, "tag", None)) and tag not in PLAIN:
            raise DataError(f"its description holds {tag[:60]!r}, which is no plain value")
        deep += isinstance(event, yaml.CollectionStartEvent)
        deep -= isinstance(event, yaml.CollectionEndEvent)
        if deep > DEEPEST:
            raise DataError(f"its description is more than {DEEPEST} levels deep")

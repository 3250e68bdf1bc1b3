"""The formats that models are exchanged in: one table, and the code behind it loaded when needed.

``write(model, target, **options)`` writes what a model file holds to ``target``, and
``read(source, target, **options)`` writes a model file of what ``source`` holds. Both return what
they wrote. They are named in text, so that listing formats loads none.
"""

from __future__ import annotations

import importlib
import re
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, distribution, requires
from pathlib import Path
from typing import Any

from napari_unet.card import SUFFIX
from napari_unet.errors import ConfigError, ModelError

DISTRIBUTION = "napari-unet-workbench"


@dataclass(frozen=True)
class Format:
    """A format of models.

    ``suffix`` is the usual ending of its files; they may ``also`` have others. ``extra`` is what
    must be installed for it besides the program; empty: nothing. ``write`` and ``read`` are
    ``module:function``; empty: it cannot be written or read.
    """

    name: str
    title: str
    suffix: str
    extra: str = ""
    write: str = ""
    read: str = ""
    also: tuple[str, ...] = ()

    @property
    def suffixes(self) -> tuple[str, ...]:
        """All endings of its files, the usual one first."""
        return (self.suffix, *self.also)


FORMATS = (
    Format(
        "unet",
        "napari-unet model file",
        SUFFIX,
        write="napari_unet.library.copying:write",
        read="napari_unet.library.copying:read",
    ),
    Format(
        "state-dict",
        "PyTorch state dict",
        ".pth",
        write="napari_unet.exchange.state_dict:write",
        read="napari_unet.exchange.state_dict:read",
        also=(".pt", ".safetensors"),
    ),
    Format(
        "bioimageio",
        "bioimage.io package",
        ".bioimageio.zip",
        write="napari_unet.exchange.bioimageio.write:write",
        read="napari_unet.exchange.bioimageio.read:read",
        also=(".zip",),
    ),
    Format("onnx", "ONNX", ".onnx", extra="onnx", write="napari_unet.exchange.onnx:write"),
)


def named(name: str) -> Format:
    """Return the format called ``name``.

    Raises
    ------
    ConfigError
        If there is none.
    """
    found = {f.name: f for f in FORMATS}
    if name not in found:
        raise ConfigError(f"There is no format {name!r}. There are: {', '.join(found)}.")
    return found[name]


def to_write(target: str | Path, name: str = "") -> Format:
    """Return the format to write: the one called ``name``, else that of the target's ending.

    Raises
    ------
    ConfigError
        If the ending is no format's, or the format cannot be written.
    """
    return _chosen(Path(target), name, [f for f in FORMATS if f.write], "written")


def to_read(source: str | Path, name: str = "") -> Format:
    """Return the format to read: the one called ``name``, else that of the source's ending.

    Raises
    ------
    ConfigError
        If the ending is no format's, or the format cannot be read.
    """
    return _chosen(Path(source), name, [f for f in FORMATS if f.read], "read")


def is_readable(path: str | Path) -> bool:
    """Say whether a file's ending is that of a format that can be read."""
    return any(f.read and _ends(Path(path), f) for f in FORMATS)


def with_ending(target: str, form: Format) -> str:
    """Return a file's name with an ending that tells this format: the usual one, if it has none."""
    told = next((f for f in FORMATS if f.write and _ends(Path(target), f)), None)
    return target if told is form else f"{target}{form.suffix}"


def missing(form: Format) -> str:
    """Say what a format needs that is not installed, and how to install it; empty if nothing."""
    for line in (requires(DISTRIBUTION) or ()) if form.extra else ():
        name, extra = re.match(r"[\w.-]+", line), re.search(r"extra == .([\w-]+)", line)
        if name is None or extra is None or extra[1] != form.extra:
            continue
        try:
            distribution(name[0])
        except PackageNotFoundError:
            return _how_to_install(form, name[0])
    return ""


def write(form: Format, model: Path, target: Path, **options: Any) -> Path:
    """Write a model file's contents in another format; see `run`."""
    return run(form, form.write, model, target, **options)


def read(form: Format, source: Path, target: Path, **options: Any) -> Path:
    """Write a model file of what ``source`` holds; see `run`."""
    return run(form, form.read, source, target, **options)


def run(form: Format, function: str, source: Path, target: Path, **options: Any) -> Path:
    """Call one of a format's functions.

    Raises
    ------
    ModelError
        If software is missing, with the command that installs it; or what the function raises.
    """
    if absent := missing(form):
        raise ModelError(absent)
    module, _, name = function.partition(":")
    try:
        return Path(getattr(importlib.import_module(module), name)(source, target, **options))
    except ModuleNotFoundError as e:
        if not form.extra or str(e.name).partition(".")[0] == "napari_unet":
            raise
        raise ModelError(_how_to_install(form, str(e.name))) from e


def _how_to_install(form: Format, name: str) -> str:
    return (
        f"{form.title}: {name} is not installed. "
        f"Install it: pip install '{DISTRIBUTION}[{form.extra}]'"
    )


def _ends(path: Path, form: Format) -> bool:
    return path.name.lower().endswith(form.suffixes)


def _chosen(path: Path, name: str, able: list[Format], what: str) -> Format:
    if name:
        if (form := named(name)) in able:
            return form
        raise ConfigError(f"{form.title}: this format cannot be {what}.")
    ended = [f for f in able if _ends(path, f)]
    if ended:
        return ended[0]
    endings = ", ".join(f"{f.suffix} ({f.name})" for f in able)
    if other := next((f for f in FORMATS if _ends(path, f)), None):
        raise ConfigError(f"{path.name}: {other.title} cannot be {what}, but these can: {endings}.")
    raise ConfigError(
        f"{path.name}: its ending tells no format that can be {what}. "
        f"Use one of these endings, or name the format: {endings}."
    )

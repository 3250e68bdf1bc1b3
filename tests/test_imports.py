"""The rooms of docs/design.md: who may import what, and what importing must not load."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

import pytest

import napari_unet

PACKAGE = Path(napari_unet.__file__).parent

# Lowest first: a room imports rooms of earlier lines only. `data.cases` is pure data, below the
# rest of its room.
LAYERS = (
    ("printable", "quantities", "pools"),
    ("errors", "environment", "processes", "foreign"),
    ("schema", "header"),
    ("config",),
    ("data.cases", "labelling", "cleaning"),
    ("controls", "events", "presets", "card"),
    ("jobs",),
    ("workspace",),
    ("resumable",),
    ("runs",),
    ("metrics", "objects", "sizes"),
    ("tally",),
    ("mistakes",),
    ("data",),
    ("drawing",),
    ("report",),
    ("scoring",),
    ("downloads",),
    ("unet",),
    ("training", "inference", "exchange"),
    ("library",),
    ("evaluation",),
    ("comparison",),
    ("improvement",),
    ("pictures",),
    ("reporting",),
    ("engine",),
    ("reader", "writer"),
    ("session", "api"),
    ("widgets", "console"),
    ("demo",),
    ("cli",),
)
LEVEL = {room: level for level, rooms in enumerate(LAYERS) for room in rooms}

# Packages that only some rooms may import, at any depth of their code.
QT = ("qtpy", "superqt", "magicgui", "PyQt5", "PyQt6", "PySide2", "PySide6")
KEPT_TO = {
    "torch": {"unet", "training", "inference", "exchange"},
    "safetensors": {"unet", "exchange"},
    "requests": {"downloads"},
    "gdown": {"downloads"},
    "lightning_fabric": {"unet"},
    "onnx": {"unet", "exchange"},
    "onnxruntime": {"unet", "exchange"},
    "timm": {"unet"},
    "huggingface_hub": {"unet"},
    "distributed": {"inference"},
    "pyqtgraph": {"widgets"},
    "napari": {"widgets", "demo", "reader", "writer"},
    **{package: {"widgets"} for package in QT},
}
LOADS_TORCH = {
    *(
        "unet",
        "training",
        "inference",
        "exchange",
        "evaluation",
        "comparison",
        "improvement",
        "pictures",
        "reporting",
        "demo",
    ),
}


class Import(NamedTuple):
    """One import statement: by which module, of what, and whether for type checkers only."""

    module: str
    imported: str
    for_types: bool

    def __str__(self) -> str:
        return f"{self.module} imports {self.imported}"


def modules() -> Iterator[tuple[str, Path]]:
    """Yield every module of the package as ("data.cases", path), the package itself as ""."""
    for path in sorted(PACKAGE.rglob("*.py")):
        parts = path.relative_to(PACKAGE).with_suffix("").parts
        yield ".".join(p for p in parts if p != "__init__"), path


def room(module: str) -> str:
    """Return the room of a module named as by `modules`."""
    return module if module in LEVEL else module.partition(".")[0]


@cache
def imports() -> list[Import]:
    return [found for module, path in modules() for found in _imports_of(module, path)]


def _imports_of(module: str, path: Path) -> Iterator[Import]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    guarded = {
        id(inner)
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test)
        for inner in ast.walk(node)
    }
    for node in ast.walk(tree):
        for name in _names(node):
            yield Import(module, name, id(node) in guarded)


def _names(node: ast.AST) -> list[str]:
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if not isinstance(node, ast.ImportFrom):
        return []
    assert node.level == 0, f"relative import of {node.module}: write it in full"
    # `from napari_unet.data import cases` imports a module by its parent's name
    inside = str(node.module).startswith("napari_unet")
    return [f"{node.module}.{alias.name}" if inside else str(node.module) for alias in node.names]


def target_room(imported: str) -> str:
    """Return the room that "napari_unet.data.cases.Case" comes from; "" for the package itself."""
    _, _, inside = imported.partition(".")
    known = [r for r in LEVEL if inside == r or inside.startswith(f"{r}.")]
    return max(known, key=len, default="")


def test_every_module_has_a_room():
    assert {room(m) for m, _ in modules() if m} <= LEVEL.keys()


def test_no_room_imports_back():
    wrong = [
        str(i)
        for i in imports()
        if i.module and not i.for_types and i.imported.startswith("napari_unet.")
        if target_room(i.imported) != room(i.module)
        if LEVEL.get(target_room(i.imported), -1) >= LEVEL[room(i.module)]
    ]
    assert not wrong


@pytest.mark.parametrize("package", KEPT_TO)
def test_heavy_packages_are_kept_to_their_rooms(package):
    wrong = [
        str(i)
        for i in imports()
        if i.imported.partition(".")[0] == package and room(i.module) not in KEPT_TO[package]
    ]
    assert not wrong


# --- in a fresh interpreter -------------------------------------------------------------------


def loaded_by(*names: str) -> set[str]:
    """Return the modules that a new interpreter holds after importing ``names``."""
    code = (
        "import importlib, json, sys\n"
        f"for name in {list(names)!r}: importlib.import_module(name)\n"
        "print(json.dumps(sorted(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == 0, done.stderr
    return set(json.loads(done.stdout.splitlines()[-1]))


def importable(rooms: set[str]) -> list[str]:
    """Return the full names of the modules in ``rooms`` that can be imported as modules."""
    return [
        f"napari_unet.{m}"
        for m, _ in modules()
        if m and room(m) in rooms and not m.endswith("__main__")
    ]


def test_the_package_alone_loads_nothing_but_itself():
    heavy = {"torch", "numpy", "scipy", "skimage", "PIL", "h5py", "tifffile", "napari", "qtpy"}
    assert not loaded_by("napari_unet") & heavy


def test_everything_but_the_network_loads_no_torch():
    light = LEVEL.keys() - LOADS_TORCH - {"widgets"}
    loaded = loaded_by(*importable(light))
    assert not loaded & {"torch", "safetensors", "napari", *QT}


def test_every_module_of_the_widgets_loads_no_torch():
    loaded = loaded_by(*importable({"widgets", "session", "engine"}))
    assert not loaded & {"torch", "safetensors", "h5py", "napari_unet.unet"}

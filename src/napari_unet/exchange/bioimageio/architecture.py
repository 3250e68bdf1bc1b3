"""The network as one Python file that needs torch alone, made of this program's own source.

Other programs load the weights into what the file's `CALLABLE` returns. The file is gathered from
the source rather than kept beside it, so that it is never another network than the program's own:
beginning with `napari_unet.exchange.bioimageio.network.unet`, every definition that another one
names is taken along.
"""

from __future__ import annotations

import ast
import importlib.util
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from napari_unet.errors import ModelError

PACKAGE = "napari_unet"
CALLABLE = "unet"
MODULE = "napari_unet.exchange.bioimageio.network"

HEADER = '''"""A U-Net (Ronneberger, Fischer and Brox 2015), in one file that needs PyTorch alone.

Encoders of timm need that as well. Gathered from the source of napari-unet {version}; BSD-3-Clause.
`unet` returns the network.
"""

from __future__ import annotations

'''


def architecture(version: str) -> str:
    """Return the text of the file; ``version`` is this program's.

    Raises
    ------
    ModelError
        If the network's source is not that of a self-contained network.
    """
    parts = _Parts()
    parts.gather(MODULE, CALLABLE)
    imports = "\n".join(sorted(parts.imports))
    return "\n".join([HEADER.format(version=version) + imports, *parts.found.values(), ""])


@dataclass(frozen=True)
class _Module:
    """A module's top level: its source's lines, what it defines, and what it imports."""

    lines: list[str]
    defined: dict[str, ast.stmt]
    imported: dict[str, tuple[str, str]]  # local name: (module of this package, name there)
    foreign: dict[str, str]  # local name: statement that imports it

    def text(self, node: ast.stmt) -> str:
        """Return a definition's source, decorators included."""
        first = min([node.lineno, *(d.lineno for d in getattr(node, "decorator_list", []))])
        return "\n".join(self.lines[first - 1 : node.end_lineno])


@dataclass
class _Parts:
    """What has been gathered: definitions in an order in which they can be executed."""

    found: dict[tuple[str, str], str] = field(default_factory=dict)
    imports: set[str] = field(default_factory=set)
    names: dict[str, str] = field(default_factory=dict)  # where a name comes from

    def gather(self, module: str, name: str) -> None:
        """Take a definition along, after all that it names."""
        module = _home(module, name)
        if (module, name) in self.found or self.names.get(name) == module:
            return
        if self.names.setdefault(name, module) != module:
            raise ModelError(f"The network's source defines {name} twice, so it is not one file.")
        source = _parsed(module)
        node = source.defined[name]
        for used in _names(node):
            if used in source.foreign:
                self.imports.add(source.foreign[used])
            elif used in source.imported:
                self.gather(*source.imported[used])
            elif used in source.defined:
                self.gather(module, used)
        space = "\n\n" if isinstance(node, ast.ClassDef | ast.FunctionDef) else ""
        self.found[module, name] = space + source.text(node)


def _home(module: str, name: str) -> str:
    """Return the module that defines what another one may only hand on."""
    while name not in (source := _parsed(module)).defined and name in source.imported:
        module, name = source.imported[name]
    return module


@cache
def _parsed(module: str) -> _Module:
    spec = importlib.util.find_spec(module)
    if spec is None or spec.origin is None:
        raise ModelError("The network's source is not there, so that it cannot be taken along.")
    text = Path(spec.origin).read_text(encoding="utf-8")
    parsed = _Module(text.splitlines(), {}, {}, {})
    for node in ast.parse(text).body:
        if isinstance(node, ast.ImportFrom) and str(node.module).startswith(PACKAGE):
            for a in node.names:
                parsed.imported[a.asname or a.name] = (str(node.module), a.name)
        elif isinstance(node, ast.Import | ast.ImportFrom):
            for a in node.names:
                alone = ast.Import([a])
                if isinstance(node, ast.ImportFrom):
                    alone = ast.ImportFrom(node.module, [a], node.level)  # type: ignore[assignment]
                parsed.foreign[a.asname or a.name.partition(".")[0]] = ast.unparse(alone)
        else:
            for name in _defines(node):
                parsed.defined[name] = node
    return parsed


def _defines(node: ast.stmt) -> Iterator[str]:
    if isinstance(node, ast.ClassDef | ast.FunctionDef):
        yield node.name
    targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
    for target in targets:
        yield from (n.id for n in ast.walk(target or ast.Pass()) if isinstance(n, ast.Name))


def _names(node: ast.stmt) -> Iterator[str]:
    """Yield the names that a definition uses, in the order of the source."""
    for inner in ast.walk(node):
        if isinstance(inner, ast.ImportFrom) and str(inner.module).startswith(PACKAGE):
            raise ModelError("The network needs more of this program than one file can hold.")
        if isinstance(inner, ast.Name):
            yield inner.id

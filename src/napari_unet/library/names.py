"""What models are called: the name of a file, which names may be given, and finding one by it."""

from __future__ import annotations

import unicodedata
from difflib import get_close_matches
from pathlib import Path

from napari_unet.card import SUFFIX
from napari_unet.errors import ModelError
from napari_unet.workspace import list_models, models_dir

BOXED = Path(__file__).with_name("boxed")  # the models that come with the program; never written
LAST = ".last"  # NAME.last… is the last epoch of NAME, and no model of its own

# What some system does not take in a file's name; a name is taken to all of them.
_FORBIDDEN = frozenset('/\\:*?"<>|')
_DEVICES = frozenset(
    ("con", "prn", "aux", "nul", *(f"{port}{n}" for port in ("com", "lpt") for n in range(1, 10)))
)
# A file's name may have 255 bytes, of which the dates of earlier versions, the endings of what
# lies beside a model, and the marks of temporary files take up to fifty.
_LONGEST = 200


def name_of(path: str | Path) -> str:
    """Return what a model file is called in lists: its name without the ending."""
    return Path(path).name.removesuffix(SUFFIX)


def own_path(name: str) -> Path | None:
    """Return the file of the workspace's model ``name``; None if there is none."""
    return _pick(name, list_models())


def boxed_path(name: str) -> Path | None:
    """Return the file of the model ``name`` that came with the program; None if there is none."""
    return _pick(name, boxed_files())


def boxed_files() -> list[Path]:
    """Return the model files that came with the program, by name."""
    return sorted(BOXED.glob(f"*{SUFFIX}"))


def find(text: str | Path) -> Path:
    """Return the model file that somebody means: a file if there is one, else a library's name.

    Nearest first: a file of that name here, a model of the workspace, one that came with the
    program.

    Raises
    ------
    ModelError
        If there is neither; models that are called alike are named.
    """
    path = Path(text).expanduser()
    try:
        if path.is_file():
            return path
        folder = path.is_dir()
    except OSError as e:  # a name that is too long, a folder that may not be entered
        raise ModelError(f"{path} cannot be read ({e.strerror or e}).") from e
    name = str(text).removesuffix(SUFFIX)
    found = own_path(name) or boxed_path(name)
    if found is not None:
        return found
    if folder:
        raise ModelError(f"{path} is a folder; a model file ends in {SUFFIX}.")
    raise ModelError(f"There is no model file {path}, and {_none_called(name)}")


def is_own(path: str | Path) -> bool:
    """Say whether a file is a model of the workspace, which may be renamed and removed."""
    path = Path(path)
    ours = path.name.endswith(SUFFIX) and not path.name.endswith(LAST + SUFFIX)
    return ours and path.parent.resolve() == models_dir().resolve()


def is_boxed(path: str | Path) -> bool:
    """Say whether a file is a model that came with the program."""
    return Path(path).parent == BOXED


def find_own(text: str | Path) -> Path:
    """Return the file of a model in the workspace, which may be changed.

    Raises
    ------
    ModelError
        If there is none, it lies elsewhere, or it came with the program.
    """
    path = find(text)
    if is_own(path):
        return models_dir() / path.name
    if is_boxed(path):
        raise ModelError(
            f"{name_of(path)} came with napari-unet and is part of its installation: it can be "
            "neither renamed nor removed. A copy can: export it, and import that."
        )
    raise ModelError(f"{path} is a file of yours outside of the library, and left alone.")


def check_name(name: str) -> str:
    """Return a name that any system's files can have, in the one way of writing it.

    Raises
    ------
    ModelError
        If a model cannot be called so, with the reason.
    """
    name = unicodedata.normalize("NFC", name.removesuffix(SUFFIX))
    if why := _objection(name):
        raise ModelError(f"A model cannot be called {name!r}: {why}.")
    return name


def check_new(name: str, but: Path | None = None) -> str:
    """Return a name as `check_name` does, if no model has it; ``but`` one, which may.

    Names that differ in case only are the same one to many file systems, and to people.
    """
    name = check_name(name)
    if boxed_path(name) is not None:
        raise ModelError(f"{name} is the name of a model that came with napari-unet.")
    taken = own_path(name)
    if taken is not None and taken != but:
        raise ModelError(f"There is a model called {name_of(taken)} already: choose another name.")
    return name


def _objection(name: str) -> str:
    """Say why a model cannot be called so; empty if it can."""
    if not name.strip():
        return "a name needs a letter or a digit"
    if wrong := sorted(_FORBIDDEN & set(name)):
        return f"{' '.join(wrong)} cannot be part of a file's name everywhere"
    if any(unicodedata.category(c).startswith("C") for c in name):
        return "it holds a character that cannot be seen"
    if name[0] in ".-~" or name != name.strip() or name.endswith("."):
        return "a name neither begins with . - ~ or a space, nor ends with a space or a full stop"
    if name.partition(".")[0].rstrip().casefold() in _DEVICES:
        return "Windows keeps this name for a device"
    if name.casefold().endswith(LAST):
        return f"{LAST} marks the last epoch of another model"
    if len(name.encode()) > _LONGEST:
        return f"it is longer than {_LONGEST} bytes"
    return ""


def _pick(name: str, files: list[Path]) -> Path | None:
    """Return the file of this very name, or else the only one that differs in case alone."""
    exact = [f for f in files if _key(name_of(f)) == _key(name)]
    alike = [f for f in files if _key(name_of(f)).casefold() == _key(name).casefold()]
    return exact[0] if exact else alike[0] if len(alike) == 1 else None


def _key(name: str) -> str:
    return unicodedata.normalize("NFC", name)  # macOS takes letters and accents apart


def _none_called(name: str) -> str:
    """Return the end of a sentence that says there is no model of a name, but such ones."""
    names = sorted({name_of(p) for p in (*list_models(), *boxed_files())})
    lower = {n.casefold(): n for n in names}
    near = [lower[n] for n in get_close_matches(Path(name).name.casefold(), lower, 3)]
    hint = f"did you mean {' or '.join(near)}?" if near else "see `napari-unet models list`."
    return f"no model called {Path(name).name} in the library: {hint}"

"""Set up this checkout: the virtual environment and the system libraries that Qt needs.

The Makefile calls it; it needs nothing but the standard library. It is written for Python 3.6 and
newer, so that an interpreter too old for the project can find a better one or say so clearly:
annotations that such an old one could not evaluate stand in quotes.
"""

import ctypes
import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
READY = VENV / ".ready"
OLDEST = (3, 11)
NEWEST_TRIED = (3, 13)

# What Qt 6's own libraries and its xcb platform plugin load and no wheel brings, each with the
# Debian package that has it; what these packages depend on comes with them.
LIBRARIES = {
    "libEGL.so.1": "libegl1",
    "libGL.so.1": "libgl1",
    "libX11-xcb.so.1": "libx11-xcb1",
    "libdbus-1.so.3": "libdbus-1-3",
    "libfontconfig.so.1": "libfontconfig1",
    "libglib-2.0.so.0": "libglib2.0-0",
    "libgssapi_krb5.so.2": "libgssapi-krb5-2",
    "libxcb-cursor.so.0": "libxcb-cursor0",
    "libxcb-icccm.so.4": "libxcb-icccm4",
    "libxcb-image.so.0": "libxcb-image0",
    "libxcb-keysyms.so.1": "libxcb-keysyms1",
    "libxcb-randr.so.0": "libxcb-randr0",
    "libxcb-render-util.so.0": "libxcb-render-util0",
    "libxcb-shape.so.0": "libxcb-shape0",
    "libxcb-sync.so.1": "libxcb-sync1",
    "libxcb-xfixes.so.0": "libxcb-xfixes0",
    "libxcb-xkb.so.1": "libxcb-xkb1",
    "libxkbcommon-x11.so.0": "libxkbcommon-x11-0",
    "libxkbcommon.so.0": "libxkbcommon0",
}
PROGRAMS = {"Xvfb": "xvfb"}

HELP = """\
make demo    train, segment and score a small sample data set (in napari, if there is a display)
make test    check the style and the types, then run the tests
make lint    check the style and the types only
make venv    only set up .venv
make clean   remove .venv and everything built
Another interpreter: make test PYTHON=python3.12"""

MADE = ("build", "dist", ".mypy_cache", ".pytest_cache", ".ruff_cache", ".hypothesis", ".venv")


class SetupError(Exception):
    """Setting up cannot go on; the message is for the person who typed make."""


def main(arguments: "list[str]") -> int:
    """Run the command named on the command line and return the exit status."""
    commands = {
        "venv": set_up_venv,
        "libraries": set_up_libraries,
        "clean": clean,
        "help": show_help,
    }
    if len(arguments) != 1 or arguments[0] not in commands:
        print("usage: setup.py " + "|".join(commands), file=sys.stderr)
        return 2
    try:
        commands[arguments[0]]()
    except SetupError as e:
        print(f"setup: {e}", file=sys.stderr)
        return 1
    return 0


def show_help() -> None:
    """Print what make can do here."""
    print(HELP)


def clean() -> None:
    """Remove the environment, the caches and what was built."""
    for name in MADE:
        shutil.rmtree(ROOT / name, ignore_errors=True)


# --- the virtual environment ------------------------------------------------------------------


def set_up_venv() -> None:
    """Create ``.venv`` if it is missing and install the project with the tested versions."""
    if not runs(venv_python()):
        create_venv(suitable_python())
    check_version(venv_python())
    if not has_pip(venv_python()):
        bring_pip(suitable_python())
    install("--upgrade", "pip")  # an old one gets newer packages' metadata wrong
    install("--editable", ".[dev]")
    READY.touch()


def suitable_python() -> str:
    """Return a Python new enough: this one, or another one found on the path."""
    if sys.version_info >= OLDEST:
        return sys.executable
    names = [f"python3.{minor}" for minor in range(NEWEST_TRIED[1], OLDEST[1] - 1, -1)]
    for name in names:
        path = shutil.which(name)
        if path and version_of(path) >= OLDEST:
            return path
    raise SetupError(
        f"Python {dotted(OLDEST)} or newer is needed, {sys.executable} is "
        f"{dotted(sys.version_info[:2])}. Install one, or name it: make PYTHON=/path/to/python3"
    )


def version_of(python: "str | Path") -> "tuple[int, ...]":
    """Return an interpreter's version; ``(0,)`` if it does not run (a broken link or shim)."""
    answer = ask(python, "import sys; print(*sys.version_info[:2])")
    return tuple(int(part) for part in answer.split()) or (0,)


def check_version(python: Path) -> None:
    """Raise if an environment made earlier is too old."""
    version = version_of(python)
    if version < OLDEST:
        raise SetupError(
            f".venv has Python {dotted(version)}, {dotted(OLDEST)} or newer is needed: "
            "remove it with `make clean` and try again."
        )


def create_venv(python: str) -> None:
    """Make ``.venv``, without pip: Debian's Python cannot put it there."""
    print(f"Creating .venv with Python {dotted(version_of(python))} ({python})", flush=True)
    if not quiet(python, "-m", "venv", "--without-pip", "--clear", str(VENV)):
        raise SetupError(f"{python} -m venv failed; on Debian: apt-get install python3-venv")


def bring_pip(python: str) -> None:
    """Install pip into ``.venv``: Python's own copy, else by the pip of another interpreter."""
    if quiet(str(venv_python()), "-m", "ensurepip"):
        return
    packages = ask(venv_python(), "import sysconfig; print(sysconfig.get_path('purelib'))")
    if not pip(python, "--target", packages, "pip"):
        raise SetupError(f"{python} has neither ensurepip nor a pip that works; install pip.")


def install(*arguments: str) -> None:
    """Run ``pip install`` in the environment, with the tested versions."""
    if not pip(venv_python(), "--constraint", "constraints.txt", *arguments):
        raise SetupError("pip could not install everything; its last lines above say why.")


def pip(python: "str | Path", *arguments: str) -> bool:
    """Run an interpreter's ``pip install``; return whether it ended well."""
    settings = {
        "PIP_USER": "0",  # a user's own setting; inside an environment pip would refuse it
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",
        "PIP_ROOT_USER_ACTION": "ignore",  # only the environment is written to
    }
    command = [str(python), "-m", "pip", "install", *arguments]
    return subprocess.run(command, cwd=str(ROOT), env={**os.environ, **settings}).returncode == 0


def venv_python() -> Path:
    """Return the environment's interpreter."""
    return VENV / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def runs(python: Path) -> bool:
    """Return whether an interpreter exists and is not broken."""
    return version_of(python) > (0,)


def has_pip(python: Path) -> bool:
    """Return whether an interpreter has pip."""
    return ask(python, "import pip; print(1)") != ""


def ask(python: "str | Path", code: str) -> str:
    """Return what a line of Python prints in another interpreter; empty if that fails."""
    try:
        done = subprocess.run(
            [str(python), "-c", code], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        )
    except OSError:
        return ""
    return "" if done.returncode else done.stdout.decode().strip()


def dotted(version: "tuple[int, ...]") -> str:
    """Return ``(3, 11)`` as ``3.11``."""
    return ".".join(map(str, version))


# --- the system's libraries -------------------------------------------------------------------


def set_up_libraries() -> None:
    """Install the system libraries that are missing where we may; otherwise name them."""
    if not sys.platform.startswith("linux"):
        return
    lacking = missing_packages()
    if lacking and shutil.which("apt-get") and may_install():
        apt_install(lacking)
        lacking = missing_packages()
    if lacking:
        print(advice(lacking), file=sys.stderr)


def missing_packages() -> "list[str]":
    """Return the Debian packages whose library or program this system lacks."""
    libraries = [package for name, package in LIBRARIES.items() if not loads(name)]
    programs = [package for name, package in PROGRAMS.items() if not shutil.which(name)]
    return libraries + programs


def loads(library: str) -> bool:
    """Return whether the system's loader finds a shared library."""
    try:
        ctypes.CDLL(library)
    except OSError:
        return False
    return True


def may_install() -> bool:
    """Return whether packages can be installed without asking for a password."""
    return not superuser() or quiet(*superuser(), "true")


def superuser() -> "list[str]":
    """Return what to put before a command to run it as root; nothing if we are."""
    return [] if os.geteuid() == 0 else ["sudo", "-n"]


def quiet(*command: str) -> bool:
    """Run a command without showing anything; return whether it ended well."""
    try:
        done = subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    except OSError:
        return False
    return done.returncode == 0


def apt_install(packages: "list[str]") -> None:
    """Install Debian packages; what fails is noticed by looking again."""
    print("Installing system packages: " + " ".join(packages), flush=True)
    apt = [*superuser(), "env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "-qq"]
    for command in (["update"], ["install", "--yes", "--no-install-recommends", *packages]):
        subprocess.run([*apt, *command], stdout=subprocess.DEVNULL)


def advice(packages: "list[str]") -> str:
    """Return what to tell a person whose system lacks ``packages``."""
    names = " ".join(packages)
    if shutil.which("apt-get"):
        return (
            "setup: napari's window or its tests need system packages that are missing. Type:\n"
            f"    sudo apt-get update && sudo apt-get install --yes {names}"
        )
    return (
        "setup: napari's window or its tests need system libraries that are missing. Install them "
        f"with your package manager; Debian calls them:\n    {names}"
    )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

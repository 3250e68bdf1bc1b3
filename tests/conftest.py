"""Fixtures and rules that hold for every test."""

from __future__ import annotations

import locale
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from napari_unet.environment import prepare

prepare()  # the tests share two cores with the engines they start; before torch is loaded
# The tests' bioimageio.core brings it, and tifffile would use it; those who use the program have
# not got it.
sys.modules["imagecodecs"] = None  # type: ignore[assignment]
REPOSITORY = Path(__file__).parent.parent


def has_display() -> bool:
    """Whether windows can be opened; pytest-xvfb has set DISPLAY by the time tests are found."""
    if not sys.platform.startswith("linux"):
        return True
    return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


def pytest_sessionstart(session: pytest.Session) -> None:
    config = session.config
    if config.getoption("numprocesses", None) and not hasattr(config, "workerinput"):
        return  # it only hands out tests; each worker has a screen, and would take this over
    # Qt ends the process when it finds no display; offscreen, all but real windows can be tested.
    if not has_display():
        os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    if has_display():
        return
    skip = pytest.mark.skip(reason="needs a display or Xvfb (on Debian: apt-get install xvfb)")
    for item in items:
        if item.get_closest_marker("gui"):
            item.add_marker(skip)


@pytest.fixture(autouse=True)
def own_workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give every test an empty workspace, so that none sees or touches the user's models.

    The models that come with the program are out of sight as well.
    """
    folder = tmp_path / "workspace"
    monkeypatch.setenv("NAPARI_UNET_HOME", str(folder))
    monkeypatch.setattr("napari_unet.library.names.BOXED", tmp_path / "boxed")
    return folder


@pytest.fixture(autouse=True)
def same_locale() -> Iterator[None]:
    """Let no test change how later ones read text: reading DICOM with bare SimpleITK does."""
    before = locale.setlocale(locale.LC_CTYPE)
    yield
    locale.setlocale(locale.LC_CTYPE, before)


@pytest.fixture(scope="session")
def real_data() -> Callable[[str], Path]:
    """Return a function that gives a folder of real data or skips the test without it.

    The folders lie where ``NAPARI_UNET_DATA`` points, else in ``shared/data`` beside the checkout.
    """
    root = Path(os.environ.get("NAPARI_UNET_DATA") or REPOSITORY.parent / "shared" / "data")

    def folder(name: str) -> Path:
        path = root / name
        if not path.is_dir():
            pytest.skip(f"real data {name!r} not found in {root}; set NAPARI_UNET_DATA")
        return path

    return folder

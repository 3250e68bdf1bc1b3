"""tools/setup.py: finding a Python, and what is said where something is missing."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest

PATH = Path(__file__).parent.parent / "tools" / "setup.py"


@pytest.fixture
def setup(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> ModuleType:
    """Return the script as a module whose environment would be in an empty folder."""
    spec = importlib.util.spec_from_file_location("setup_script", PATH)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    monkeypatch.setattr(module, "VENV", tmp_path / ".venv")
    return module


def test_this_python_will_do(setup):
    assert setup.suitable_python() == sys.executable
    assert setup.version_of(sys.executable) == sys.version_info[:2]


def test_another_python_is_found_where_this_one_is_too_old(setup, monkeypatch, tmp_path):
    monkeypatch.setattr(setup.sys, "version_info", (3, 8, 18))
    monkeypatch.setattr(setup.shutil, "which", lambda name: str(tmp_path / name))
    monkeypatch.setattr(
        setup, "version_of", lambda path: (3, 12) if str(path).endswith("3.12") else (0,)
    )
    assert setup.suitable_python() == str(tmp_path / "python3.12")


def test_without_any_python_one_line_says_so(setup, monkeypatch, capsys):
    monkeypatch.setattr(setup.sys, "version_info", (3, 8, 18))
    monkeypatch.setattr(setup.shutil, "which", lambda name: None)
    assert setup.main(["venv"]) == 1
    out, err = capsys.readouterr()
    assert out == ""
    assert err.count("\n") == 1
    assert "Python 3.11 or newer is needed" in err
    assert "3.8" in err


def test_an_interpreter_that_does_not_run_has_no_version(setup, tmp_path):
    assert setup.version_of(tmp_path / "python3.12") == (0,)
    assert not setup.runs(tmp_path / "python3.12")


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="about Linux packages")
def test_missing_libraries_are_named_where_they_may_not_be_installed(setup, monkeypatch, capsys):
    monkeypatch.setattr(setup, "LIBRARIES", {"libnever.so.9": "libnever9"})
    monkeypatch.setattr(setup, "PROGRAMS", {})
    monkeypatch.setattr(setup, "may_install", lambda: False)
    monkeypatch.setattr(setup.shutil, "which", lambda name: f"/usr/bin/{name}")
    assert setup.main(["libraries"]) == 0
    err = capsys.readouterr().err
    assert "sudo apt-get update && sudo apt-get install --yes libnever9" in err


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="about Linux packages")
def test_nothing_is_installed_or_said_where_nothing_is_missing(setup, monkeypatch, capsys):
    monkeypatch.setattr(setup, "missing_packages", list)
    monkeypatch.setattr(setup, "apt_install", lambda packages: pytest.fail("installed"))
    assert setup.main(["libraries"]) == 0
    assert capsys.readouterr() == ("", "")


def test_unknown_commands_are_refused(setup, capsys):
    assert setup.main(["dance"]) == 2
    assert setup.main([]) == 2
    assert "usage" in capsys.readouterr().err


def test_clean_removes_only_what_was_built(setup, monkeypatch, tmp_path):
    monkeypatch.setattr(setup, "ROOT", tmp_path)
    for name in (*setup.MADE, "src", "napari-unet-demo"):
        (tmp_path / name).mkdir()
    assert setup.main(["clean"]) == 0
    assert {p.name for p in tmp_path.iterdir()} == {"src", "napari-unet-demo"}

"""Packages of tiny models, and such that somebody has tampered with."""

from __future__ import annotations

import zipfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest
import torch

from packages import CARDS, Exported, export


@pytest.fixture(scope="session")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Exported]:
    """Models of all `CARDS`; the first has a picture and is stored in half precision."""
    folder = tmp_path_factory.mktemp("packages")
    return {key: export(folder, key) for key in CARDS}


Repack = Callable[..., Path]


@pytest.fixture
def repack(tmp_path: Path) -> Repack:
    """Write a package anew, with other files or without some."""

    def written(package: Path, **changed: bytes | None) -> Path:
        files = {name.replace("__", "."): data for name, data in changed.items()}
        with zipfile.ZipFile(package) as old:
            files = {n: old.read(n) for n in old.namelist()} | files
        target = tmp_path / "changed.bioimageio.zip"
        with zipfile.ZipFile(target, "w") as new:
            for name, data in files.items():
                if data is not None:
                    new.writestr(name, data)
        return target

    return written


@pytest.fixture(autouse=True)
def threads() -> Iterator[None]:
    """Answers are compared bit by bit: computed by one thread."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)

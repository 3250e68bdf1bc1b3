from __future__ import annotations

import os
import stat
import struct
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from napari_unet.errors import ModelError
from napari_unet.exchange.bioimageio import package as packages
from napari_unet.exchange.bioimageio.package import opened

MODEL = b"type: model\nweights: {}\n"


def packed(path: Path, files: Mapping[str | zipfile.ZipInfo, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return path


def refused(path: Path, why: str) -> None:
    with pytest.raises(ModelError, match=why) as found, opened(path):
        pass
    assert str(path.name) in str(found.value)


def link() -> zipfile.ZipInfo:
    info = zipfile.ZipInfo("weights.pt")
    info.external_attr = (stat.S_IFLNK | 0o777) << 16
    return info


@pytest.mark.parametrize(
    ("files", "why"),
    [
        ({"readme.txt": b"hello"}, "no rdf.yaml"),
        ({"folder/rdf.yaml": MODEL}, "no rdf.yaml"),
        ({"rdf.yaml": MODEL, "../outside": b""}, "leads out"),
        ({"rdf.yaml": MODEL, "/etc/passwd": b""}, "leads out"),
        ({"rdf.yaml": MODEL, "C:\\weights": b""}, "leads out"),
        ({"rdf.yaml": MODEL, "con.pt": b""}, "no name for a file"),
        ({"rdf.yaml": MODEL, link(): b"/etc/passwd"}, "a link"),
        ({"rdf.yaml": b"type: dataset"}, "no model"),
        ({"rdf.yaml": b"type: !!python/object:os.system {}"}, "no plain value"),
        ({"rdf.yaml": b"#" * (3 << 20) + b"\ntype: model"}, "larger than 2 MiB"),
        ({"rdf.yaml": MODEL, **{f"{i}": b"" for i in range(1000)}}, "1,001 files"),
    ],
)
def test_archives_that_no_package_is_like(
    tmp_path: Path, files: dict[Any, bytes], why: str
) -> None:
    refused(packed(tmp_path / "p.zip", files), why)


def test_files_that_are_no_archives(tmp_path: Path) -> None:
    path = tmp_path / "p.zip"
    refused(path, "no package")
    path.write_bytes(b"")
    refused(path, "damaged")
    path.write_bytes(os.urandom(5000))
    refused(path, "damaged")
    refused(tmp_path, "a folder")


def test_every_cut_of_a_package_is_refused(tmp_path: Path) -> None:
    whole = packed(tmp_path / "w.zip", {"rdf.yaml": MODEL, "a": b"b" * 50}).read_bytes()
    for end in range(0, len(whole), 7):
        path = tmp_path / "p.zip"
        path.write_bytes(whole[:end])
        refused(path, "damaged")


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_a_name_may_not_occur_twice(tmp_path: Path) -> None:
    path = tmp_path / "p.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("rdf.yaml", MODEL)
        archive.writestr("rdf.yaml", b"type: dataset")
    refused(path, "twice")


def test_a_file_that_swells_is_refused_before_it_does(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(packages, "HARMLESS", 1 << 16)
    path = packed(tmp_path / "p.zip", {"rdf.yaml": MODEL, "zeros": bytes(1 << 20)})
    with pytest.raises(ModelError, match="unfolds"), opened(path) as package:
        next(package.file("zeros", "its weights"))


def test_a_file_that_cannot_be_unpacked_is_damaged(tmp_path: Path) -> None:
    path = packed(tmp_path / "p.zip", {"rdf.yaml": MODEL, "w.pt": os.urandom(50) * 100})
    data = bytearray(path.read_bytes())
    place = data.index(b"w.pt") + 10
    data[place : place + 20] = bytes(20)
    path.write_bytes(data)
    with pytest.raises(ModelError, match=r"p\.zip .* is damaged"), opened(path) as package:
        b"".join(package.file("w.pt", "its weights"))


def test_a_file_that_is_longer_than_announced_is_refused(tmp_path: Path) -> None:
    path = packed(tmp_path / "p.zip", {"rdf.yaml": MODEL, "zeros": bytes(1 << 20)})
    data = path.read_bytes().replace(struct.pack("<L", 1 << 20), struct.pack("<L", 16))
    path.write_bytes(data)
    with pytest.raises(ModelError, match="damaged"), opened(path) as package:
        assert sum(map(len, package.file("zeros", "its weights"))) <= 16


@pytest.mark.parametrize(
    ("entry", "why"),
    [
        ("https://example.org/weights.pt", "nothing is fetched"),
        ("file:///etc/passwd", "nothing is fetched"),
        ("../../etc/passwd", "leads out"),
        ("/etc/passwd", "leads out"),
        ("other.pt", "not in it"),
        ({"source": "weights.pt", "sha256": "0" * 64}, "not those that it describes"),
        ({"source": 5}, "where its weights are"),
        (None, "where its weights are"),
    ],
)
def test_what_is_not_in_the_package_is_not_looked_for(tmp_path: Path, entry: Any, why: str) -> None:
    path = packed(tmp_path / "p.zip", {"rdf.yaml": MODEL, "weights.pt": b"abc"})
    with pytest.raises(ModelError, match=why) as found, opened(path) as package:
        b"".join(package.file(entry, "its weights"))
    assert "p.zip is not imported" in str(found.value)


def test_a_file_is_given_as_it_is(tmp_path: Path) -> None:
    path = packed(tmp_path / "p.zip", {"bioimageio.yaml": MODEL, "a/weights.pt": b"abc"})
    with opened(path) as package:
        assert b"".join(package.file({"source": "./a/weights.pt"}, "its weights")) == b"abc"

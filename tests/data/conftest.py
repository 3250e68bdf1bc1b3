"""Fixtures that write small files of every kind."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

Writer = Callable[..., Path]


@pytest.fixture
def disc() -> np.ndarray:
    """A mask ``(24, 32)`` of 0 and 1 whose rows and columns cannot be confused."""
    y, x = np.mgrid[:24, :32]
    return ((y - 8) ** 2 + (x - 20) ** 2 < 40).astype(np.uint8)


@pytest.fixture
def png(tmp_path: Path) -> Writer:
    """Write an array (and palette) as PNG or another format Pillow knows, by the suffix."""
    from PIL import Image

    def write(
        name: str, array: np.ndarray, mode: str | None = None, palette: object = None
    ) -> Path:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        picture = Image.fromarray(array)
        if mode == "P":
            picture = Image.fromarray(array.astype(np.uint8)).convert("L")
            picture = Image.frombytes("P", picture.size, picture.tobytes())
            picture.putpalette(np.asarray(palette, np.uint8).ravel().tolist())
        elif mode:
            picture = picture.convert(mode)
        picture.save(path)
        return path

    return write


@pytest.fixture
def deep_png(tmp_path: Path) -> Writer:
    """Write 16-bit colour as PNG, byte by byte, since Pillow cannot."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return (
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        )

    def write(name: str, array: np.ndarray) -> Path:
        height, width, channels = array.shape
        colour = {3: 2, 4: 6}[channels]
        rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in array)
        header = struct.pack(">IIBBBBB", width, height, 16, colour, 0, 0, 0)
        path = tmp_path / name
        path.write_bytes(
            b"\x89PNG\r\n\x1a\n"
            + chunk(b"IHDR", header)
            + chunk(b"IDAT", zlib.compress(rows))
            + chunk(b"IEND", b"")
        )
        return path

    return write


@pytest.fixture
def cjdata(tmp_path: Path) -> Writer:
    """Write a MATLAB v7.3 file like those of the brain tumour set."""
    import h5py

    def write(name: str, image: np.ndarray, mask: np.ndarray, pid: str, label: int = 1) -> Path:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        with h5py.File(path, "w", userblock_size=512) as file:
            group = file.create_group("cjdata")
            group["image"] = image.T
            group["tumorMask"] = mask.T
            group["label"] = np.array([[float(label)]])
            group["PID"] = np.array([[ord(c)] for c in pid], np.uint16)
            group["PID"].attrs["MATLAB_class"] = np.bytes_("char")
            group["tumorBorder"] = np.zeros((1, 10))
        return path

    return write


@pytest.fixture
def folder(tmp_path: Path) -> Callable[..., Path]:
    """Make a folder of empty files with these relative names and return it."""

    def make(*names: str) -> Path:
        root = tmp_path / "root"
        root.mkdir(exist_ok=True)
        for name in names:
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            (root / name).touch()
        return root

    return make


@pytest.fixture
def small(png, tmp_path: Path, disc: np.ndarray) -> Path:
    """Six cases of three patients and two kinds."""
    rows = ["image,mask,patient,kind"]
    for i in range(6):
        png(f"data/images/{i}.png", disc * 30 + i)
        png(f"data/masks/{i}.png", disc * 255)
        rows.append(f"images/{i}.png,masks/{i}.png,P{i // 2},{'ab'[i % 2]}")
    (tmp_path / "data" / "metadata.csv").write_text("\n".join(rows))
    return tmp_path / "data"

"""Damaged and hostile files: each is one clear error, in little time and little memory.

A process of its own reads the whole corpus under a limit of memory, so that a file that asks for
terabytes, or unfolds to them, would end that process and fail the test.
"""

from __future__ import annotations

import gzip
import json
import struct
import subprocess
import sys
import zlib
from pathlib import Path

import h5py
import nibabel
import numpy as np
import pytest
import tifffile
from scipy.io import savemat

LIMIT, SECONDS = 3 * 2**30, 120  # of the process's address space, which its libraries fill by half

CODE = """
import json, resource, sys, time, warnings
from pathlib import Path
warnings.simplefilter("ignore")
import dask.array, h5py, nibabel, PIL.Image, scipy.io, tifffile, zarr
from napari_unet.data.formats import describe_image, read_image, read_mask
from napari_unet.data.readers.memory import load
from napari_unet.errors import DataError
resource.setrlimit(resource.RLIMIT_AS, ({limit}, {limit}))
for name in json.loads(sys.stdin.read()):
    said, start = [], time.monotonic()
    for function in (describe_image, read_image, read_mask):
        try:
            found = function(name)
            said.append("read")
        except DataError as e:
            said.append(str(e))
        except BaseException as e:
            said.append(f"CRASH {{type(e).__name__}}: {{e}}")
    print(json.dumps([name, said, time.monotonic() - start]), flush=True)
"""


def nifti(shape: tuple[int, ...], dtype: int = 4) -> bytes:
    header = nibabel.Nifti1Header()
    data = bytearray(header.binaryblock)
    struct.pack_into(f"<{len(shape) + 1}h", data, 40, len(shape), *shape)
    struct.pack_into("<hh", data, 70, dtype, 16)
    struct.pack_into("<f", data, 108, 352)
    data[344:348] = b"n+1\0"
    return bytes(data) + b"\0" * 4


def png(width: int, height: int) -> bytes:
    def chunk(kind: bytes, body: bytes) -> bytes:
        return (
            struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
        )

    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    body = zlib.compress(b"\0" * 10**6)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", body) + chunk(b"IEND", b"")
    )


def nrrd(sizes: str, extra: str = "") -> bytes:
    return (
        f"NRRD0004\ntype: short\ndimension: 3\nsizes: {sizes}\n"
        f"encoding: raw\nendian: little\n{extra}\n"
    ).encode() + b"\0" * 100


def mha(sizes: str, data: str = "LOCAL") -> bytes:
    return (
        f"ObjectType = Image\nNDims = 3\nDimSize = {sizes}\nElementType = MET_SHORT\n"
        f"ElementDataFile = {data}\n"
    ).encode() + b"\0" * 100


def huge_tiff(path: Path) -> None:
    tifffile.imwrite(path, np.zeros((8, 8), np.uint8), compression="zlib")
    data = bytearray(path.read_bytes())
    for tag in (256, 257):
        at = data.index(tag.to_bytes(2, "little"), 8)
        data[at + 8 : at + 12] = (2**31 - 1).to_bytes(4, "little")
    path.write_bytes(data)


def hdf5(path: Path) -> None:
    with h5py.File(path, "w") as file:
        file.create_dataset("raw", shape=(10**6, 10**6, 10**3), chunks=(1, 64, 64), dtype="f8")


def contiguous_hdf5(path: Path) -> None:
    with h5py.File(path, "w") as file:
        space = h5py.h5s.create_simple((2**20, 2**20, 2**20))
        h5py.h5d.create(file.id, b"raw", h5py.h5t.NATIVE_DOUBLE, space)


def zarr2(path: Path, shape: list[int], chunks: list[int]) -> None:
    path.mkdir()
    metadata = {
        **{"zarr_format": 2, "shape": shape, "chunks": chunks, "dtype": "<f8", "order": "C"},
        **{"compressor": None, "fill_value": 0, "filters": None},
    }
    (path / ".zarray").write_text(json.dumps(metadata))


def zarr3(path: Path, text: str) -> None:
    path.mkdir()
    (path / "zarr.json").write_text(text)


def corpus(root: Path) -> dict[str, Path]:
    """Write every hostile file; the key says what is wrong with it."""
    rng = np.random.default_rng(0)
    noise = rng.integers(0, 256, 4000, np.uint8).tobytes()
    names = {
        **{"absurd.nii": nifti((32767,) * 3), "seven.nii": nifti((32767,) * 7)},
        "absurd.nii.gz": gzip.compress(nifti((32767,) * 3)),
        "negative.nii": nifti((-5, 4, 4)),
        "bomb.nii.gz": gzip.compress(nifti((2000, 2000, 2000)) + b"\0" * 30_000_000),
        # Large enough for what it promises, had it been packed as tightly as can be.
        "padded.nii.gz": gzip.compress(nifti((1200,) * 3) + b"\0" * 10**7, 1) + noise * 1000,
        "complex.nii": nifti((4, 4, 4), 32) + b"\0" * 1000,
        "kind.nii": nifti((4, 4, 4), 999) + b"\0" * 1000,
        **{"words.nii": b"no scan at all " * 50, "words.nii.gz": gzip.compress(b"no scan " * 99)},
        "png.nii": png(4, 4),
        **{"bomb.png": png(60_000, 60_000), "wide.png": png(2**31 - 1, 1), "noise.png": noise},
        "absurd.nrrd": nrrd("1000000000000 1000000000000 1000000000000"),
        **{"large.nrrd": nrrd("30000 30000 30000"), "zero.nrrd": nrrd("0 0 0")},
        "minus.nrrd": nrrd("-4 4 4"),
        "gone.nhdr": nrrd("20000 20000 20000", "data file: gone.raw"),
        "unending.nrrd": b"NRRD0004\n" + b"#" * 10**6,
        **{"absurd.mha": mha("1000000 1000000 1000000"), "minus.mha": mha("-4 4 4")},
        "gone.mhd": mha("30000 30000 30000", "gone.raw"),
        **{"noise.mha": noise, "noise.nrrd": b"NRRD0004\n" + noise},
        **{"noise.dcm": b"\0" * 128 + b"DICM" + noise, "words.dcm": b"no scan " * 99},
        **{"noise.h5": b"\x89HDF\r\n\x1a\n" + noise, "words.h5": b"no scan " * 99},
        **{"noise.tif": b"II*\0\x08\0\0\0" + noise, "big.tif": b"II+\0\x08\0\0\0" + noise},
        **{"noise.npy": b"\x93NUMPY\x01\0" + noise, "noise.mat": b"MATLAB 5.0" + noise},
    }
    for name, data in names.items():
        (root / name).write_bytes(data)
    for suffix in (
        ".nii",
        ".nii.gz",
        ".nrrd",
        ".mha",
        ".h5",
        ".dcm",
        ".tif",
        ".png",
        ".npy",
        ".mat",
    ):
        (root / f"empty{suffix}").touch()
    huge_tiff(root / "huge.tif")
    hdf5(root / "absurd.h5")
    contiguous_hdf5(root / "contiguous.h5")
    zarr2(root / "absurd.zarr", [10**12, 10**12, 10**12], [1, 64, 64])
    zarr2(root / "chunk.zarr", [10**6, 10**6, 10**6], [10**6, 10**6, 10**6])
    zarr2(root / "minus.zarr", [-4, 4, 4], [1, 4, 4])
    zarr3(root / "words.zarr", "no metadata")
    zarr3(root / "deep.zarr", "[" * 100_000)
    (root / "series").mkdir()
    for i in range(3):
        (root / "series" / f"{i}.dcm").write_bytes(names["noise.dcm"])
    return {p.name: p for p in sorted(root.iterdir())}


@pytest.fixture(scope="module")
def answers(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[list[str], float]]:
    """What reading says of each file: describing it, as an image, as a mask; and the seconds."""
    pytest.importorskip("resource", reason="no limits of memory on this system")
    root = tmp_path_factory.mktemp("hostile")
    paths = [str(p) for p in corpus(root).values()]
    done = subprocess.run(
        [sys.executable, "-c", CODE.format(limit=LIMIT)],
        input=json.dumps(paths),
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    found = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("[")]
    assert done.returncode == 0, f"ended at {paths[len(found)]}: {done.stderr[-2000:]}"
    return {Path(name).name: (said, seconds) for name, said, seconds in found}


def test_every_hostile_file_is_one_clear_error(answers) -> None:
    for name, (said, _) in answers.items():
        assert all(name in s and "\n" not in s for s in said[1:]), (name, said)
        assert "CRASH" not in said[0], (name, said)


def test_none_takes_long(answers) -> None:
    assert {name: seconds for name, (_, seconds) in answers.items() if seconds > 10} == {}


def test_the_corpus_is_of_every_format(answers) -> None:
    suffixes = {name.partition(".")[2] for name in answers}
    assert {"nii", "nii.gz", "nrrd", "mha", "mhd", "dcm", "h5", "zarr", "tif", "png"} <= suffixes


@pytest.mark.parametrize("seed", range(3))
def test_files_with_a_few_wrong_bytes_never_end_the_program(tmp_path: Path, seed: int) -> None:
    """Bytes of good files are changed at random: they are read or refused, nothing else."""
    sitk = pytest.importorskip("SimpleITK", reason="SimpleITK is not installed")
    rng = np.random.default_rng(seed)
    volume = rng.integers(0, 99, (5, 6, 7)).astype(np.int16)
    nibabel.save(nibabel.Nifti1Image(volume, np.eye(4)), tmp_path / "a.nii")
    for suffix in ("nrrd", "mha"):
        sitk.WriteImage(sitk.GetImageFromArray(volume), tmp_path / f"a.{suffix}")
    sitk.WriteImage(sitk.GetImageFromArray(volume[:1]), tmp_path / "a.dcm")
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file.create_dataset("raw", data=volume, chunks=(1, 6, 7), compression="gzip")
    tifffile.imwrite(tmp_path / "a.tif", volume, compression="zlib")
    savemat(tmp_path / "a.mat", {"image": volume})
    paths = []
    for good in list(tmp_path.iterdir()):
        data = good.read_bytes()
        for i in range(12):
            damaged = bytearray(data)
            for at in rng.integers(0, min(len(damaged), 1500), 4):
                damaged[at] = rng.integers(0, 256)
            paths.append(tmp_path / f"{i}{good.suffix}")
            paths[-1].write_bytes(damaged)
    done = subprocess.run(
        [sys.executable, "-c", CODE.format(limit=LIMIT)],
        input=json.dumps([str(p) for p in paths]),
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    found = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("[")]
    assert done.returncode == 0, f"ended at {paths[len(found)]}: {done.stderr[-2000:]}"
    assert not [f for f in found if any("CRASH" in s for s in f[1])]

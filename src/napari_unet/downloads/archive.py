"""Unpacking archives that nobody vouches for.

An archive is refused as a whole if a name in it leads out of the folder, is absolute, means a
device on Windows or is there twice; if it holds links or devices; or if it unfolds to more than the
disk holds, to two hundred times its size, or to more files than any data set has. Archives within
archives are unpacked too, and count against the same limits. Only new files are ever written.
"""

from __future__ import annotations

import bz2
import gzip
import lzma
import re
import shutil
import stat
import tarfile
import unicodedata
import zipfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import IO, Any

from napari_unet.downloads.transfer import RESERVE
from napari_unet.errors import DataError
from napari_unet.quantities import size_words

TARS = {
    **{".tar": "", ".tar.gz": "gz", ".tgz": "gz", ".tar.bz2": "bz2", ".tbz2": "bz2"},
    **{".tar.xz": "xz", ".txz": "xz"},
}
SUFFIXES = (".zip", *TARS)
FOREIGN = (".rar", ".7z", ".zst", ".lzh")

MOST_ENTRIES = 300_000
MOST_RATIO = 200  # unpacked to packed …
HARMLESS = 2**30  # … from this many bytes on: blank masks pack well
MOST_DEPTH = 3  # archives within archives
MOST_AT_ONCE = 2**26  # bytes that reading a header may ask for
CHUNK = 2**20

DEVICES = re.compile(r"(?:con|prn|aux|nul|conin\$|conout\$|(?:com|lpt)[0-9¹²³])(?: *\..*)?", re.I)


Member = tuple[tuple[str, ...], int, Callable[[], Any]]  # path, size, and how to open it


@dataclass
class Budget:
    """What may be unpacked below ``root``, all archives of a download together; sizes in bytes."""

    root: Path
    packed: int
    free: int
    entries: int = 0
    unpacked: int = 0
    files: set[str] = field(default_factory=set)
    folders: set[str] = field(default_factory=set)

    def enter(self) -> None:
        """Count an entry."""
        self.entries += 1
        if self.entries > MOST_ENTRIES:
            raise DataError(f"it holds more than {MOST_ENTRIES} entries")

    def take(self, size: int) -> None:
        """Count bytes that are about to be written."""
        self.unpacked += size
        if self.unpacked > self.free:
            raise DataError(f"it unfolds to more than the {size_words(self.free)} free on the disk")
        if self.unpacked > max(HARMLESS, MOST_RATIO * self.packed):
            raise DataError(
                f"{size_words(self.packed)} unfold to more than {size_words(self.unpacked)}, as in "
                "archives that are made to fill disks"
            )

    def claim(self, path: Path) -> None:
        """Claim a file's name; names that differ only in case are one on many systems."""
        name = path.relative_to(self.root).as_posix()
        key = name.casefold()
        above = {key[:i] for i, c in enumerate(key) if c == "/"}
        if key in self.files or key in self.folders or above & self.files:
            raise DataError(f"it holds {name!r} twice")
        self.files.add(key)
        self.folders |= above


def is_archive(path: Path) -> bool:
    """Say, by its name, whether a file is an archive that can be unpacked."""
    return path.name.casefold().endswith(SUFFIXES)


def stem(name: str) -> str:
    """Return an archive's name without its suffix."""
    return next((name[: -len(s)] for s in SUFFIXES if name.casefold().endswith(s)), name)


def budget_for(archives: Sequence[Path], root: Path) -> Budget:
    """Return the limits for unpacking these archives below a folder that exists."""
    free = shutil.disk_usage(root).free - RESERVE
    return Budget(root, sum(a.stat().st_size for a in archives), max(free, 0))


def unpack(archive: Path, folder: Path, budget: Budget, depth: int = 1) -> Iterator[int]:
    """Unpack an archive into a folder; yield the bytes unpacked so far.

    Archives within it are unpacked into folders of their names, and removed.

    Raises
    ------
    DataError
        If the archive is damaged, of an unknown kind, or refused; the folder then holds a part.
    """
    inner = []
    with _reading(archive):
        members = _zip if archive.name.casefold().endswith(".zip") else _tar
        for parts, size, source in members(archive, budget):
            target = folder.joinpath(*parts)
            budget.claim(target)
            target.parent.mkdir(parents=True, exist_ok=True)
            with target.open("xb") as out, source() as stream:
                yield from _copy(stream, out, size, budget)
            if is_archive(target):
                inner.append(target)
        if inner and depth == MOST_DEPTH:
            raise DataError(f"archives lie within archives, more than {MOST_DEPTH} deep")
    for path in inner:
        yield from unpack(path, path.with_name(stem(path.name)), budget, depth + 1)
        path.unlink()


def safe_parts(name: str) -> tuple[str, ...]:
    """Return the parts of a member's path, if they are safe on every system.

    Raises
    ------
    DataError
        If the path is absolute, leads upwards, or has a part that no Windows file can have.
    """
    path = unicodedata.normalize("NFC", name.replace("\\", "/"))
    parts = tuple(p for p in path.split("/") if p not in ("", "."))
    if path.startswith("/") or re.match("[A-Za-z]:", path) or ".." in parts or not parts:
        raise DataError(f"its member {name[:100]!r} leads out of the folder")
    for part in parts:
        if DEVICES.fullmatch(part) or part.endswith((" ", ".")) or not part.isprintable():
            raise DataError(f"its member {name[:100]!r} is no name for a file on every system")
        if len(part.encode("utf-8", "surrogateescape")) > 255:
            raise DataError(f"its member {name[:60]!r}… has too long a name")
    return parts


def _copy(stream: IO[bytes], out: IO[bytes], size: int, budget: Budget) -> Iterator[int]:
    """Copy a member, counting what really comes rather than what was announced."""
    left = size
    while chunk := stream.read(CHUNK):
        left -= len(chunk)
        if left < 0:
            raise DataError("a member is longer than announced")
        budget.take(len(chunk))
        out.write(chunk)
        yield budget.unpacked
    if left:
        raise DataError("a member is shorter than announced")


# --- formats ------------------------------------------------------------------------------------


class Guarded:
    """A file that refuses to read very much at once, as headers that lie make readers do."""

    def __init__(self, file: Any) -> None:
        self._file = file
        self.tell, self.close = file.tell, file.close

    def read(self, size: int = -1) -> bytes:
        """Read as a file does, but not more than any header needs."""
        most = MOST_AT_ONCE + 1 if size < 0 else size  # all that follows: the end of a zip
        data: bytes = self._file.read(most) if most <= MOST_AT_ONCE + 1 else b""
        if most > MOST_AT_ONCE + 1 or len(data) > MOST_AT_ONCE:
            raise DataError("one of its headers asks for more memory than any header needs")
        return data

    def seek(self, offset: int, whence: int = 0) -> int:
        """Go to a place of the file."""
        try:
            place: int = self._file.seek(offset, whence)
        except OSError as e:  # a place before the beginning
            raise ValueError("one of its headers points out of the file") from e
        return place

    def seekable(self) -> bool:
        """Say that one can."""
        return True


def _zip(archive: Path, budget: Budget) -> Iterator[Member]:
    with archive.open("rb") as raw, zipfile.ZipFile(Guarded(raw)) as opened:
        announced = sum(info.file_size for info in opened.infolist())
        replace(budget).take(announced)  # before anything is written
        for info in opened.infolist():
            budget.enter()
            check_member(info)
            if not info.is_dir():
                yield safe_parts(info.filename), info.file_size, partial(opened.open, info)


def check_member(info: zipfile.ZipInfo) -> None:
    """Raise `DataError` if a member of a zip archive is no plain file or folder, or is locked."""
    kind = stat.S_IFMT(info.external_attr >> 16)
    if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
        raise DataError(f"its member {info.filename[:100]!r} is a link or a device")
    if info.flag_bits & 1:
        raise DataError("it is locked with a password: unpack it by hand")


def _tar(archive: Path, budget: Budget) -> Iterator[Member]:
    name = archive.name.casefold()
    packing = next((kind for suffix, kind in TARS.items() if name.endswith(suffix)), "")
    openers: dict[str, Any] = {"": open, "gz": gzip.open, "bz2": bz2.open, "xz": lzma.open}
    with openers[packing](archive, "rb") as raw:
        source: Any = Guarded(raw)
        with tarfile.open(fileobj=source, mode="r:") as opened:
            untyped: Any = opened
            while (info := opened.next()) is not None:
                budget.enter()
                untyped.members = []  # or they pile up
                if info.isdir():
                    continue
                if not info.isreg():
                    raise DataError(f"its member {info.name[:100]!r} is a link or a device")
                replace(budget).take(info.size)
                yield safe_parts(info.name), info.size, partial(opened.extractfile, info)


@contextmanager
def _reading(archive: Path) -> Iterator[None]:
    """Say of which archive an error is."""
    advice = "Nothing of it is kept. If you trust it, unpack it by hand and open the folder."
    try:
        yield
    except DataError as e:
        raise DataError(f"{archive.name} is not unpacked: {e}. {advice}") from e
    except (NotImplementedError, RuntimeError) as e:
        raise DataError(f"{archive.name} cannot be unpacked here ({e}). Unpack it by hand.") from e
    except Exception as e:  # the readers raise anything at all on damaged archives
        if isinstance(e, OSError) and e.errno is not None:
            raise  # the disk's fault, not the archive's
        raise DataError(f"{archive.name} is damaged ({e}). Download it again.") from e

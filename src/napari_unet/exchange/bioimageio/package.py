"""A package that nobody vouches for, looked into without unpacking or executing anything."""

from __future__ import annotations

import hashlib
import re
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from napari_unet.downloads.archive import Guarded, check_member, safe_parts
from napari_unet.errors import DataError, ModelError
from napari_unet.exchange.bioimageio import rdf

NAMES = ("rdf.yaml", "bioimageio.yaml", "model.yaml")  # that a description may have
ELSEWHERE = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+:")  # the beginning of a URL
MOST_FILES = 1000
MOST_RATIO = 100  # unpacked to packed, of one file; weights hardly pack …
HARMLESS = 64 << 20  # … and so many bytes are no harm anyway
CHUNK = 1 << 20


@dataclass(frozen=True)
class Package:
    """A package's description, and its files by their names; ``name`` is for people."""

    name: str
    content: Mapping[str, Any]
    archive: zipfile.ZipFile
    files: Mapping[str, zipfile.ZipInfo]

    def file(self, entry: Any, what: str) -> Iterator[bytes]:
        """Yield, bit by bit, the file that a part of the description names.

        Parameters
        ----------
        entry
            A name, or a mapping with ``source`` and perhaps ``sha256``.
        what
            What it is, for the error.

        Raises
        ------
        ModelError
            If it lies elsewhere, is not there, is damaged, swells, or is another one than
            described; of the last one learns at the end.
        """
        described = entry if isinstance(entry, Mapping) else {"source": entry}
        source, wanted = described.get("source"), described.get("sha256")
        if not isinstance(source, str):
            raise self.refused(f"it does not say where {what} are")
        if ELSEWHERE.match(source):
            raise self.refused(
                f"{what} are at {source[:200]}, and nothing is fetched. Download the whole "
                "package, with all of its files"
            )
        with _sound(self.name):
            key = "/".join(safe_parts(source))
            if key not in self.files:
                raise DataError(f"{what}, {source[:200]!r}, are not in it")
            found = hashlib.sha256()
            for part in _unpacked(self.archive, self.files[key]):
                found.update(part)
                yield part
            if isinstance(wanted, str) and wanted.lower() != found.hexdigest():
                raise DataError(f"{what}, {source[:200]!r}, are not those that it describes")

    def refused(self, why: str) -> ModelError:
        """Return the error that says why the package is not imported."""
        return ModelError(f"{self.name} is not imported: {why}.")


@contextmanager
def opened(path: Path) -> Iterator[Package]:
    """Open a package.

    Raises
    ------
    ModelError
        If it is no package of a model, is damaged, or holds what no package needs: links, names
        that lead out of it, a description that is more than plain values.
    """
    with ExitStack() as stack:
        with _sound(path.name):
            try:
                raw = stack.enter_context(path.open("rb"))
            except FileNotFoundError as e:
                raise ModelError(f"There is no package {path}.") from e
            except IsADirectoryError as e:
                raise ModelError(f"{path} is a folder. Pack what is in it as a zip archive.") from e
            archive = stack.enter_context(_archive(raw))
            package = _described(path.name, archive)
        yield package


@contextmanager
def _sound(name: str) -> Iterator[None]:
    """Say of which package an error is."""
    try:
        yield
    except DataError as e:
        raise ModelError(f"{name} is not imported: {e}.") from e
    except ModelError:
        raise
    except Exception as e:  # zipfile, and what unpacks for it, raise anything at all
        if isinstance(e, OSError) and e.errno is not None:
            raise  # the disk's fault, not the package's
        raise ModelError(
            f"{name} is no package of bioimage.io, or is damaged ({e or type(e).__name__})."
        ) from e


def _archive(raw: Any) -> zipfile.ZipFile:
    guarded: Any = Guarded(raw)  # all that is needed of a file
    return zipfile.ZipFile(guarded)


def _described(name: str, archive: zipfile.ZipFile) -> Package:
    infos = archive.infolist()
    if len(infos) > MOST_FILES:
        raise DataError(f"it holds {len(infos):,} files, more than any package")
    files: dict[str, zipfile.ZipInfo] = {}
    for info in infos:
        check_member(info)
        key = "/".join(safe_parts(info.filename))
        if key in files:
            raise DataError(f"it holds {key!r} twice")
        files[key] = info
    found = next((n for n in NAMES if n in files), None)
    if found is None:
        raise DataError(f"it holds no {NAMES[0]}, so it is no package of bioimage.io")
    if files[found].file_size > rdf.MOST:
        raise DataError(f"its {found} is larger than {rdf.MOST >> 20} MiB")
    content = rdf.parse(b"".join(_unpacked(archive, files[found])))
    if content.get("type") != "model":
        raise DataError("it describes no model")
    return Package(name, content, archive, files)


def _unpacked(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> Iterator[bytes]:
    """Yield a file's bytes; `zipfile` gives no more of them than were announced."""
    if info.file_size > max(HARMLESS, MOST_RATIO * info.compress_size):
        raise DataError(
            f"its file {info.filename[:100]!r} unfolds to {info.file_size >> 20:,} MiB, as in "
            "archives that are made to fill memory"
        )
    with archive.open(info) as stream:
        while part := stream.read(CHUNK):
            yield part

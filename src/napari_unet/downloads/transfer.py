"""One file from a server to the disk: continued where it broke off, and checked at the end.

Beside ``NAME.part`` a small file keeps what the server said of the file, so that a later attempt
continues only the very same one: with ``If-Range`` a server that has a newer file sends all of it.
"""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import time
from collections.abc import Generator, Iterator
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path

import requests
import urllib3

from napari_unet.downloads.web import BrokenError, answer, length_of
from napari_unet.errors import DataError
from napari_unet.events import RemoteFile
from napari_unet.quantities import size_words
from napari_unet.workspace import atomic

TRIES = 6  # in a row without getting on
GETTING_ON = 2**20  # bytes
PAUSE = 1.0  # seconds before the second attempt, doubled each time
CHUNK = 2**18
RESERVE = 2**28  # bytes of the disk that are left alone

Steps = Generator[tuple[int, int], None, Path]


@dataclass(frozen=True)
class _Kept:
    """What is known of a partial file: whose it is, and how the server names this version of it."""

    url: str
    etag: str = ""
    modified: str = ""

    @property
    def validator(self) -> str:
        """What ``If-Range`` may hold; weak tags say nothing about bytes."""
        return self.etag if self.etag and not self.etag.startswith("W/") else self.modified


def download(file: RemoteFile, folder: Path) -> Steps:
    """Download a file into a folder; yield bytes done and in all (0: unknown), return its path.

    What is there already, in whole or in part, is used.

    Raises
    ------
    DataError
        If the file cannot be had, is not what was announced, or the disk is too small. What was
        downloaded stays for the next attempt, unless its checksum is wrong.
    """
    target, part, note = _paths(file, folder)
    if target.exists() and _read(note).url == file.url:
        return target
    folder.mkdir(parents=True, exist_ok=True)
    for fresh in (False, True):
        resumed = part.exists()
        yield from _all_of(file, part, note, fresh)
        if not (wrong := _wrong(file, part)):
            break
        part.unlink()
        if fresh or not resumed:
            raise DataError(
                f"{file.name} is damaged or not the file that was announced: {wrong}. It was "
                "thrown away; try again later or look for a newer address."
            )
    part.replace(target)
    return target


def is_here(file: RemoteFile, folder: Path) -> int:
    """Return how many bytes of a file are on the disk already."""
    target, part, note = _paths(file, folder)
    if _read(note).url != file.url:
        return 0
    return next((p.stat().st_size for p in (target, part) if p.exists()), 0)


def check_disk(folder: Path, needed: int) -> None:
    """Refuse what does not fit on the disk.

    Raises
    ------
    DataError
        With both sizes.
    """
    there = next(p for p in (folder, *folder.parents) if p.exists())
    free = shutil.disk_usage(there).free - RESERVE
    if needed > free:
        raise DataError(
            f"{size_words(needed)} are needed and {size_words(max(free, 0))} are free on the disk "
            f"of {there}. Free some space, or choose another folder; what was downloaded is kept."
        )


def _paths(file: RemoteFile, folder: Path) -> tuple[Path, Path, Path]:
    return tuple(folder / f"{file.name}{end}" for end in ("", ".part", ".json"))  # type: ignore[return-value]


def _all_of(file: RemoteFile, part: Path, note: Path, fresh: bool) -> Iterator[tuple[int, int]]:
    """Ask until everything is there, or until asking leads nowhere."""
    if fresh or _read(note).url != file.url:
        part.unlink(missing_ok=True)
    failed, start = 0, 0
    while True:
        have = part.stat().st_size if part.exists() else 0
        if have - start > GETTING_ON:
            failed = 0
        start = have
        if file.size and have == file.size:
            return
        try:
            yield from _ask(file, part, note, have)
            return
        except BrokenError as e:
            failed += 1
            if failed >= TRIES:
                raise DataError(
                    f"{file.name} could not be downloaded in {failed} attempts: {e}. Try again "
                    "later; what is there is kept and continued."
                ) from e
            yield from _wait(max(e.wait, PAUSE * 2 ** (failed - 1)), have, file.size)


def _wait(seconds: float, done: int, total: int) -> Iterator[tuple[int, int]]:
    """Wait in small steps, so that a job can be stopped meanwhile."""
    end = time.monotonic() + seconds
    while (left := end - time.monotonic()) > 0:
        yield done, total
        time.sleep(min(left, 0.25))


def _ask(file: RemoteFile, part: Path, note: Path, have: int) -> Iterator[tuple[int, int]]:
    """Ask once for what is missing, and write what comes."""
    kept = _read(note)
    known = bool(file.md5 or file.sha256)
    if not (kept.validator or known):
        have = 0  # nothing would tell a newer file from the rest of this one
    headers = {"Range": f"bytes={have}-"} if have else {}
    if have and kept.validator:
        headers["If-Range"] = kept.validator
    with answer(file.url, headers) as response:
        fresh = _Kept(
            file.url, response.headers.get("ETag", ""), response.headers.get("Last-Modified", "")
        )
        offset, total = _place(file, response, have)
        if have and (offset < 0 or (offset and _differ(fresh, kept))):
            part.unlink()
            raise BrokenError(f"{file.name} is not the one of which there is a part already")
        if response.status_code == 416:
            return
        check_disk(part.parent, total - offset)
        if not offset:
            with atomic(note) as temporary:
                temporary.write_text(json.dumps(asdict(fresh)), encoding="utf-8")
        yield from _write(response, part, max(offset, 0), total)


def _differ(one: _Kept, other: _Kept) -> bool:
    """Say whether two answers are about different files, as far as both say."""
    both = ((one.etag, other.etag), (one.modified, other.modified))
    return any(a and b and a != b for a, b in both)


def _place(file: RemoteFile, response: requests.Response, have: int) -> tuple[int, int]:
    """Return from which byte on the server sends the file, and the file's size (0: unknown).

    The first is -1 if what it sends does not follow what is there.
    """
    span = re.match(r"bytes (?:(\d+)-\d+|\*)/(\d+|\*)$", response.headers.get("Content-Range", ""))
    if response.status_code == 416:
        offset = have if span and span[2] == str(have) else -1
        total = have
    elif response.status_code == 206:
        offset = have if span and span[1] == str(have) else -1
        total = int(span[2]) if span and span[2] != "*" else 0
    else:
        offset, total = 0, length_of(response)
    if offset >= 0 and file.size and total and total != file.size:
        raise DataError(
            f"{file.name} has {size_words(total)} on the server, but {size_words(file.size)} were "
            "announced: it is not the same file any more. Look for a newer address."
        )
    return offset, total or file.size


def _write(
    response: requests.Response, part: Path, offset: int, total: int
) -> Iterator[tuple[int, int]]:
    done = offset
    with part.open("ab" if offset else "wb") as out:
        yield done, total
        try:
            # The bytes as they are sent: requests would unpack a .tar.gz that is called encoded.
            for chunk in response.raw.stream(CHUNK, decode_content=False):
                done += len(chunk)
                if total and done > total:
                    raise DataError(f"{part.stem} is longer than the server announced.")
                if not total:
                    check_disk(part.parent, len(chunk))
                out.write(chunk)
                yield done, total
        except urllib3.exceptions.HTTPError as e:
            raise BrokenError(f"the connection broke off after {size_words(done)}") from e
    if done < total:
        raise BrokenError(f"the server announced {size_words(total)} and sent {size_words(done)}")


def _wrong(file: RemoteFile, part: Path) -> str:
    """Say what is wrong with a file that was downloaded in full, or nothing."""
    if file.size and part.stat().st_size != file.size:
        return f"it has {part.stat().st_size} bytes instead of {file.size}"
    for kind, wanted in (("sha256", file.sha256), ("md5", file.md5)):
        if wanted:
            with part.open("rb") as stream:
                found = hashlib.file_digest(
                    stream, partial(hashlib.new, kind, usedforsecurity=False)
                )
            same = found.hexdigest() == wanted.lower()
            return "" if same else f"its {kind} is {found.hexdigest()}, not {wanted}"
    return ""


def _read(note: Path) -> _Kept:
    """Return what was kept of a partial file; nothing, if there is no such note or a broken one."""
    try:
        return _Kept(**json.loads(note.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return _Kept("")

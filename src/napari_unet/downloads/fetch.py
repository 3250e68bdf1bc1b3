"""Fetching a data set as a job: offer, download, unpack, and look whether cases are found.

Everything is made in a hidden folder beside the final one, which appears by a rename when all is
done. The hidden folder is left when a fetch is stopped, and continued by the next one.
"""

from __future__ import annotations

import json
import os
import shutil
import time
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from napari_unet.data.dataset import open_dataset
from napari_unet.data.patients import UNKNOWN_SOURCE
from napari_unet.downloads import drive, transfer
from napari_unet.downloads.archive import budget_for, is_archive, stem, unpack
from napari_unet.downloads.folds import write_folds
from napari_unet.downloads.offers import make_offer
from napari_unet.downloads.transfer import check_disk
from napari_unet.errors import DataError
from napari_unet.events import Event, FetchFinished, Note, Offer, Progress, RemoteFile
from napari_unet.jobs import FetchJob
from napari_unet.quantities import size_words
from napari_unet.schema import to_json

ORIGIN = ".origin.json"  # says where a fetched folder is from


def fetch(job: FetchJob) -> Generator[Event, None, None]:
    """Download a data set; first the `Offer`, then, if agreed, `Progress` and `FetchFinished`.

    Raises
    ------
    DataError
        If the source is unknown, the folder is in use, the disk is too small, a file cannot be had
        or is not what was announced, or an archive is damaged or hostile.
    """
    start = time.monotonic()
    yield Progress(0, 1, "asking for size and licence")
    offer = make_offer(job.source, job.out)
    yield offer
    if not job.agreed:
        return
    folder = Path(offer.folder)
    if _origin(folder) == offer.source:
        yield Note(f"{folder} was fetched before and is used as it is.")
    else:
        yield from _make(offer, folder)
    yield Progress(1, 1, "looking at what came")
    yield _finished(folder, time.monotonic() - start)


def _make(offer: Offer, folder: Path) -> Iterator[Event]:
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise DataError(f"{folder} exists already. Choose another folder; nothing was changed.")
    work = folder.parent / f".{folder.name}.fetching"
    with _alone(work):
        files: list[Path] = []
        yield from _download(offer, work / "files", files)
        new = work / "unpacked"
        if new.exists():  # of an earlier attempt, cut short
            shutil.rmtree(new)
        new.mkdir()
        yield from _unpack(files, new)
        yield from _folds(new)
        origin = {"fetched": datetime.now(UTC).isoformat(timespec="seconds"), **to_json(offer)}
        text = json.dumps(origin, indent=1, ensure_ascii=False)
        (new / ORIGIN).write_text(text, encoding="utf-8")
        if folder.exists():
            folder.rmdir()  # it is empty
        new.rename(folder)
    shutil.rmtree(work)


@contextmanager
def _alone(work: Path) -> Iterator[None]:
    """Keep two processes from writing the same files."""
    import psutil

    work.mkdir(parents=True, exist_ok=True)
    lock = work / "process"
    other = int(text) if lock.exists() and (text := lock.read_text()).isdecimal() else 0
    if other not in (0, os.getpid()) and psutil.pid_exists(other):
        raise DataError(f"{work.parent} receives this data set already: process {other} is at it.")
    lock.write_text(str(os.getpid()))
    try:
        yield
    finally:
        lock.unlink(missing_ok=True)


def _download(offer: Offer, into: Path, files: list[Path]) -> Iterator[Event]:
    """Download all files, one after the other; their paths are added to ``files``."""
    here = sum(transfer.is_here(f, into) for f in offer.files)
    check_disk(into, offer.size - here)
    if here:
        yield Note(f"{size_words(here)} are there from an earlier attempt.")
    before, start = 0, time.monotonic()
    for file in offer.files:
        steps = _steps(file, into)
        while True:
            try:
                done, total = next(steps)
            except StopIteration as stopped:
                files.append(stopped.value)
                break
            yield _progress(before + done, offer.size or total, here, time.monotonic() - start)
        before += file.size


def _steps(file: RemoteFile, into: Path) -> transfer.Steps:
    return (
        drive.download(file.url, into)
        if drive.is_drive(file.url)
        else transfer.download(file, into)
    )


def _progress(done: int, total: int, here: int, seconds: float) -> Progress:
    if not total:
        return Progress(0, 1, f"downloading, {size_words(done)} so far")
    new = done - here
    left = seconds / new * (total - done) if new > 0 else float("nan")
    return Progress(done, total, f"downloading, {size_words(done)} of {size_words(total)}", left)


def _unpack(files: list[Path], into: Path) -> Iterator[Event]:
    """Unpack archives, several of them into folders of their names; move the other files."""
    archives = [f for f in files if is_archive(f)]
    budget = budget_for(archives, into)
    for file in files:
        if file not in archives:
            budget.claim(into / file.name)
            _keep(file, into / file.name)
    for n, archive in enumerate(archives):
        inner = into / stem(archive.name) if len(archives) > 1 else into
        for unpacked in unpack(archive, inner, budget):
            yield Progress(n, len(archives), f"unpacking, {size_words(unpacked)}")


def _folds(folder: Path) -> Iterator[Note]:
    try:
        if write_folds(folder):
            yield Note("The authors' folds are in folds.csv.")
    except DataError as e:
        yield Note(f"The authors' folds cannot be read: {e}", warning=True)


def _keep(file: Path, target: Path) -> None:
    """Give a file a second name, so that the first lasts until all is done."""
    try:
        target.hardlink_to(file)
    except OSError:  # a disk without links
        shutil.copy2(file, target)


def _finished(folder: Path, seconds: float) -> FetchFinished:
    """Open what came, so that it is known to be a data set."""
    try:
        dataset = open_dataset(folder)
    except DataError as e:
        return FetchFinished(str(folder), 0, 0, seconds, str(e))
    people = dataset.patients if dataset.patient_source != UNKNOWN_SOURCE else 0
    return FetchFinished(str(folder), len(dataset), people, seconds)


def _origin(folder: Path) -> str:
    """Return what a folder was fetched from; nothing if it was not."""
    try:
        return str(json.loads((folder / ORIGIN).read_text(encoding="utf-8"))["source"])
    except (OSError, ValueError, KeyError, TypeError):
        return ""

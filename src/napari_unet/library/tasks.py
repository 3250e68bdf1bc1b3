"""What takes longer with models, as jobs: importing, exporting, verifying."""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import closing
from pathlib import Path
from typing import TypeVar

from napari_unet.events import Event, ModelExported, ModelImported, ModelVerified, Progress
from napari_unet.jobs import ExportModelJob, ImportModelJob, VerifyModelJob
from napari_unet.library.exchanging import add, export
from napari_unet.library.names import name_of
from napari_unet.library.verifying import verify

T = TypeVar("T")


def import_model(job: ImportModelJob) -> Generator[Event, None, None]:
    """Put a copy of a model into the library; the last event is `ModelImported`.

    Raises
    ------
    ConfigError, DiskError, ModelError
        As `napari_unet.library.add`.
    """
    from napari_unet.unet.aside import checkpoint

    what = f"importing {Path(job.source).name}"
    found = yield from _aside(lambda: add(job.source, job.name, job.format, checkpoint), what)
    yield ModelImported(found.entry.path, found.known)


def export_model(job: ExportModelJob) -> Generator[Event, None, None]:
    """Write a model in some format; the last event is `ModelExported`.

    Raises
    ------
    ConfigError, DiskError, ModelError
        As `napari_unet.library.export`.
    """
    from napari_unet.unet.aside import checkpoint

    what = f"exporting {name_of(job.model)}"
    path = yield from _aside(lambda: export(job.model, job.target, job.format, checkpoint), what)
    yield ModelExported(str(path))


def verify_model(job: VerifyModelJob) -> Generator[Event, None, None]:
    """Look at all of a model; the last event is `ModelVerified`.

    Raises
    ------
    ModelError
        If something is wrong with it.
    """
    found = yield from _aside(lambda: verify(job.model), f"verifying {name_of(job.model)}")
    yield ModelVerified(found.path, found.text)


def _aside(work: Callable[[], T], what: str) -> Generator[Event, None, T]:
    """Do it in a thread, so that it can be stopped; nobody knows how far it is."""
    from napari_unet.unet.aside import aside

    with closing(aside(work, lambda: Progress(0, 1, what))) as events:
        return (yield from events)

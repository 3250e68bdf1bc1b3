"""Running a job to its end."""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import closing
from pathlib import Path
from typing import Any, TypeVar

from napari_unet.engine.dispatch import start
from napari_unet.errors import UnetError, readable
from napari_unet.events import Event
from napari_unet.jobs import Job

F = TypeVar("F")

PathLike = str | Path
OnEvent = Callable[[Event], Any] | None


def finish(job: Job, kind: type[F], on_event: OnEvent) -> F:
    """Pull a job to its end; return its last event."""
    return pull(start(job), kind, on_event)


def pull(events: Generator[Event, None, Any], kind: type[F], on_event: OnEvent) -> F:
    """Hand every event to ``on_event`` and return the one of type ``kind``.

    Raises
    ------
    UnetError
        Whatever the generator raised, turned into one readable sentence.
    """
    found: F | None = None
    try:
        # Closed at once if on_event raises: a training then saves where it is.
        with closing(events):
            for event in events:
                if on_event is not None:
                    on_event(event)
                if isinstance(event, kind):
                    found = event
    except UnetError:
        raise
    except Exception as error:
        raise readable(error) from error
    assert found is not None, f"{kind.__name__} never came"
    return found

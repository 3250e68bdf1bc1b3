"""Work spread over the processes of a Dask cluster.

Every worker keeps the model warm, segments one image at a time on its share of threads, and writes
labels and record itself: workers must see the same folders. Dask gives the work of a worker that
is lost to another.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeVar

from napari_unet.errors import JobError, UnetError

T = TypeVar("T")
R = TypeVar("R")

POLL = 0.1  # seconds between two looks at what is done
TRIES = 3  # times that a worker may die with the same piece of work in its hands

_working = threading.Lock()  # of a worker: its threads are for the network, not for several images


def spread(
    client: Any, work: Callable[[T], R], pieces: Sequence[T]
) -> Iterator[tuple[T, R | Exception] | None]:
    """Yield every piece with what ``work`` made of it or raised, as they are done; None meanwhile.

    ``work`` is called in the workers' processes. When the iterator is closed, what no worker has
    begun is cancelled.

    Raises
    ------
    JobError
        If the scheduler is lost.
    """
    from distributed import as_completed

    waiting = {}
    for i, piece in enumerate(pieces):
        future = client.submit(_on_worker, work, piece, key=f"napari-unet-{id(pieces)}-{i}")
        waiting[future] = piece
    done = as_completed(waiting, loop=client.loop)
    try:
        while waiting:
            if not done.has_ready():
                if client.status != "running":
                    raise JobError(
                        "The connection to the Dask scheduler was lost. What is done is kept: run "
                        "this again to go on."
                    )
                time.sleep(POLL)
                yield None
                continue
            for future in done.next_batch(block=False):
                yield waiting.pop(future), _outcome(future)
    finally:
        client.cancel(list(waiting))


def _outcome(future: Any) -> Any:
    """Return what came of a piece of work: a result, or an exception of this package."""
    error = future.exception()
    if error is None:
        return future.result()
    if isinstance(error, UnetError):
        return error
    if type(error).__name__ == "KilledWorker":
        return JobError(
            "The workers that had it died one after the other: it may be too large for their "
            "memory."
        )
    return JobError(f"{type(error).__name__}: {str(error).partition(chr(10))[0]}")


def _on_worker(work: Callable[[T], R], piece: T) -> R:
    """Do a piece of work in a worker's process, with that worker's share of threads."""
    import dask
    import torch
    from distributed import get_worker

    # Lazy images are read here, and not by other workers, for whom this one would have to wait.
    with _working, dask.config.set(scheduler="threads"):
        torch.set_num_threads(max(get_worker().state.nthreads, 1))
        return work(piece)

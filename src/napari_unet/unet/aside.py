"""Long work in a thread, so that whoever pulls a job's events is never kept waiting.

A job can only be stopped where it yields. A step of a slow network, a validation or a measurement
may take seconds: it runs aside, and the generator that waits for it yields several times a second.
If that generator is closed, the work is abandoned: what runs stops at its next `checkpoint`.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Generator, Sequence
from concurrent.futures import Future, wait
from typing import Any, TypeVar

import torch

from napari_unet.pools import threads

T = TypeVar("T")
E = TypeVar("E")

TICK = 0.1  # seconds between two yields
_here = threading.local()  # .abandoned: the event of the work that this thread does


class AbandonedError(Exception):
    """Nobody waits for this work any more."""


def aside(work: Callable[[], T], tell: Callable[[], E]) -> Generator[E, None, T]:
    """Do ``work`` in a thread that has as many of torch's threads; return its result.

    Yields what ``tell`` says while it waits. Whatever ``work`` raises is raised here.
    """
    abandoned = threading.Event()

    def run() -> T:
        _here.abandoned = abandoned
        return work()

    try:
        with threads(1, "aside", own_threads, (torch.get_num_threads(),)) as pool:
            future = pool.submit(run)
            for _ in until_done([future]):
                yield tell()
            return future.result()
    finally:
        abandoned.set()


def own_threads(number: int) -> None:
    """Have the caller's thread compute with this many of torch's threads, whatever others do.

    When a thread first computes, torch gives it the number that was set last, by any thread: that
    has to be over before it is given its own.
    """
    torch.get_num_threads()
    torch.set_num_threads(number)


def until_done(futures: Sequence[Future[Any]]) -> Generator[None, None, None]:
    """Yield every `TICK` seconds until all of the futures are done."""
    while wait(futures, timeout=TICK).not_done:
        yield


def finished(work: Generator[Any, None, T]) -> T:
    """Run a generator to its end, whatever it yields on the way; return its result."""
    while True:
        try:
            next(work)
        except StopIteration as end:
            result: T = end.value
            return result


def checkpoint() -> None:
    """Raise `AbandonedError` if the caller does work that was begun aside and then abandoned."""
    abandoned: threading.Event | None = getattr(_here, "abandoned", None)
    if abandoned is not None and abandoned.is_set():
        raise AbandonedError


def heir() -> Callable[[], None]:
    """Return what a thread has to call so that it does the same work as the caller's thread."""
    abandoned: threading.Event | None = getattr(_here, "abandoned", None)

    def inherit() -> None:
        _here.abandoned = abandoned

    return inherit

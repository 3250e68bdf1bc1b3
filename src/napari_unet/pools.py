"""Threads that read or compute ahead of a generator, and end with it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any


@contextmanager
def threads(
    number: int, name: str, begin: Callable[..., None] | None = None, args: tuple[Any, ...] = ()
) -> Iterator[ThreadPoolExecutor]:
    """Give a pool of threads that is left without waiting for what it still does.

    For generators: one that is dropped half-way is closed by whichever thread collects the garbage.
    That may be a thread of its own pool, which cannot wait for its own end.

    Parameters
    ----------
    number
        How many threads.
    name
        How the threads' names begin.
    begin, args
        What each of them calls first, if anything.
    """
    pool = ThreadPoolExecutor(number, name, begin, args)
    try:
        yield pool
    finally:
        pool.shutdown(wait=False, cancel_futures=True)

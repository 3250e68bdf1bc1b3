"""Several pieces of work that go on side by side, each on a thread, step by step.

As in `napari_unet.unet.lanes`: two threads that each compute for themselves wait less for each
other than two that share every convolution.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from functools import partial
from typing import TypeVar

import torch

from napari_unet.unet.aside import checkpoint, heir, own_threads

T = TypeVar("T")


class Abreast:
    """Threads that share out what torch has; a context that ends them.

    Parameters
    ----------
    number
        How many.
    """

    def __init__(self, number: int) -> None:
        self._threads = torch.get_num_threads()
        self._own: set[int] = set()  # the threads, by number
        inherit, each = heir(), max(self._threads // number, 1)

        def begin() -> None:
            self._own.add(threading.get_ident())
            own_threads(each)
            inherit()

        self._pool = ThreadPoolExecutor(number, "abreast", begin)

    def steps(self, works: Sequence[Iterator[T]]) -> Iterator[tuple[int, T]]:
        """Yield which of the works gives what, until all have ended; all take a step at a time.

        What they give is yielded while they take their next step. A single one has the caller's
        thread, with all that torch has. Whatever a step raises is raised here, when no other is
        still being taken.
        """
        if len(works) == 1:
            for one in works[0]:
                checkpoint()
                yield 0, one
            return
        steps = self._begun(dict(enumerate(works)))
        try:
            while steps:
                checkpoint()
                wait(steps.values())
                given = [(i, step.result()) for i, step in steps.items()]
                found = [(i, one) for i, one in given if one is not None]
                steps = self._begun({i: works[i] for i, _ in found})
                yield from found
        finally:
            if self._may_wait:
                wait(steps.values())

    def _begun(self, works: dict[int, Iterator[T]]) -> dict[int, Future[T | None]]:
        begun = {i: self._pool.submit(partial(next, work, None)) for i, work in works.items()}
        # What a thread set for itself, torch also takes for threads that start later.
        torch.set_num_threads(self._threads)
        return begun

    @property
    def _may_wait(self) -> bool:
        """Whether the caller's thread is none of these, which cannot wait for themselves.

        One of them may be collecting garbage: steps that were dropped half-way are closed there.
        """
        return threading.get_ident() not in self._own

    def __enter__(self) -> Abreast:
        return self

    def __exit__(self, *_: object) -> None:
        self._pool.shutdown(wait=self._may_wait)
        torch.set_num_threads(self._threads)

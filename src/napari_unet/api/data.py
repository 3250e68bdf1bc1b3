"""Data sets: what is wrong with them, and where to get some."""

from __future__ import annotations

from typing import Literal, overload

from napari_unet.api.pulling import OnEvent, PathLike, finish
from napari_unet.events import AuditFinished, FetchFinished, Offer
from napari_unet.jobs import AuditJob, FetchJob


def audit(
    folder: PathLike, *, split: PathLike = "", limit: int = 0, on_event: OnEvent = None
) -> AuditFinished:
    """Look at every pixel of a folder's cases for what would spoil training or scores.

    ``split`` is a split file, or the model beside which it lies: copies across it are leaks.
    """
    return finish(AuditJob(str(folder), str(split), limit), AuditFinished, on_event)


@overload
def fetch(source: str, out: PathLike = ..., *, on_event: OnEvent = ...) -> Offer: ...


@overload
def fetch(
    source: str, out: PathLike = ..., *, agreed: Literal[True], on_event: OnEvent = ...
) -> FetchFinished: ...


def fetch(
    source: str, out: PathLike = "", *, agreed: bool = False, on_event: OnEvent = None
) -> Offer | FetchFinished:
    """Say what a data set is and what it takes; if ``agreed``, download and unpack it.

    Parameters
    ----------
    source
        A name of `napari_unet.downloads.catalog`, or an address (see ``docs/formats.md``).
    out
        The folder to make; empty for one in the workspace.
    """
    job = FetchJob(source, str(out), agreed)
    if agreed:
        return finish(job, FetchFinished, on_event)
    return finish(job, Offer, on_event)

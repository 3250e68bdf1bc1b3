"""Jobs of data sets: looking for what is wrong in one, downloading one."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class AuditJob:
    """Look at every pixel of a folder's cases for what would spoil training or scores.

    ``split`` is a split file (or the model beside which it lies); with none, the subsets are those
    of the folders ``train``, ``val`` and ``test``, where there are such.
    """

    folder: str
    split: str = ""
    limit: int = 0


@dataclass(frozen=True)
class FetchJob:
    """Download a data set and unpack it.

    ``source`` is a name of `napari_unet.downloads.catalog`, or the address of a file, an article on
    figshare or a file shared on Google Drive. Unless ``agreed``, the job ends after the `Offer`,
    so that a person sees size and licence first. ``out`` is the folder to be made; empty for one
    in the workspace.
    """

    source: str
    out: str = ""
    agreed: bool = False

"""What is told of data sets: what an audit found in one, and how one is downloaded."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

Severity = Literal["error", "warning", "info"]


@dataclass(frozen=True)
class Finding:
    """One thing that an audit noticed, about one case or many.

    ``kind`` is a stable word for programs; ``text`` says what is the matter and ``advice`` what to
    do. ``notes`` holds a few words for each of ``cases``, or nothing.
    """

    kind: str
    severity: Severity
    text: str
    advice: str = ""
    cases: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class AuditFinished:
    """What an audit found, the gravest first; ``statistics`` holds plain JSON values."""

    folder: str
    cases: int
    findings: tuple[Finding, ...]
    statistics: Mapping[str, Any]
    seconds: float


@dataclass(frozen=True)
class RemoteFile:
    """A file to be downloaded; ``size`` in bytes is 0 and a checksum empty while unknown."""

    name: str
    url: str
    size: int = 0
    md5: str = ""
    sha256: str = ""


@dataclass(frozen=True)
class Offer:
    """What can be downloaded from where, on which terms, and the ``folder`` it would be put into.

    ``size`` in bytes is 0 while unknown; an empty ``licence`` means that the source states none.
    """

    source: str
    title: str
    files: tuple[RemoteFile, ...]
    size: int
    licence: str
    page: str
    folder: str
    note: str = ""


@dataclass(frozen=True)
class FetchFinished:
    """The data set is in ``folder``; ``problem`` says why no cases were found there, if so.

    ``patients`` is 0 where nothing says whose the images are.
    """

    folder: str
    cases: int
    patients: int
    seconds: float
    problem: str = ""

"""What tells a process from all others, so that what it left behind is known from what it uses."""

from __future__ import annotations

import os
import platform
from collections.abc import Mapping
from typing import Any

import psutil


def this_process() -> dict[str, Any]:
    """Return what a file notes of the process that writes it: ``process, began, machine``."""
    return _identity(os.getpid())


def may_be_alive(noted: Mapping[str, Any]) -> bool:
    """Say whether the process of `this_process` is at work; of one elsewhere nobody can tell.

    Numbers of processes are used again, hence the time at which it began.

    Raises
    ------
    KeyError
        If this was not noted.
    """
    if noted["machine"] != platform.node():
        return True
    mine = {name: noted[name] for name in ("process", "began", "machine")}
    return _identity(noted["process"]) == mine


def _identity(pid: int) -> dict[str, Any]:
    try:
        began = psutil.Process(pid).create_time()
    except (psutil.Error, OSError):
        began = 0.0
    return {"process": pid, "began": began, "machine": platform.node()}

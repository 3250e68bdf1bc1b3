"""What can go wrong in a step, told apart: too little memory, and numbers that are not finite."""

from __future__ import annotations

import ctypes
from functools import cache
from typing import Any

import torch

BAD_STEPS = 3  # in a row without a finite loss and gradient before training goes back
RETURNS = 3  # to the last good state before training gives up
GENTLER = 0.5  # times the learning rate, at every return

# What PyTorch says on a CPU, on Apple's GPU, and when a library of NVIDIA's finds no memory.
_WORDS = ("out of memory", "can't allocate memory", "not enough memory", "alloc_failed")


def out_of_memory(error: BaseException) -> bool:
    """Return whether ``error`` says that memory ran out, on whatever device."""
    if isinstance(error, MemoryError | torch.OutOfMemoryError):
        return True
    text = str(error).lower()
    return isinstance(error, RuntimeError) and any(words in text for words in _WORDS)


def free(device: str) -> None:
    """Give back what an attempt that failed has left in the GPU's cache."""
    if torch.device(device).type == "cuda":
        torch.cuda.empty_cache()


def give_back() -> None:
    """Give the system what GNU's malloc keeps in the gaps between what is in use.

    Tensors of a few megabytes, of sides that change, leave ever more of them.
    """
    if (trim := _trim()) is not None:
        trim(0)


@cache
def _trim() -> Any:
    """Return glibc's ``malloc_trim``; None where there is another C library."""
    try:
        return ctypes.CDLL(None).malloc_trim
    except (OSError, AttributeError, TypeError):  # TypeError: Windows opens no library without name
        return None

"""How much memory is in use."""

from __future__ import annotations

import sys

import psutil
import torch


def most_memory(device: str) -> int:
    """Return the most memory that was in use so far, in bytes.

    That of the GPU which PyTorch took, or else that of the whole process since it began.
    """
    if torch.device(device).type == "cuda":
        return torch.cuda.max_memory_reserved(device)
    if sys.platform == "win32":
        return int(psutil.Process().memory_info().peak_wset)
    import resource

    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most if sys.platform == "darwin" else 1024 * most

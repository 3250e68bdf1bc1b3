"""What a computing process is told through its environment, before torch is loaded."""

from __future__ import annotations

import os
from collections.abc import MutableMapping

# OpenMP's threads wait for each other by spinning, for about a tenth of a second. Where something
# else wants a core, such as the viewer or a second engine, the spinning takes the time that the
# awaited thread needs, and a step takes many times as long. Spinning briefly and then sleeping is
# as fast at rest (benchmarks/waiting.py). The first name is GNU's, the second Intel's and LLVM's.
VARIABLES = {"GOMP_SPINCOUNT": "1000", "KMP_BLOCKTIME": "1"}

# GNU's malloc gives every thread an arena of its own, and what one of them has freed is of no use
# to another: with tensors of many megabytes, half as much again is taken (benchmarks/tiles.py). It
# looks at this when a process starts, so it counts for those that are started with it. It also
# keeps what was freed for later, unless told where to stop: a third of the peak goes. Taking it
# again page by page would cost a third of the time of a picture; in pages of two megabytes, where
# Linux has some when asked, hardly any (benchmarks/clicks.py).
# Not for training, which would give back and take again at every step, and hold up the viewer.
SPARING = {
    "GLIBC_TUNABLES": "glibc.malloc.hugetlb=1",
    "MALLOC_ARENA_MAX": "1",
    "MALLOC_MMAP_THRESHOLD_": str(2**24),
    "MALLOC_TRIM_THRESHOLD_": str(2**24),
    "MALLOC_TOP_PAD_": "0",
}


def together() -> bool:
    """Whether a launcher (``fabric run``, ``torchrun``) started this process as one of several."""
    launched = "TORCHELASTIC_RUN_ID" in os.environ or "LT_CLI_USED" in os.environ
    return launched and int(os.environ.get("WORLD_SIZE", "1")) > 1


def speaks() -> bool:
    """Whether this process tells people what happens: alone, or the first of several."""
    return not together() or os.environ.get("RANK", "0") == "0"


def prepare(
    environment: MutableMapping[str, str] = os.environ, sparing: bool = False
) -> MutableMapping[str, str]:
    """Add the variables, leaving alone what the user has set; return the environment.

    ``sparing`` is for processes that segment: freed memory is given back.
    """
    for name, value in (VARIABLES | (SPARING if sparing else {})).items():
        environment.setdefault(name, value)
    return environment

"""What a computing process is told through its environment, before torch is loaded."""

from __future__ import annotations

import os
from collections.abc import MutableMapping

# OpenMP's threads wait for each other by spinning. Where something else wants a core, such as
# the viewer or a second engine, the spinning takes the time that the awaited thread needs: a step
# then takes five times as long (benchmarks/waiting.py). Waiting passively costs next to nothing.
VARIABLES = {"OMP_WAIT_POLICY": "PASSIVE"}


def prepare(environment: MutableMapping[str, str] = os.environ) -> MutableMapping[str, str]:
    """Add the variables, leaving alone what the user has set; return the environment."""
    for name, value in VARIABLES.items():
        environment.setdefault(name, value)
    return environment

"""Durations in words."""

from __future__ import annotations

import math


def seconds(value: float) -> str:
    """Return a duration in words: "45 s", "3 min", "2 h 10 min"; empty if unknown."""
    if not math.isfinite(value):
        return ""
    if value < 60:
        return f"{max(value, 0):.0f} s"
    hours, minutes = divmod(round(value / 60), 60)
    return " ".join(f"{n} {unit}" for n, unit in ((hours, "h"), (minutes, "min")) if n)

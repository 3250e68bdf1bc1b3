"""Scores as plain values for JSON."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping, Sequence
from typing import Any

from napari_unet.events import CaseScore


def to_json(scores: Sequence[CaseScore], summary: Mapping[str, Any]) -> dict[str, Any]:
    """Return the summary and, as ``per_image``, every case's scores, ready for ``json.dumps``.

    JSON has no NaN: a score that does not exist is ``None``.
    """
    return {**_plain(summary), "per_image": [_plain(dataclasses.asdict(s)) for s in scores]}


def _plain(value: Any) -> Any:
    """Return ``value`` with plain containers and without NaN."""
    if isinstance(value, Mapping):
        return {str(k): _plain(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(v) for v in value]
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else None
    return value

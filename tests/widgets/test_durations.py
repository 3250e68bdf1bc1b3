"""Durations in words."""

from __future__ import annotations

import pytest

from napari_unet.widgets.parts.durations import seconds


@pytest.mark.parametrize(
    ("value", "text"),
    [(float("nan"), ""), (3.4, "3 s"), (61, "1 min"), (3599, "1 h"), (8000, "2 h 13 min")],
)
def test_durations_in_words(value, text):
    assert seconds(value) == text

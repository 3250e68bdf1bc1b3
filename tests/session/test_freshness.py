"""What makes labels stale."""

from __future__ import annotations

from dataclasses import replace

import pytest

from napari_unet.config import SegmentConfig
from napari_unet.session import Made, stale

MADE = Made(1.0)


@pytest.mark.parametrize(
    ("now", "word"),
    [
        (MADE, ""),
        (replace(MADE, modified=2.0), "model"),
        (replace(MADE, where="slice"), "part"),
        (replace(MADE, axis=-2), "axis"),
        (replace(MADE, outlines=(b"1",)), "part"),
        (replace(MADE, config=SegmentConfig(average="flips")), "settings"),
    ],
)
def test_labels_are_stale_if_they_would_be_others_now(now, word):
    assert bool(stale(MADE, now)) == bool(word)
    assert word in stale(MADE, now)


def test_labels_of_an_image_that_changed_are_stale():
    assert "image changed" in stale(None, MADE)

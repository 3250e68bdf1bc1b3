"""Temporary stores are gone when nobody needs them any more."""

from __future__ import annotations

import os
import time

from napari_unet import workspace
from napari_unet.session.scratch import Scratch


def test_stores_are_deleted_one_by_one_and_in_the_end(tmp_path):
    scratch = Scratch()
    first, second = scratch.new("a"), scratch.new("a")
    assert first != second
    other = tmp_path / "mine.zarr"
    for store in (first, second, other):
        store.mkdir()
    scratch.delete(str(first), "", str(other))
    end = time.monotonic() + 10
    while first.exists() and time.monotonic() < end:
        time.sleep(0.01)
    assert not first.exists()
    assert second.exists()
    assert other.exists()
    scratch.close()
    assert not second.exists()


def test_what_a_killed_program_left_goes_and_a_living_ones_stays():
    root = workspace.home() / "scratch"
    dead, alive = root / "999999999-a", root / f"{os.getpid()}-b"
    for folder in (dead, alive):
        folder.mkdir(parents=True)
    scratch = Scratch()
    scratch.new("a")
    assert not dead.exists()
    assert alive.exists()
    scratch.close()

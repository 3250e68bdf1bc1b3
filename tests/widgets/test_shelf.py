"""Cases kept in memory: the latest of them, and never an old version of a file."""

from __future__ import annotations

import threading
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from napari_unet.data.dataset import open_dataset
from napari_unet.data.sample import write_sample
from napari_unet.errors import DataError
from napari_unet.widgets.reading import read
from napari_unet.widgets.shelf import Shelf, read_ahead, shelf_key


@pytest.fixture
def dataset(tmp_path):
    return open_dataset(write_sample(tmp_path / "brains", 3, 2, 32))


def test_the_shelf_keeps_the_latest_within_its_bytes(dataset):
    first, second, third = (read(c, dataset) for c in dataset.cases[:3])
    shelf = Shelf(limit=2 * first.nbytes)
    shelf.put(("a",), first)
    shelf.put(("b",), second)
    assert shelf.get(("a",)) is first  # and is now the latest
    shelf.put(("c",), third)
    assert shelf.get(("b",)) is None
    assert shelf.get(("a",)) is first
    shelf.put(("large",), replace(first, nbytes=10 * first.nbytes))
    assert shelf.get(("large",)) is None
    assert len(shelf) == 2


def test_a_file_that_changed_is_read_again(dataset):
    case = dataset.cases[0]
    before = shelf_key(dataset, case)
    assert shelf_key(dataset, case) == before
    Image.fromarray(np.zeros((32, 33), np.uint8)).save(case.mask)
    assert shelf_key(dataset, case) != before
    case.image.unlink()
    assert shelf_key(dataset, case) != before


def test_reading_ahead_passes_over_damaged_files_and_stops_when_nobody_waits(dataset):
    shelf, wanted = Shelf(), threading.Event()
    dataset.cases[0].image.write_bytes(b"")
    read_ahead(dataset.cases[:3], dataset, shelf, wanted)
    assert len(shelf) == 0
    wanted.set()
    read_ahead(dataset.cases[:3], dataset, shelf, wanted)
    assert len(shelf) == 2
    with pytest.raises(DataError):
        read(dataset.cases[0], dataset)

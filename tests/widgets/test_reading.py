"""Cases are read once: kept while there is room, and read again when a file changed."""

from __future__ import annotations

import threading
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from napari_unet.data.dataset import open_dataset
from napari_unet.data.sample import write_sample
from napari_unet.data.scan import Scan
from napari_unet.errors import DataError
from napari_unet.widgets.case_layers import Shown
from napari_unet.widgets.reading import Shelf, describe, read, read_ahead, shelf_key


@pytest.fixture
def dataset(tmp_path):
    return open_dataset(write_sample(tmp_path / "brains", 3, 2, 32))


def test_a_case_is_read_with_its_reference(dataset):
    opened = read(dataset.cases[0], dataset)
    assert opened.shown.scan.array.shape == (32, 32)
    assert set(np.unique(opened.shown.reference)) <= {0, 1}
    assert opened.nbytes == 2 * 32 * 32
    assert not opened.warning


def test_a_mask_of_another_shape_is_left_out_with_a_warning(dataset):
    case = dataset.cases[0]
    Image.fromarray(np.zeros((8, 8), np.uint8)).save(case.mask)
    opened = read(case, dataset)
    assert opened.shown.reference is None
    assert "(8, 8)" in opened.warning


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


def test_how_an_image_is_understood_is_said_in_words():
    volume = Scan(
        np.zeros((3, 8, 9, 2), np.uint8),
        "zyxc",
        Path("a.tif"),
        spacing=(2.0, 0.5, 0.5),
        units=("mm",) * 3,
        guess="slices told from times by their number",
    )
    assert describe(Shown("", "", volume)) == (
        "3 × 8 × 9 (slices, rows, columns); 2 channels; a pixel is 2 × 0.5 × 0.5 mm; "
        "slices told from times by their number"
    )
    colour = Scan(np.zeros((8, 9, 3), np.uint8), "yxc", Path("a.png"), colour=True)
    assert describe(Shown("", "", colour)) == "8 × 9 (rows, columns); in colour"

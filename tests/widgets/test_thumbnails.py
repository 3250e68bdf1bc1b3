"""Thumbnails: what they show, and that they are made once, the last asked for first."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from napari_unet.data.dataset import open_dataset
from napari_unet.data.sample import write_sample
from napari_unet.widgets import thumbnails
from napari_unet.widgets.shelf import Shelf
from napari_unet.widgets.thumbnails import SIZE, Thumbnails, picture


@pytest.fixture
def dataset(tmp_path: Path):
    return open_dataset(write_sample(tmp_path / "brains", 4, 3, 200))


def coloured(drawn):
    """Mark the pixels that are not grey."""
    return drawn.max(axis=2) != drawn.min(axis=2)


def test_a_picture_is_small_and_has_the_reference_outlined(dataset):
    from napari_unet.data.formats import read_mask

    masks = {c.name: read_mask(c.mask) > 0 for c in dataset.cases}
    tumour = max(dataset.cases, key=lambda c: masks[c.name].sum())
    drawn = picture(tumour, dataset, Shelf())
    assert drawn.shape[2] == 3
    assert max(drawn.shape) <= SIZE
    marked = coloured(drawn)
    assert marked.any()
    # The outline follows the mask's border and leaves its inside free.
    step = -(-200 // SIZE)
    rows, columns = np.nonzero(masks[tumour.name])
    found = np.nonzero(marked)
    assert abs(found[0].min() - rows.min() // step) <= 1
    assert abs(found[1].max() - columns.max() // step) <= 1
    centre = int(rows.mean()) // step, int(columns.mean()) // step
    assert not marked[centre]


def test_a_single_pixel_is_not_lost():
    labels = np.zeros((9, 10), np.uint8)
    labels[8, 9] = 2
    small = thumbnails._shrunk(labels, 4)
    assert small.shape == (3, 3)
    assert small[2, 2] == 2
    assert thumbnails.outline(small).sum() == 1


def test_an_image_that_cannot_be_read_has_no_picture_and_a_bad_mask_no_outline(dataset):
    first, second = dataset.cases[:2]
    first.image.write_bytes(b"")
    second.mask.write_bytes(b"")
    assert picture(first, dataset, Shelf()) is None
    assert not coloured(picture(second, dataset, Shelf())).any()


def test_pictures_come_in_the_background_the_last_asked_for_first(
    dataset, qapp, qtbot, monkeypatch
):
    drawn, arrived = [], {}

    def draw(case, *_):
        drawn.append(case.name)
        return np.zeros((4, 4, 3), np.uint8)

    monkeypatch.setattr(thumbnails, "picture", draw)
    service = Thumbnails(Shelf())
    service.ready.connect(lambda found: arrived.update(found))
    service.ask(dataset.cases)  # of no data set: nothing happens
    service.set_dataset(dataset)
    service.ask(dataset.cases[:8])
    service.ask(dataset.cases[8:])
    qtbot.waitUntil(lambda: len(arrived) == 12)
    names = [c.name for c in dataset.cases]
    assert drawn[:6] == names[:6]  # on its way when the others were asked for
    assert drawn[6:10] == names[8:]
    service.ask(dataset.cases[:1])
    qtbot.wait(100)
    assert len(drawn) == 12

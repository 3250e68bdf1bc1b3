"""What the engine is given of images that lie in memory, on the disk, or nowhere yet."""

from __future__ import annotations

import dask.array as da
import numpy as np
import pytest
import zarr

from napari_unet.config import SegmentConfig
from napari_unet.errors import DataError
from napari_unet.events import Progress, SegmentArrayFinished
from napari_unet.session.portion import all_of, portion
from napari_unet.session.scratch import Scratch
from napari_unet.widgets import asking as module
from napari_unet.widgets.asking import Asking, stored_at

SHAPE = (4, 6, 8)
IMAGE = np.arange(192, dtype=np.uint8).reshape(SHAPE)


@pytest.fixture
def scratch():
    scratch = Scratch()
    yield scratch
    scratch.close()


@pytest.fixture
def stored(tmp_path):
    array = zarr.create_array(tmp_path / "scan.zarr", shape=SHAPE, chunks=(1, 6, 8), dtype="u1")
    array[:] = IMAGE
    return array


def asking(scratch, *data, part=None, planes=1, large=100):
    return Asking("m", data, part or all_of(SHAPE), planes, SegmentConfig(), scratch, large)


def test_what_lies_in_memory_is_given_as_it_is(scratch):
    job = asking(scratch, IMAGE, large=1000).job()
    assert np.shares_memory(job.image, IMAGE)
    assert job.image.shape == SHAPE
    assert (job.store, job.out, job.channels) == ("", "", False)


@pytest.mark.parametrize(("few", "soon"), [(192, True), (191, False)])
def test_how_to_compute_is_measured_first_for_many_pixels_only(scratch, monkeypatch, few, soon):
    monkeypatch.setattr(module, "FEW", few)
    assert asking(scratch, IMAGE, large=1000).job().soon is soon


def test_a_small_lazy_image_is_read(scratch, stored):
    for data in (stored, da.from_array(IMAGE, chunks=3)):
        job = asking(scratch, data, large=1000).job()
        assert np.array_equal(job.image, IMAGE)


def test_a_large_one_on_the_disk_is_read_where_it_is(scratch, stored, tmp_path):
    assert stored_at(stored) == str(tmp_path / "scan.zarr")
    ask = asking(scratch, stored)
    job = ask.job()
    assert job.store == str(tmp_path / "scan.zarr")
    assert not job.image.size
    assert job.out
    ask.end()
    assert np.array_equal(stored[:], IMAGE)  # a user's own


def test_another_large_one_is_written_to_a_temporary_store(scratch, stored):
    for data in (da.from_array(IMAGE, chunks=3), stored):
        part = portion(SHAPE, (0, 2), {0: (1, 3)})
        ask = asking(scratch, data, part=part)
        job = ask.job()
        found = zarr.open_array(job.store, mode="r")[:]
        assert np.array_equal(found, IMAGE.transpose(1, 0, 2))
        ask.end()


def test_layers_become_channels(scratch):
    job = asking(scratch, IMAGE, IMAGE + 1, large=1000).job()
    assert job.channels
    assert np.array_equal(job.image[..., 1], IMAGE + 1)
    lazy = asking(scratch, IMAGE, da.from_array(IMAGE), large=1000).job()
    assert lazy.image.shape == (*SHAPE, 2)


def test_an_answer_comes_back_in_the_layers_order(scratch):
    part = portion(SHAPE, (0, 2), {0: (1, 3)})
    ask = asking(scratch, IMAGE, part=part)
    probabilities = part.take(IMAGE)[None]
    event = SegmentArrayFinished(probabilities, 0.5, 0.1, uncertainty=probabilities[0])
    found = ask.prepare(event)
    assert np.array_equal(found.probabilities[0], IMAGE[1:3])
    assert np.array_equal(found.uncertainty, IMAGE[1:3])
    progress = Progress(0, 1, "x")
    assert ask.prepare(progress) is progress


def test_so_does_one_on_the_disk(scratch):
    part = portion(SHAPE, (0, 2), {0: (1, 3)})
    ask = asking(scratch, IMAGE, part=part)
    store = ask.job().out
    zarr.save_array(store, part.take(IMAGE)[None])
    found = ask.prepare(SegmentArrayFinished(np.zeros(0, np.uint8), 0.5, 0.1, store=store))
    assert found.store != store
    assert np.array_equal(zarr.open_array(found.store, mode="r")[0], IMAGE[1:3])
    plain = asking(scratch, IMAGE)
    assert plain.prepare(SegmentArrayFinished(np.zeros(0), 0.5, 0.1, store="s")).store == "s"


def test_what_is_no_array_is_refused(scratch):
    with pytest.raises(DataError, match="array"):
        asking(scratch, object()).job()

"""Large Zarr stores are segmented region by region, without a seam, and gone on with."""

import numpy as np
import pytest
import zarr

from models import bright_model
from napari_unet.config import CleanUp
from napari_unet.data.formats import read_image, read_mask
from napari_unet.data.readers import memory
from napari_unet.errors import DataError
from napari_unet.events import CaseDone
from napari_unet.inference import regions, segment_files, single
from napari_unet.inference.regions import divided
from napari_unet.jobs import SegmentFilesJob


@pytest.fixture
def small(monkeypatch):
    """Let 2 KB count as large, and 1000 pixels as a region."""
    make_small(monkeypatch)


def make_small(monkeypatch):
    monkeypatch.setattr(memory, "PIECE", 1)  # else small chunks are read, and written, together
    monkeypatch.setattr(regions, "LAZY_FROM", 2000)
    monkeypatch.setattr(single, "LAZY_FROM", 2000)
    monkeypatch.setattr(regions, "PIXELS", {2: 1000, 3: 3000})


def store(path, shape, chunks, axes):
    rng = np.random.default_rng(1)
    array = rng.integers(0, 60, shape, np.uint8)
    array[..., 10:30, 20:45] += 150
    names = list(axes)
    made = zarr.create_array(path, shape=shape, dtype="u1", chunks=chunks, dimension_names=names)
    made[...] = array
    return array


def segmented(model, path, out, **more):
    job = SegmentFilesJob((str(path),), str(model), str(out), **more)
    *events, done = segment_files(job)
    assert not done.failed, done.failed
    found = next(e.segmented for e in events if isinstance(e, CaseDone))
    return read_mask(done.written[0]), found


CASES = [
    ((50, 67), (16, 16), "yx", 2, "patch"),
    ((50, 67), (16, 16), "yx", 2, "whole"),
    ((7, 50, 67), (2, 16, 32), "zyx", 2, "patch"),
    ((3, 50, 67), (1, 50, 67), "tyx", 2, "whole"),
    ((21, 50, 67), (8, 16, 16), "zyx", 3, "patch"),
]


@pytest.mark.parametrize(("shape", "chunks", "axes", "dims", "mode"), CASES)
def test_regions_equal_the_whole(small, monkeypatch, tmp_path, shape, chunks, axes, dims, mode):
    model = bright_model(tmp_path / "b.unet.safetensors", mode=mode, size=16, dims=dims)
    path = tmp_path / "scan.zarr"
    store(path, shape, chunks, axes)
    begun = []
    monkeypatch.setattr(
        regions, "begin", lambda *a, begin=regions.begin: begun.append(begin(*a)) or begun[-1]
    )
    labels, found = segmented(model, path, tmp_path / "out")
    if mode == "patch" or len(shape) > 2:
        assert len(begun[0]) > 1
    monkeypatch.setattr(regions, "LAZY_FROM", 10**9)
    whole, wanted = segmented(model, path, tmp_path / "whole")
    assert np.array_equal(labels, whole)
    assert 0 < labels.mean() < 0.6
    assert found.sizes == wanted.sizes or str(found.sizes) == str(wanted.sizes)
    assert [p.name for p in (tmp_path / "out").iterdir() if p.suffix != ".zarr"] == [".napari-unet"]


def test_what_is_done_is_not_done_again(small, monkeypatch, tmp_path):
    model = bright_model(tmp_path / "b.unet.safetensors", mode="patch", size=16)
    path = tmp_path / "scan.zarr"
    store(path, (50, 67), (16, 16), "yx")
    done, broken = [], [3]
    segment = regions.segment_region

    def some(region):
        if len(done) in broken:
            raise DataError("the network is down")
        done.append(region.number)
        segment(region)

    monkeypatch.setattr(regions, "segment_region", some)
    job = SegmentFilesJob((str(path),), str(model), str(tmp_path / "out"))
    *_, first = segment_files(job)
    assert "the network is down" in first.failed[str(path)]
    broken.clear()
    *_, second = segment_files(job)
    assert done == list(range(len(done)))  # none twice
    labels = read_mask(second.written[0])
    whole, _ = segmented(model, path, tmp_path / "again")
    assert np.array_equal(labels, whole)


def test_what_does_not_fit_is_counted_by_regions(small, monkeypatch, tmp_path):
    model = bright_model(tmp_path / "b.unet.safetensors", mode="patch", size=16)
    path = tmp_path / "scan.zarr"
    store(path, (50, 67), (16, 16), "yx")
    monkeypatch.setattr(regions, "_fits", lambda *_: False)
    labels, found = segmented(model, path, tmp_path / "out")
    (size,) = found.sizes
    assert (size.pixels, size.objects) == (int(labels.sum()), -1)
    job = SegmentFilesJob(
        (str(path),), str(model), str(tmp_path / "o2"), cleanup=CleanUp(largest=True)
    )
    *_, done = segment_files(job)
    assert "needs them all in memory" in done.failed[str(path)]


def test_clean_up_of_what_fits(small, tmp_path):
    model = bright_model(tmp_path / "b.unet.safetensors", mode="patch", size=16)
    path = tmp_path / "scan.zarr"
    store(path, (50, 67), (16, 16), "yx")
    cleanup = CleanUp(min_size=20, objects="components")
    labels, found = segmented(model, path, tmp_path / "out", cleanup=cleanup)
    assert labels.max() == found.sizes[0].objects
    assert read_image(tmp_path / "out" / "scan.zarr").axes == "yx"


@pytest.mark.parametrize(
    ("shape", "chunks", "whole", "most", "count"),
    [
        ((64, 64), (16, 16), 0, 1024, 4),
        ((64, 64), (16, 16), 0, 10, 16),
        ((10, 64, 64), (1, 16, 16), 2, 8192, 5),
        ((5, 7), (16, 16), 0, 10, 1),
        ((33, 20), (16, 16), 0, 512, 3),
    ],
)
def test_regions_are_whole_chunks_and_cover_all(shape, chunks, whole, most, count):
    found = list(divided(shape, chunks, whole, most))
    assert len(found) == count
    seen = np.zeros(shape, int)
    for bounds in found:
        seen[tuple(slice(a, b) for a, b in bounds)] += 1
        for (a, _), c in zip(bounds, chunks, strict=True):
            assert a % c == 0
    assert (seen == 1).all()

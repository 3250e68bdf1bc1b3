import threading

import dask.array as da
import numpy as np
import pytest
import torch
import zarr

from napari_unet.config import PreprocessConfig
from napari_unet.unet import source as module
from napari_unet.unet.source import Chunks, Stored, ahead, sources

IMAGE = np.random.default_rng(0).integers(0, 255, (37, 29)).astype(np.uint8)


def source_of(image, axes="yx", step=(8, 8), channels=1, **settings):
    config = PreprocessConfig(**{"mode": "patch", "size": (16, 16), **settings})
    return [s for _, s in sources(image, axes, (), channels, config, step)]


def all_of(source):
    return source.read(tuple(slice(0, n) for n in source.padded))


def lazy(image, kind, folder):
    if kind == "dask":
        return da.from_array(image, chunks=10)
    if kind == "zarr":
        stored = zarr.create_array(
            folder / "a.zarr", shape=image.shape, chunks=(10, 12), dtype="u1"
        )
        stored[...] = image
        return stored
    return image


@pytest.mark.parametrize("kind", ["numpy", "dask", "zarr"])
def test_any_array_is_shown_alike(kind, tmp_path, monkeypatch):
    monkeypatch.setattr(module, "PIECE", 100)
    wanted = all_of(*source_of(IMAGE))
    (source,) = source_of(lazy(IMAGE, kind, tmp_path))
    assert source.padded == (40, 32)
    assert all_of(source).equal(wanted)
    box = (slice(3, 40), slice(8, 32))
    assert torch.cat(list(source.strips(box, 5)), dim=1).equal(wanted[:, 3:40, 8:32])
    assert source.read((slice(20, 24), slice(0, 7))).equal(wanted[:, 20:24, :7])


def test_beyond_its_end_an_image_is_mirrored():
    shown = all_of(*source_of(IMAGE))[0]
    assert shown[37:].equal(shown[[35, 34, 33]])
    assert shown[:, 29:].equal(shown[:, [27, 26, 25]])


def test_sides_shorter_than_a_patch_go_on_with_zero():
    (source,) = source_of(IMAGE[:9], size=(16, 16))
    shown = all_of(source)[0]
    assert shown.shape == (16, 32)
    assert not shown[9:].any()
    assert shown[:9, 29:].equal(shown[:9][:, [27, 26, 25]])
    assert not source.read((slice(10, 16), slice(0, 8))).any()


def test_a_single_pixel_is_an_image():
    (source,) = source_of(np.zeros((1, 1), np.uint8))
    assert all_of(source).shape == (1, 16, 16)


def test_planes_are_shown_between_their_neighbours():
    volume = np.stack([np.full((16, 16), v, np.uint8) for v in (0, 100, 200)])
    planes = source_of(volume, "zyx", neighbours=1, intensity="zscore")
    assert len(planes) == 3
    levels = [[round(float(c.mean())) for c in all_of(plane)] for plane in planes]
    assert levels == [[-1, -1, 0], [-1, 0, 1], [0, 1, 1]]
    alone = all_of(*source_of(volume[1], neighbours=1))
    assert len(alone) == 3


def test_opacity_is_no_colour():
    colour = np.random.default_rng(0).integers(0, 255, (16, 16, 4)).astype(np.uint8)
    (source,) = source_of(colour, "yxc", channels=3)
    (opaque,) = source_of(colour[..., :3], "yxc", channels=3)
    assert all_of(source).equal(all_of(opaque))


def test_no_chunk_is_read_twice_from_the_first_row_to_the_last():
    read = []

    class Counted:
        shape, dtype, chunks = (40, 20), np.dtype(np.uint8), (10, 20)

        def __getitem__(self, box):
            read.append((box[0].start, box[0].stop))
            return np.zeros((box[0].stop - box[0].start, 20), np.uint8)

    near = Stored(Counted(), (), "yx", 1).in_order()
    for row in range(0, 40, 5):
        assert near.read((slice(row, row + 5), slice(0, 20))).shape == (5, 20)
    assert read == [(0, 10), (10, 20), (20, 30), (30, 40)]


def test_chunks_that_would_fill_the_memory_are_not_kept(monkeypatch):
    monkeypatch.setattr(module, "BUFFER", 100)
    image = np.arange(400).reshape(40, 10).astype(np.uint8)
    chunks = Chunks(20)
    assert np.array_equal(chunks.read(image, (), (slice(3, 7), slice(2, 9))), image[3:7, 2:9])
    assert (chunks._first, chunks._last) == (3, 7)


def test_the_next_piece_is_read_while_one_is_worked_on():
    begun = [threading.Event() for _ in range(4)]

    def read(i):
        begun[i].set()
        return i * i

    made = ahead(read, range(4))
    assert next(made) == 0
    assert begun[1].wait(5)
    assert list(made) == [1, 4, 9]
    assert list(ahead(read, [])) == []


def test_what_reading_raises_arrives():
    def read(i):
        if i == 2:
            raise OSError("gone")
        return i

    made = ahead(read, range(4))
    assert [next(made), next(made)] == [0, 1]
    with pytest.raises(OSError, match="gone"):
        next(made)


def test_a_reading_thread_may_be_the_one_that_drops_it():
    dropped, done = threading.Event(), threading.Event()

    def read(i):
        if i:
            assert dropped.wait(10)
            made.clear()  # as when garbage is collected in this thread
            done.set()
        return i

    made = [ahead(read, range(3))]
    assert next(made[0]) == 0
    dropped.set()
    assert done.wait(10)

import numpy as np
import pytest
import torch

from napari_unet.config import PreprocessConfig
from napari_unet.data.cases import Case
from napari_unet.errors import DataError
from napari_unet.events import Note, Progress
from napari_unet.unet import store as store_module
from napari_unet.unet.losses import IGNORE
from napari_unet.unet.store import Store, ahead, fill

WHOLE = PreprocessConfig(size=(16, 16))
PATCH = PreprocessConfig(mode="patch", size=(16, 16))


def case(name):
    return Case(name, name, name, name, "")


def read(case):
    if case.name.startswith("bad"):
        raise DataError(f"{case.name} is broken")
    rng = np.random.default_rng(int(case.name))
    image = rng.integers(0, 255, (40, 24)).astype(np.uint8)
    mask = np.zeros((40, 24), np.uint8)
    mask[30:33, 20:22] = 1
    return image, mask


def filled(config, names="0123"):
    made = Store(config)
    events = list(fill(made, [case(n) for n in names], read, "reading"))
    return made, events


def test_whole_images_become_batches_with_padding_marked():
    store, events = filled(WHOLE)
    images, labels = store.batch([0, 3, 3], torch.Generator())
    assert images.shape == (3, 1, 16, 16)
    assert images.dtype == torch.float32
    assert labels.shape == (3, 16, 16)
    assert set(labels.unique().tolist()) == {0, 1, IGNORE}
    assert [e.done for e in events if isinstance(e, Progress)] == [1, 2, 3, 4]


@pytest.mark.parametrize("leading", [(3,), (2, 3)])
@pytest.mark.parametrize("colour", [(), (3,)])
def test_volumes_are_stored_plane_by_plane(leading, colour):
    rng = np.random.default_rng(0)
    image = rng.integers(0, 255, (*leading, 16, 16, *colour), np.uint8)
    mask = np.arange(np.prod(leading), dtype=np.uint8).reshape(*leading, 1, 1)
    made = Store(WHOLE)
    list(fill(made, [case("0")], lambda c: (image, mask.repeat(16, -1).repeat(16, -2)), "reading"))
    assert len(made) == np.prod(leading)
    assert [int(y[0, 0]) for y in made.labels] == list(range(len(made)))
    assert made.images[0].shape == (len(colour) * 2 + 1, 16, 16)


VOLUME = PreprocessConfig(size=(4, 16, 16))


def read_volume(case):
    rng = np.random.default_rng(int(case.name))
    mask = np.zeros((5, 20, 18), np.uint8)
    mask[3, 10:12, 4:6] = 1
    mask[4, 0, 0] = 2
    return rng.integers(0, 255, mask.shape).astype(np.uint8), mask


@pytest.mark.parametrize("mode", ["whole", "patch"])
def test_volumes_stay_whole_for_three_dimensions(mode):
    store = Store(PreprocessConfig(mode=mode, size=(4, 16, 16)))
    list(fill(store, [case("0"), case("1")], read_volume, "reading"))
    assert len(store) == 2
    images, labels = store.batch([1, 0, 1], torch.Generator())
    assert images.shape == (3, 1, 4, 16, 16)
    assert labels.shape == (3, 4, 16, 16)


def test_a_series_of_volumes_is_several_volumes():
    def read(case):
        image, mask = read_volume(case)
        return np.stack([image, image]), np.stack([mask, mask])

    store = Store(VOLUME)
    list(fill(store, [case("0")], read, "reading"))
    assert len(store) == 2


def test_pictures_among_volumes_are_left_out_aloud():
    store = Store(VOLUME)
    both = [case("0"), case("7")]
    events = list(fill(store, both, lambda c: (read if c is both[1] else read_volume)(c), "r"))
    assert len(store) == 1
    (note,) = [e for e in events if isinstance(e, Note)]
    assert "7 is a single picture, but a 3D network needs volumes" in note.text


def test_patches_find_each_class_however_rare():
    """One voxel against four: a third of the patches divided evenly between the classes."""
    store = Store(PreprocessConfig(mode="patch", size=(1, 8, 8), foreground=0.8))
    list(fill(store, [case("0")], read_volume, "reading"))
    places = store._points[0]
    assert places.shape == (5, 3)
    _, labels = store.batch([0] * 100, torch.Generator().manual_seed(0))
    rare = (labels == 2).flatten(1).any(dim=1).float().mean()
    assert rare > 0.1


@pytest.mark.parametrize("mode", ["whole", "patch"])
def test_neighbouring_slices_become_channels(mode):
    config = PreprocessConfig(mode=mode, size=(16, 16), neighbours=1, intensity="zscore")
    store = Store(config)
    mask = np.zeros((3, 16, 16), np.uint8)
    ramp = np.arange(3, dtype=np.uint8).repeat(256).reshape(3, 16, 16) * 100
    volumes = {"0": (ramp, mask), "1": (ramp[::-1].copy(), mask)}
    list(fill(store, [case("0"), case("1")], lambda c: volumes[c.name], "reading"))
    images, labels = store.batch(range(6), torch.Generator())
    assert images.shape == (6, 3, 16, 16)
    assert labels.shape == (6, 16, 16)
    seen = [[round(float(c.mean())) for c in image] for image in images]
    up = [[-1, -1, 0], [-1, 0, 1], [0, 1, 1]]
    assert seen == up + [[-v for v in row] for row in up]  # and no volume sees the other


def test_patches_see_rare_foreground_often_and_stay_reproducible():
    store, _ = filled(PATCH)
    rng = torch.Generator().manual_seed(0)
    images, labels = store.batch([0] * 200, rng)
    assert images.shape == (200, 1, 16, 16)
    assert (labels == 1).any(dim=2).any(dim=1).float().mean() > 0.3
    again = store.batch([0] * 200, torch.Generator().manual_seed(0))
    assert again[0].equal(images)


def test_patches_larger_than_the_image_are_padded():
    store, _ = filled(PreprocessConfig(mode="patch", size=(48, 16)))
    images, labels = store.batch([1], torch.Generator())
    assert images.shape == (1, 1, 48, 16)
    assert (labels[0, 40:] == IGNORE).all()


def test_a_broken_case_is_left_out_aloud():
    store = Store(WHOLE)
    events = list(fill(store, [case("1"), case("bad"), case("2")], read, "reading"))
    assert [c.name for c in store.cases] == ["1", "2"]
    (note,) = [e for e in events if isinstance(e, Note)]
    assert note.warning
    assert note.text == "bad is left out: bad is broken"


def test_only_broken_cases_are_an_error():
    with pytest.raises(DataError, match=r"None of the 2 cases.*bad1 is broken"):
        list(fill(Store(WHOLE), [case("bad1"), case("bad2")], read, "reading"))


def test_what_does_not_fit_memory_is_mapped_from_files(monkeypatch):
    in_memory, _ = filled(WHOLE)
    monkeypatch.setattr(store_module, "RAM_SHARE", 0.0)
    mapped, _ = filled(WHOLE)
    folder = mapped._folder.name
    for a, b in zip(
        in_memory.images + in_memory.labels, mapped.images + mapped.labels, strict=True
    ):
        assert a.equal(b)
    mapped.close()
    from pathlib import Path

    assert not Path(folder).exists()


def test_reading_ahead_keeps_order_and_hands_errors_over():
    results = list(ahead(lambda c: 10 // int(c.name), [case(n) for n in "12055"]))
    assert results[:2] == [10, 5]
    assert isinstance(results[2], ZeroDivisionError)
    assert results[3:] == [2, 2]


def test_reading_ahead_is_bounded():
    started = []
    reader = ahead(lambda c: started.append(c.name), [case(str(i)) for i in range(200)])
    next(reader)
    assert len(started) <= 40
    reader.close()

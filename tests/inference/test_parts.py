import numpy as np

from napari_unet.inference import parts as module
from napari_unet.inference.parts import Parts


def piece(*shape):
    return np.random.default_rng(0).integers(0, 255, (1, *shape)).astype(np.uint8)


def test_slices_that_follow_each_other_are_told_as_one():
    waiting = Parts()
    planes = [piece(1, 4, 5) + i for i in range(3)]
    for z, plane in enumerate(planes):
        waiting.add((z, 0, 0), plane)
    (told,) = waiting.taken()
    assert told.start == (0, 0, 0)
    assert np.array_equal(told.probabilities, np.concatenate(planes, axis=1))
    assert waiting.taken() == []


def test_what_lies_apart_is_told_apart():
    waiting = Parts()
    waiting.add((0, 0), piece(4, 5))
    waiting.add((4, 0), piece(2, 5))  # below the first
    waiting.add((0, 5), piece(4, 3))  # beside the first
    waiting.add((4, 5), piece(2, 2))  # narrower than what it follows
    waiting.add((4, 7), piece(2, 1))
    told = waiting.taken()
    assert [part.start for part in told] == [(0, 0), (0, 5), (4, 5)]
    assert [part.probabilities.shape[1:] for part in told] == [(6, 5), (4, 3), (2, 3)]


def test_what_nobody_takes_does_not_fill_the_memory(monkeypatch):
    monkeypatch.setattr(module, "MOST", 50)
    waiting = Parts()
    for z in range(10):
        waiting.add((z, 0, 0), piece(1, 4, 5))
    (told,) = waiting.taken()
    assert told.start == (8, 0, 0)

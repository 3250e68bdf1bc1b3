import itertools

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from napari_unet.config import PreprocessConfig
from napari_unet.unet.intensity import Scale
from napari_unet.unet.source import Source, Stored
from napari_unet.unet.tiles import starts, tiled


def shown(image, size):
    """A source of an image ``(C, *S)`` as it is, for windows of ``size``."""
    last = np.moveaxis(image.numpy(), 0, -1)
    stored = Stored(last, (), "zyx"[-len(size) :] + "c", len(image))
    config = PreprocessConfig(mode="patch", size=size)
    return Source(stored, Scale((0.0,), (1.0,)), config, (1,) * len(size))


@given(st.integers(1, 500), st.integers(8, 64), st.floats(0, 0.9))
def test_windows_cover_everything_and_stay_inside(n, size, overlap):
    first = starts(n, size, overlap)
    assert first[0] == 0
    covered = set()
    for s in first:
        assert s == 0 or s + size <= n
        covered.update(range(s, s + size))
    assert covered >= set(range(n))
    assert all(b > a for a, b in itertools.pairwise(first))


@pytest.mark.parametrize("batch", [1, 4])
@pytest.mark.parametrize("shape", [(5, 7), (16, 16), (40, 23), (33, 64), (3, 9, 20), (21, 18, 5)])
def test_a_network_without_context_comes_out_unchanged(shape, batch):
    image = torch.randn(2, *shape)
    size = (16, 16) if len(shape) == 2 else (6, 8, 8)
    parts = list(tiled(shown(image, size), size, lambda x: x * 3, batch))
    torch.testing.assert_close(torch.cat(parts, dim=1), image * 3)


def test_of_a_large_volume_only_a_slab_is_held():
    """What no window touches any more is given away before the next windows are run."""
    parts = tiled(shown(torch.zeros(1, 64, 8, 8), (8, 8, 8)), (8, 8, 8), lambda x: x, batch=1)
    assert [part.shape[1] for part in parts] == [4] * 14 + [8]


def test_where_windows_disagree_the_result_changes_smoothly():
    """Windows that say 0 and 1 in turn: hard edges would be jumps of 1 from pixel to pixel."""
    counter = iter(range(100))

    def run(x):
        return torch.stack([torch.full((1, 64, 64), float(next(counter) % 2)) for _ in x])

    (logits,) = tiled(shown(torch.zeros(1, 64, 256), (64, 64)), (64, 64), run, batch=1)
    jumps = (logits[0, :, 1:] - logits[0, :, :-1]).abs()
    assert jumps.max() < 0.3
    assert logits.min() < 0.05
    assert logits.max() > 0.95

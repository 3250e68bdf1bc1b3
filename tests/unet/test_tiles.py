import itertools

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from napari_unet.unet.tiles import starts, tiled


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


@pytest.mark.parametrize("shape", [(5, 7), (16, 16), (40, 23), (33, 64)])
def test_a_network_without_context_comes_out_unchanged(shape):
    image = torch.randn(2, *shape)
    *steps, logits = tiled(image, (16, 16), lambda x: x * 3, batch=4)
    torch.testing.assert_close(logits, image * 3)
    assert steps[-1][0] == steps[-1][1]


def test_where_windows_disagree_the_result_changes_smoothly():
    """Windows that say 0 and 1 in turn: hard edges would be jumps of 1 from pixel to pixel."""
    counter = iter(range(100))

    def run(x):
        return torch.stack([torch.full((1, 64, 64), float(next(counter) % 2)) for _ in x])

    *_, logits = tiled(torch.zeros(1, 64, 256), (64, 64), run, batch=1)
    jumps = (logits[0, :, 1:] - logits[0, :, :-1]).abs()
    assert jumps.max() < 0.3
    assert logits.min() < 0.05
    assert logits.max() > 0.95

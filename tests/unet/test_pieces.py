import numpy as np
import pytest
import torch

from napari_unet.unet.pieces import Piece, assembled, joined, of_logits, placed, wholes


def piece(start, *shape, unsure=False):
    """A piece whose pixels say in which row of the image they are."""
    rows = np.arange(start[0], start[0] + shape[0], dtype=np.uint8)
    found = np.broadcast_to(rows.reshape(-1, *(1,) * (len(shape) - 1)), shape)
    return Piece(start, found[None].copy(), found.copy() if unsure else None)


@pytest.mark.parametrize("unsure", [False, True])
def test_pieces_that_follow_each_other_are_joined_up_to_whole_blocks(unsure):
    parts = [piece((0, 0), 3, 4, unsure=unsure), piece((3, 0), 3, 4, unsure=unsure)]
    parts += [piece((6, 0), 1, 4, unsure=unsure)]
    found = list(joined(parts, axis=0, rows=4))
    assert [(p.start, p.shape) for p in found] == [((0, 0), (4, 4)), ((4, 0), (3, 4))]
    for p in found:
        assert (p.probabilities[0, :, 0] == range(p.start[0], p.box[0].stop)).all()
        assert (p.uncertainty is not None) == unsure
        assert not unsure or np.array_equal(p.uncertainty, p.probabilities[0])


def test_pieces_beside_each_other_may_come_in_turns():
    turns = [piece((row, column), 2, 5) for row in (0, 2) for column in (0, 5)]
    found = list(joined(turns, axis=0, rows=4))
    assert [(p.start, p.shape) for p in found] == [((0, 0), (4, 5)), ((0, 5), (4, 5))]


def test_pieces_with_a_gap_between_them_are_not_joined():
    apart = [piece((0, 0), 1, 4), piece((2, 0), 1, 4)]
    assert [p.start for p in joined(apart, axis=0, rows=8)] == [(0, 0), (2, 0)]


def test_planes_are_put_together_from_their_pieces():
    image = (2, 3, 4)
    parts = [Piece((z, *p.start), p.probabilities[:, None]) for z in range(2) for p in halves()]
    planes = list(wholes(parts, "zyx", image, dims=2))
    assert [p.shape for p in planes] == [(1, 3, 4)] * 2
    assert (planes[0][0, :, 0] == range(3)).all()
    assert assembled(planes, image).shape == (1, *image)


def halves():
    return piece((0, 0), 2, 4), piece((2, 0), 1, 4)


def test_logits_in_parts_lie_one_below_the_other():
    logits = torch.full((1, 2, 3), 50.0)
    found = list(placed((7,), [logits, -logits], disagreement=False))
    assert [p.start for p in found] == [(7, 0, 0), (7, 2, 0)]
    assert [p.shape for p in found] == [(1, 2, 3)] * 2
    assert [int(p.probabilities.max()) for p in found] == [255, 0]


def test_the_last_channel_may_say_how_far_views_disagree():
    logits = torch.stack([torch.full((2, 3), 50.0), torch.full((2, 3), 0.2)])
    found = of_logits((), (0, 0), logits, disagreement=True)
    assert found.probabilities.shape == (1, 2, 3)
    assert (found.uncertainty == 51).all()

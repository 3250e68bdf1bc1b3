"""Parts of images: what the network is given, and that its answer comes back where it belongs."""

from __future__ import annotations

import numpy as np
import pytest

from napari_unet.session.portion import Portion, portion

SHAPE = (2, 5, 6, 7)


def answer(taken, spatial):
    """Give the pixels themselves as the probabilities of two classes."""
    first = taken if taken.ndim == spatial else taken[..., 0]
    return np.stack([first, 255 - first]).astype(np.uint8)


def image(shape=SHAPE):
    return np.random.default_rng(0).integers(0, 255, shape, np.uint8)


@pytest.mark.parametrize("planes", [(2, 3), (1, 3), (1, 2), (1, 2, 3)])
def test_an_answer_comes_back_in_the_images_own_order(planes):
    part = portion(SHAPE, planes, {})
    taken = part.take(image())
    assert taken.shape == tuple(SHAPE[axis] for axis in part.order)
    assert part.order[-len(planes) :] == planes
    back = part.back(answer(taken, 4))
    assert back.flags.c_contiguous
    assert np.array_equal(back[0], image())
    assert part.whole
    assert part.plain == (planes in [(2, 3), (1, 2, 3)])


@pytest.mark.parametrize("channel", [0, 1, 2, 4])
def test_channels_come_last_wherever_they_are(channel):
    whole = np.moveaxis(image((*SHAPE, 3)), -1, channel)
    part = portion(SHAPE, (1, 3), {1: (1, 4)}, channel=channel)
    taken = part.take(whole)
    assert taken.shape == (2, 6, 5, 7, 3)  # whole pictures, though not all of them is kept
    assert np.array_equal(taken, np.moveaxis(whole, channel, -1).transpose(0, 2, 1, 3, 4))
    first = np.take(whole, 0, axis=channel)
    assert np.array_equal(part.back(answer(taken, 4))[0], first[:, 1:4])


def test_patches_are_seen_in_their_surroundings_and_whole_pictures_as_a_whole():
    shape = (40, 100, 120)
    view = {1: (30, 50), 2: (0, 40)}
    part = portion(shape, (1, 2), view, size=(32, 32))
    assert part.box == ((0, 40), (14, 66), (0, 56))
    assert part.kept == ((0, 40), (30, 50), (0, 40))
    assert portion(shape, (1, 2), view).box == ((0, 40), (0, 100), (0, 120))
    slice_ = portion(shape, (1, 2), {0: (39, 40)}, neighbours=2)
    assert slice_.box[0] == (37, 40)
    assert slice_.kept[0] == (39, 40)
    assert portion(shape, (1, 2), {0: (3, 4)}, neighbours=2, apart=True).box[0] == (3, 4)


def test_what_lies_beyond_the_image_is_left_out():
    part = portion((10, 10), (0, 1), {0: (-5, 50), 1: (20, 30)})
    assert part.kept == ((0, 10), (9, 10))


def test_pieces_are_placed_and_what_is_not_kept_is_none():
    whole = image()
    part = portion(SHAPE, (1, 3), {2: (2, 4)}, neighbours=1)
    assert part.box[2] == (1, 5)
    taken = answer(part.take(whole), 4)  # axes 0, 2, 1, 3
    assert part.piece((0, 0, 0, 0), taken[:, :1, :1]) is None
    found = part.piece((1, 0, 2, 3), taken[:, 1:, :2, 2:4, 3:5])
    assert found is not None
    where, piece = found
    assert where == ((1, 2), (2, 4), (2, 3), (3, 5))
    assert np.array_equal(piece[0], whole[1:2, 2:4, 2:3, 3:5])


def test_points_in_time_are_shown_one_by_one():
    whole = image((4, 6, 7))
    part = portion((4, 6, 7), (1, 2), {}, apart=True)
    taken = part.take(whole)
    assert taken.shape == (4, 1, 6, 7)
    assert not part.plain
    assert np.array_equal(part.back(answer(taken, 4))[0], whole)
    colour = portion((4, 6, 7), (1, 2), {}, apart=True, channel=3)
    assert colour.take(image((4, 6, 7, 3))).shape == (4, 1, 6, 7, 3)
    found = part.piece((2, 0, 1, 0), answer(taken, 4)[:, 2:3, :, 1:3])
    assert found is not None
    assert found[0] == ((2, 3), (1, 3), (0, 7))


def test_labels_of_an_image_with_channels_in_the_middle_have_that_axis():
    part = portion((5, 6, 7), (1, 2), {0: (1, 2)}, channel=1, repeated=3)
    canvas = np.zeros(part.canvas, np.uint8)
    assert canvas.shape == (5, 3, 6, 7)
    canvas[part.on_canvas(part.kept)] = part.spread(np.ones((1, 6, 7), np.uint8))
    assert canvas[1].all()
    assert canvas.sum() == 3 * 6 * 7
    plain = portion((5, 6, 7), (1, 2), {}, channel=0)
    assert plain.canvas == (5, 6, 7)
    assert plain.on_canvas(plain.kept) == (slice(0, 5), slice(0, 6), slice(0, 7))


def test_a_mask_is_cut_to_the_piece():
    mask = np.zeros((1, 4, 6), bool)
    mask[0, 1:3, 2:4] = True
    part = Portion((5, 9, 9), (0, 1, 2), ((0, 5), (0, 9), (0, 9)), ((0, 5), (2, 6), (1, 7)))
    assert part.masked(part.kept) is None
    part = portion((5, 9, 9), (1, 2), {1: (2, 6), 2: (1, 7)}, mask=mask)
    assert not part.whole
    cut = part.masked(((2, 3), (3, 6), (1, 5)))
    assert cut is not None
    assert np.array_equal(cut, mask[:, 1:4, 0:4])


def test_a_lazy_image_stays_lazy():
    da = pytest.importorskip("dask.array")
    lazy = da.from_array(image(), chunks=(1, 2, 6, 7))
    part = portion(SHAPE, (1, 2), {0: (1, 2)}, apart=True)
    assert isinstance(part.take(lazy), da.Array)
    assert np.array_equal(np.asarray(part.take(lazy)), part.take(image()))


# --- outlines ---------------------------------------------------------------------------------

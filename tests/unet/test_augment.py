from dataclasses import replace

import pytest
import torch

from napari_unet.config import AugmentConfig
from napari_unet.unet.augment import augment, change_intensity
from napari_unet.unet.losses import IGNORE

STILL = AugmentConfig(flip=False, rotation=0.0, scale=0.0, elastic=0.0, intensity=0.0)


def disc(n=4, h=48, w=48):
    y, x = torch.meshgrid(torch.arange(h), torch.arange(w), indexing="ij")
    label = ((y - h * 0.4) ** 2 + (x - w * 0.6) ** 2 < 64).byte()
    labels = label.expand(n, h, w).clone()
    return labels[:, None].float() * 2 - 1, labels


def rng(seed=0):
    return torch.Generator().manual_seed(seed)


def test_nothing_asked_nothing_changed():
    images, labels = disc()
    a, b = augment(images, labels, STILL, rng())
    assert a.equal(images)
    assert b.equal(labels)


@pytest.mark.parametrize(
    "change", [{"flip": True}, {"rotation": 40.0}, {"scale": 0.4}, {"elastic": 0.03}], ids=str
)
@pytest.mark.parametrize("size", [(48, 48), (32, 64)])
def test_labels_move_with_the_image(change, size):
    images, labels = disc(8, *size)
    a, b = augment(images, labels, replace(STILL, **change), rng())
    assert not a.equal(images)
    known = b != IGNORE
    agree = ((a[:, 0] > 0) == (b == 1)) & known
    assert agree.sum() / known.sum() > 0.98


def test_rotation_and_scale_keep_the_shape_in_oblong_images():
    """A disc stays a disc: its extent along both axes changes by the same factor."""
    labels = torch.zeros(16, 40, 80, dtype=torch.uint8)
    y, x = torch.meshgrid(torch.arange(40), torch.arange(80), indexing="ij")
    labels[:] = ((y - 20) ** 2 + (x - 40) ** 2 < 100).byte()
    moved = augment(labels[:, None].float(), labels, replace(STILL, rotation=90.0), rng())[1]
    for one in moved:
        ys, xs = (one == 1).nonzero(as_tuple=True)
        assert abs(int(ys.max() - ys.min()) - int(xs.max() - xs.min())) <= 2


def test_pixels_from_outside_are_ignored_and_ignored_ones_stay_so():
    images, labels = disc()
    labels[:, :, :10] = IGNORE
    moved = augment(images, labels, replace(STILL, rotation=45.0), rng(3))[1]
    assert (moved == IGNORE).any(dim=(1, 2)).all()
    assert set(moved.unique().tolist()) <= {0, 1, IGNORE}


def ball(n=6, d=24, h=32, w=40):
    z, y, x = torch.meshgrid(*map(torch.arange, (d, h, w)), indexing="ij")
    inside = (z - d * 0.5) ** 2 + (y - h * 0.5) ** 2 + (x - w * 0.5) ** 2 < 49
    labels = inside.byte().expand(n, d, h, w).clone()
    return labels[:, None].float() * 2 - 1, labels


@pytest.mark.parametrize("flat", [False, True])
@pytest.mark.parametrize(
    "change", [{"flip": True}, {"rotation": 40.0}, {"scale": 0.4}, {"elastic": 0.03}], ids=str
)
def test_labels_of_volumes_move_with_the_image(change, flat):
    images, labels = ball()
    images = images + torch.linspace(0, 0.5, 40)
    a, b = augment(images, labels, replace(STILL, **change), rng(), flat)
    assert not a.equal(images)
    known = b != IGNORE
    agree = ((a[:, 0] > 0.25) == (b == 1)) & known
    assert agree.sum() / known.sum() > 0.97


def test_rotating_a_volume_keeps_a_ball_a_ball():
    images, labels = ball()
    moved = augment(images, labels, replace(STILL, rotation=90.0), rng())[1]
    for one in moved:
        extents = [int(places.max() - places.min()) for places in (one == 1).nonzero(as_tuple=True)]
        assert max(extents) - min(extents) <= 2


def test_zooming_a_volume_zooms_every_axis():
    images, labels = ball()
    moved = augment(images, labels, replace(STILL, scale=0.4), rng())[1]
    volumes = (moved == 1).flatten(1).sum(dim=1) / (labels[0] == 1).sum()
    for one, volume in zip(moved, volumes, strict=True):
        extents = [int(p.max() - p.min()) + 1 for p in (one == 1).nonzero(as_tuple=True)]
        assert max(extents) - min(extents) <= 2
        assert float(volume) == pytest.approx((extents[0] / 13) ** 3, rel=0.35)


def test_flat_volumes_are_turned_and_bent_within_their_slices():
    """Each slice of another brightness: nothing may mix them."""
    levels = torch.arange(6.0)[:, None, None].expand(4, 1, 6, 32, 32)
    labels = levels[:, 0].byte()
    change = replace(STILL, rotation=90.0, elastic=0.05)
    flat, _ = augment(levels, labels, change, rng(), flat=True)
    torch.testing.assert_close(flat, levels, atol=1e-4, rtol=0)
    tilted, _ = augment(levels, labels, change, rng(), flat=False)
    assert (tilted - levels).abs().max() > 1


def test_same_seed_same_batch():
    images, labels = disc()
    a, b, c = (augment(images, labels, AugmentConfig(), rng(s)) for s in (1, 1, 2))
    assert a[0].equal(b[0])
    assert a[1].equal(b[1])
    assert not a[0].equal(c[0])


def test_intensity_leaves_its_input_alone_and_constant_images_finite():
    images = torch.full((3, 2, 8, 8), 4.0)
    before = images.clone()
    assert change_intensity(images, 0.5, rng()).isfinite().all()
    assert images.equal(before)

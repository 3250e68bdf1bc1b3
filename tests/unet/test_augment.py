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
    from dataclasses import replace

    images, labels = disc(8, *size)
    a, b = augment(images, labels, replace(STILL, **change), rng())
    assert not a.equal(images)
    known = b != IGNORE
    agree = ((a[:, 0] > 0) == (b == 1)) & known
    assert agree.sum() / known.sum() > 0.98


def test_rotation_and_scale_keep_the_shape_in_oblong_images():
    """A disc stays a disc: its extent along both axes changes by the same factor."""
    from dataclasses import replace

    labels = torch.zeros(16, 40, 80, dtype=torch.uint8)
    y, x = torch.meshgrid(torch.arange(40), torch.arange(80), indexing="ij")
    labels[:] = ((y - 20) ** 2 + (x - 40) ** 2 < 100).byte()
    moved = augment(labels[:, None].float(), labels, replace(STILL, rotation=90.0), rng())[1]
    for one in moved:
        ys, xs = (one == 1).nonzero(as_tuple=True)
        assert abs(int(ys.max() - ys.min()) - int(xs.max() - xs.min())) <= 2


def test_pixels_from_outside_are_ignored_and_ignored_ones_stay_so():
    from dataclasses import replace

    images, labels = disc()
    labels[:, :, :10] = IGNORE
    moved = augment(images, labels, replace(STILL, rotation=45.0), rng(3))[1]
    assert (moved == IGNORE).any(dim=(1, 2)).all()
    assert set(moved.unique().tolist()) <= {0, 1, IGNORE}


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

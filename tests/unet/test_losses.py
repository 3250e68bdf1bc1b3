from typing import get_args, get_type_hints

import pytest
import torch
import torch.nn.functional as F

from napari_unet.config import OptimConfig
from napari_unet.unet.losses import (
    IGNORE,
    RAREST,
    balanced,
    cross_entropy,
    focal,
    make_loss,
    soft_dice,
    soft_tversky,
    supervised,
)

LOSSES = get_args(get_type_hints(OptimConfig)["loss"])
SHAPES = [(4, 5), (3, 4, 5)]


def batch(classes, shape=(4, 5)):
    torch.manual_seed(0)
    target = torch.randint(0, max(classes, 2), (2, *shape)).byte()
    return torch.randn(2, classes, *shape), target


def test_binary_cross_entropy_is_torch_s():
    logits, target = batch(1)
    wanted = F.binary_cross_entropy_with_logits(logits[:, 0], target.float())
    torch.testing.assert_close(cross_entropy(logits, target), wanted)


@pytest.mark.parametrize("shape", SHAPES)
def test_cross_entropy_is_torch_s(shape):
    logits, target = batch(3, shape)
    torch.testing.assert_close(
        cross_entropy(logits, target), F.cross_entropy(logits, target.long())
    )


@pytest.mark.parametrize("classes", [1, 3])
def test_dice_of_perfect_and_of_opposite_predictions(classes):
    target = batch(classes)[1]
    planes = target[:, None] == torch.arange(max(classes, 2))[:, None, None]
    planes = planes[:, 1:] if classes == 1 else planes
    sure = (planes.float() * 2 - 1) * 50
    assert soft_dice(sure, target) == pytest.approx(0, abs=1e-5)
    if classes == 1:
        assert soft_dice(-sure, target) > 0.9


def test_soft_dice_is_its_formula():
    logits, target = batch(1)
    p, y = logits.sigmoid()[:, 0].flatten(1), target.float().flatten(1)
    wanted = 1 - (2 * (p * y).sum(1) + 1) / (p.sum(1) + y.sum(1) + 1)
    torch.testing.assert_close(soft_dice(logits, target), wanted.mean())


def test_focal_is_its_formula():
    logits, target = batch(1)
    p = logits.sigmoid()[:, 0]
    of_target = torch.where(target == 1, p, 1 - p)
    alpha = torch.where(target == 1, 0.25, 0.75)
    wanted = (-alpha * (1 - of_target) ** 2 * of_target.log()).mean()
    torch.testing.assert_close(focal(logits, target), wanted)


def test_tversky_minds_what_is_missed_more_than_what_is_claimed():
    target = torch.zeros(1, 8, 8, dtype=torch.uint8)
    target[:, 2:6] = 1
    missed, claimed = torch.full((2, 1, 1, 8, 8), -50.0)
    missed[..., 2:4, :] = claimed[..., 2:8, :] = 50.0  # two rows too few, two rows too many
    assert soft_tversky(missed, target) > soft_tversky(claimed, target) + 0.1
    rows = 8 * torch.tensor(1.0)
    wanted = 1 - (2 * rows + 1) / (2 * rows + 0.7 * 2 * rows + 1)
    torch.testing.assert_close(soft_tversky(missed, target), wanted)


def test_what_is_claimed_where_there_is_nothing_is_shared_out_to_the_others():
    logits, target = batch(1)
    target[1:] = 0
    target[0, 0, 0] = 1
    p, y = logits.sigmoid()[:, 0].flatten(1), target.float().flatten(1)
    wanted = 1 - (2 * (p[0] * y[0]).sum() + 1) / (p.sum() + y[0].sum() + 1)
    torch.testing.assert_close(soft_dice(logits, target), wanted)


def test_claiming_nothing_is_no_better_for_many_images_that_hold_nothing():
    target = torch.zeros(8, 8, 8, dtype=torch.uint8)
    target[0, 2:4] = 1
    nothing = torch.full((8, 1, 8, 8), -50.0)
    assert soft_dice(nothing, target) > 0.9
    assert soft_dice(nothing, torch.zeros_like(target)) == pytest.approx(0, abs=1e-5)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("name", LOSSES)
@pytest.mark.parametrize("classes", [1, 3])
def test_ignored_pixels_have_no_say(name, classes, shape):
    logits, target = batch(classes, shape)
    target[:, :2] = IGNORE
    logits.requires_grad_()
    make_loss(name, (1.0, 2.0, 3.0))(logits, target, torch.ones(target.shape)).backward()
    assert logits.grad[:, :, :2].eq(0).all()
    assert logits.grad[:, :, 2:].ne(0).any()


@pytest.mark.parametrize("name", LOSSES)
@pytest.mark.parametrize("value", [0, IGNORE])
@pytest.mark.parametrize("classes", [1, 3])
def test_blank_and_unlabelled_batches_are_finite(name, value, classes):
    logits, target = batch(classes)
    logits = logits.bfloat16().requires_grad_()
    loss = make_loss(name)(logits, torch.full_like(target, value))
    loss.backward()
    assert loss.isfinite()
    assert logits.grad.isfinite().all()


@pytest.mark.parametrize(
    ("name", "parts"), [("bce+dice", "bce dice"), ("focal+dice", "focal dice")]
)
def test_the_sum_is_the_sum(name, parts):
    logits, target = batch(1)
    wanted = sum(make_loss(part)(logits, target) for part in parts.split())
    torch.testing.assert_close(make_loss(name)(logits, target), wanted)


@pytest.mark.parametrize("classes", [1, 3])
def test_weights_of_classes_and_borders_add_up(classes):
    logits, target = batch(classes)
    weights = (0.5, 2.0, 3.0)
    each = [cross_entropy(logits[..., i : i + 1], target[..., i : i + 1]) for i in range(5)]
    borders = torch.zeros(target.shape)
    borders[..., 2] = 4.0
    plain = cross_entropy(logits, target)
    more = cross_entropy(logits, target, borders=borders) - plain
    torch.testing.assert_close(more, 4 * each[2] / 5)
    flat = torch.where(target == 1, 2.0, torch.where(target == 2, 3.0, 0.5)) - 1
    torch.testing.assert_close(
        cross_entropy(logits, target, torch.tensor(weights)),
        cross_entropy(logits, target, borders=flat),
    )


def test_balanced_weights_grow_with_the_root_of_rarity_within_bounds():
    labels = torch.zeros(10_000, dtype=torch.uint8)
    labels[:400], labels[-5000:] = 1, IGNORE
    background, rare = balanced([labels], 1)
    assert rare / background == pytest.approx((4600 / 400) ** 0.5)
    assert (4600 * background + 400 * rare) / 5000 == pytest.approx(1)
    _, _, missing = weights = balanced([labels], 2)
    assert missing == pytest.approx(RAREST * min(weights))
    assert all(w > 0 for w in balanced([torch.full((5,), IGNORE, dtype=torch.uint8)], 1))


def test_coarser_answers_count_half_as_much_each():
    logits, target = batch(2)
    other = -logits
    loss = make_loss("ce+dice")
    assert supervised(loss, [logits], target).item() == pytest.approx(loss(logits, target).item())
    both = (loss(logits, target) + 0.5 * loss(other, target)) / 1.5
    assert supervised(loss, [logits, other], target).item() == pytest.approx(both.item())

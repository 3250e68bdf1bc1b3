import pytest
import torch
import torch.nn.functional as F

from napari_unet.unet.losses import IGNORE, cross_entropy, make_loss, soft_dice


def batch(classes):
    torch.manual_seed(0)
    return torch.randn(2, classes, 4, 5), torch.randint(0, max(classes, 2), (2, 4, 5)).byte()


def test_binary_cross_entropy_is_torch_s():
    logits, target = batch(1)
    wanted = F.binary_cross_entropy_with_logits(logits[:, 0], target.float())
    torch.testing.assert_close(cross_entropy(logits, target), wanted)


def test_cross_entropy_is_torch_s():
    logits, target = batch(3)
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


@pytest.mark.parametrize("name", ["bce", "dice", "bce+dice", "ce+dice"])
@pytest.mark.parametrize("classes", [1, 3])
def test_ignored_pixels_have_no_say(name, classes):
    logits, target = batch(classes)
    target[:, :2] = IGNORE
    logits.requires_grad_()
    make_loss(name)(logits, target).backward()
    assert logits.grad[:, :, :2].eq(0).all()
    assert logits.grad[:, :, 2:].ne(0).any()


@pytest.mark.parametrize("name", ["bce", "dice", "bce+dice"])
@pytest.mark.parametrize("value", [0, IGNORE])
def test_blank_and_unlabelled_batches_are_finite(name, value):
    logits, target = batch(1)
    assert make_loss(name)(logits.bfloat16(), torch.full_like(target, value)).isfinite()


def test_the_sum_is_the_sum():
    logits, target = batch(1)
    parts = make_loss("bce")(logits, target) + make_loss("dice")(logits, target)
    torch.testing.assert_close(make_loss("bce+dice")(logits, target), parts)

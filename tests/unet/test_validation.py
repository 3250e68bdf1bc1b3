import pytest
import torch
from torch import nn

from napari_unet.config import PreprocessConfig, UNetConfig
from napari_unet.data.cases import Case
from napari_unet.metrics import count, score_masks
from napari_unet.unet.losses import IGNORE, make_loss
from napari_unet.unet.speed import Speed
from napari_unet.unet.store import Store
from napari_unet.unet.validation import _count, best_threshold, validate


class Logits(nn.Module):
    """A network that returns what its image already holds."""

    def __init__(self, outputs):
        super().__init__()
        self.config = UNetConfig(in_channels=outputs, out_channels=outputs)

    def forward(self, x):
        return x


def store(images, labels):
    made = Store(PreprocessConfig(size=(8, 8)))
    for i, (x, y) in enumerate(zip(images, labels, strict=True)):
        made.add(Case(str(i), "", "", "", ""), x, y)
    return made


@pytest.mark.parametrize("outputs", [1, 3])
def test_dice_is_the_mean_of_the_images_scores(outputs):
    torch.manual_seed(0)
    images = torch.randn(20, outputs, 8, 8).half()
    labels = torch.randint(0, max(outputs, 2), (20, 8, 8)).byte()
    labels[:3] = 0
    images[:2, 0] = 9 if outputs > 1 else -9  # both empty: left out
    result = validate(Logits(outputs), store(images, labels), Speed("cpu"), make_loss("bce"))
    predicted = (images[:, 0] >= 0).long() if outputs == 1 else images.argmax(dim=1)
    names = ["a", "b"][: max(outputs - 1, 1)]
    wanted = [
        score_masks(p.numpy(), y.numpy(), names).dice
        for p, y in zip(predicted[2:], labels[2:], strict=True)
    ]
    assert result.dice == pytest.approx(sum(wanted) / 18, abs=1e-6)


def test_a_network_that_finds_nothing_is_none_of_the_best():
    labels = torch.zeros(6, 8, 8, dtype=torch.uint8)
    labels[:2, :4] = 1
    nothing = torch.full((6, 1, 8, 8), -9.0)
    much = torch.full((6, 1, 8, 8), 9.0)
    found = [
        validate(Logits(1), store(images, labels), Speed("cpu"), make_loss("bce")).dice
        for images in (nothing, much)
    ]
    assert found == pytest.approx([0.0, 2 * (2 / 3) / 6])
    empty = store(nothing, torch.zeros_like(labels))
    assert validate(Logits(1), empty, Speed("cpu"), make_loss("bce")).dice == 1


def test_the_classes_scores_are_over_the_images_that_hold_them():
    labels = torch.zeros(4, 8, 8, dtype=torch.uint8)
    labels[0, :4], labels[1, :4] = 1, 1  # found whole, and half
    images = torch.zeros(4, 4, 8, 8)
    images[:, 0] = 1.0
    images[0, 1, :4] = images[1, 1, :2] = 9.0
    images[3, 2, 0, 0] = 9.0  # claimed, not there
    found = validate(Logits(4), store(images, labels), Speed("cpu"), make_loss("ce"))
    assert found.class_dice == pytest.approx(((1 + 2 / 3) / 2, 0.0, 1.0))
    assert found.dice == pytest.approx((1 + 2 / 3 + 0) / 3)


@pytest.mark.parametrize("shape", [(8, 8), (3, 8, 8)])
def test_counts_are_those_of_the_scores(shape):
    torch.manual_seed(0)
    predicted, labels = torch.randint(0, 3, (2, 5, *shape)).byte()
    found = _count(predicted, labels, 2)
    for i in range(5):
        wanted = count(predicted[i].numpy(), labels[i].numpy(), 2)
        for key in ("tp", "fp", "fn", "tn"):
            assert (getattr(found, key)[i] == getattr(wanted, key)).all()
    assert found.total == labels.numel()
    assert found.correct == int((predicted == labels).sum())


def test_padding_has_no_say():
    images, labels = torch.full((1, 1, 8, 8), 5.0), torch.ones(1, 8, 8, dtype=torch.uint8)
    labels[:, 4:] = IGNORE
    assert validate(Logits(1), store(images, labels), Speed("cpu"), make_loss("bce")).dice == 1


def test_the_threshold_that_scores_best_is_found():
    labels = torch.zeros(4, 8, 8, dtype=torch.uint8)
    labels[:, :3] = 1
    p = torch.where(labels == 1, 0.9, 0.1)
    p[:, 3:6] = 0.6  # taken for foreground at one half
    cases = store(p[:, None].logit(), labels)
    assert 0.6 < best_threshold(Logits(1), cases, Speed("cpu")) <= 0.75


def test_one_half_stays_where_nothing_is_gained():
    labels = torch.zeros(2, 8, 8, dtype=torch.uint8)
    labels[:, :3] = 1
    cases = store((labels[:, None].float() * 2 - 1) * 9, labels)
    assert best_threshold(Logits(1), cases, Speed("cpu")) == 0.5
    assert best_threshold(Logits(3), cases, Speed("cpu")) == 0.5

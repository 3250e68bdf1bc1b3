import pytest
import torch
from torch import nn

from napari_unet.unet.mirror import AS_IT_IS, averaged, flips, views


def mirrored(run, images, at_once=1):
    return averaged(run, images, views(images.ndim - 2), at_once)


def test_a_network_without_a_preferred_direction_stays_the_same():
    x = torch.randn(2, 1, 6, 8)
    torch.testing.assert_close(mirrored(lambda t: t * 2, x), x * 2)


def test_the_result_turns_with_the_image():
    torch.manual_seed(0)
    net = nn.Conv2d(1, 2, 3, padding=1)
    x = torch.randn(1, 1, 7, 5)
    y = mirrored(net, x)
    assert not y.allclose(net(x))
    for axes in ((-1,), (-2,), (-1, -2)):
        torch.testing.assert_close(mirrored(net, x.flip(axes)), y.flip(axes))


def test_a_volume_has_eight_mirror_images():
    assert len(set(flips(3))) == 8
    x = torch.randn(1, 1, 3, 4, 5)
    lopsided = torch.randn(3, 4, 5)
    mean = mirrored(lambda x: x * lopsided, x)
    alike = torch.stack([lopsided.flip(axes) for axes in flips(3)]).mean(dim=0)
    torch.testing.assert_close(mean, x * alike)


def test_mirror_images_of_few_images_are_run_together():
    sizes = []

    def run(x):
        sizes.append(len(x))
        return x * lopsided

    lopsided = torch.randn(4, 5)
    x = torch.randn(2, 1, 4, 5)
    alone = mirrored(run, x)
    torch.testing.assert_close(mirrored(run, x, at_once=7), alone)
    assert sizes == [2] * 4 + [6, 2]


def test_views_come_back_to_where_they_were():
    x = torch.randn(2, 3, 4, 6)
    for view in views(2, turns=True):
        assert view.back(view.of(x)).equal(x)
    y = torch.randn(1, 1, 3, 4, 6)
    for view in views(3, turns=True):
        assert view.back(view.of(y)).equal(y)
    assert len({tuple(v.of(x).flatten().tolist()) for v in views(2, turns=True)}) == 8
    assert len({tuple(v.of(y).flatten().tolist()) for v in views(3, turns=True)}) == 16


@pytest.mark.parametrize("at_once", [1, 3, 20])
def test_the_result_turns_with_the_image_by_quarters(at_once):
    torch.manual_seed(0)
    net = nn.Conv2d(1, 2, 3, padding=1).requires_grad_(False)
    x = torch.randn(1, 1, 7, 5)
    y = averaged(net, x, views(2, turns=True), at_once)
    assert y.shape == (1, 2, 7, 5)
    turned = averaged(net, x.rot90(1, (-2, -1)), views(2, turns=True), at_once)
    torch.testing.assert_close(turned, y.rot90(1, (-2, -1)))


def test_one_view_is_the_network_s_own_answer():
    x = torch.randn(2, 1, 4, 4)
    assert averaged(lambda x: x * 2, x, AS_IT_IS).equal(x * 2)


@pytest.mark.parametrize("classes", [1, 2, 3])
def test_disagreement_is_twice_the_deviation_of_the_probability(classes):
    x = torch.randn(1, classes, 5, 5)
    (*logits, found) = averaged(lambda x: x, x, views(2), disagreement=True)[0]
    assert len(logits) == classes
    assert found.abs().max() < 1e-3  # a network that looks at single pixels agrees with itself
    sure = torch.zeros(1, classes, 5, 6)
    sure[:, 0, :, :3] = 100
    sure[:, -1, :, 3:] = -100 if classes == 1 else 100

    def lopsided(x):
        """Sure of one class on the left and of another on the right, whatever it is shown."""
        return sure[..., : x.shape[-1]].expand(len(x), -1, -1, -1)

    found = averaged(lopsided, torch.zeros(1, 1, 5, 6), views(2), disagreement=True)[0, -1]
    torch.testing.assert_close(found, torch.ones(5, 6))

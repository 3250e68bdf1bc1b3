import torch
from torch import nn

from napari_unet.unet.mirror import flips, mirrored


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

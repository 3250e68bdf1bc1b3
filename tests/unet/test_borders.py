import numpy as np
import pytest
import torch

from napari_unet.config import AugmentConfig, PreprocessConfig
from napari_unet.data.cases import Case
from napari_unet.unet.augment import augment
from napari_unet.unet.borders import SIGMA, border_map
from napari_unet.unet.store import Store, fill


def two(gap, size=60):
    """Return two squares, ``gap`` pixels apart."""
    objects = np.zeros((size, size), np.int32)
    objects[20:40, 5:20], objects[20:40, 20 + gap : 35 + gap] = 7, 3
    return objects


@pytest.mark.parametrize("gap", [1, 4, 8])
def test_the_map_is_the_paper_s_formula_between_objects(gap):
    found = border_map(two(gap))
    assert found[30, 20] == pytest.approx(np.exp(-((1 + gap) ** 2) / (2 * SIGMA**2)), abs=1e-5)
    assert found[two(gap) > 0].max() == 0
    assert found[5, 50] < 1e-3


def test_one_object_or_none_has_no_border():
    one = two(4) * (two(4) == 7)
    assert border_map(one).max() < 1e-3
    assert border_map(np.zeros((9, 9), np.int32)).max() < 1e-3
    assert border_map(np.ones((9, 9), np.int32)).max() == 0


@pytest.mark.parametrize("mode", ["whole", "patch"])
def test_the_map_goes_with_the_image_and_is_only_moved(mode):
    objects = two(4)
    store = Store(PreprocessConfig(mode=mode, size=(60, 60)))
    image, labels = objects.astype(np.float32), (objects > 0).astype(np.uint8)
    list(fill(store, [Case("a", "", "", "", "")], lambda c: (image, labels), "", lambda c: objects))
    x, y = store.batch([0], torch.Generator().manual_seed(0))
    assert x.shape == (1, 2, 60, 60)
    np.testing.assert_allclose(x[0, 1], border_map(objects), atol=1e-3)
    still = AugmentConfig(flip=False, rotation=0, scale=0, elastic=0, intensity=0.5)
    moved, _ = augment(x, y, still, torch.Generator().manual_seed(0), maps=1)
    assert torch.equal(moved[:, 1], x[:, 1])
    assert not torch.equal(moved[:, 0], x[:, 0])


def test_in_a_smaller_image_the_distance_counts_in_its_own_pixels():
    objects = np.kron(two(2), np.ones((2, 2), np.int32))  # 4 pixels apart, 2 when shrunk
    store = Store(PreprocessConfig(size=(60, 60)))
    image, labels = objects.astype(np.float32), (objects > 0).astype(np.uint8)
    list(fill(store, [Case("a", "", "", "", "")], lambda c: (image, labels), "", lambda c: objects))
    assert store.images[0][1].max() == pytest.approx(border_map(two(2)).max(), abs=0.1)

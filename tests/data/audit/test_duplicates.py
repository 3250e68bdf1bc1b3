import io

import numpy as np
import pytest
from PIL import Image
from scipy.ndimage import gaussian_filter, zoom

from napari_unet.data.audit.duplicates import digest, equal, look, similar


@pytest.fixture
def picture():
    def make(seed, shape=(96, 120)):
        noise = np.random.default_rng(seed).normal(size=shape)
        smooth = gaussian_filter(noise, 9)
        return ((smooth - smooth.min()) / np.ptp(smooth) * 255).astype(np.uint8)

    return make


def jpeg(image):
    buffer = io.BytesIO()
    Image.fromarray(image).save(buffer, format="JPEG", quality=60)
    return np.asarray(Image.open(buffer))


def test_the_hash_knows_shape_type_and_values(picture):
    image = picture(1)
    assert digest(image) == digest(image.copy()) == digest(np.asfortranarray(image))
    changed = image.copy()
    changed[5, 7] += 1
    others = [changed, image.astype(np.uint16), image.reshape(120, 96)]
    assert len({digest(a) for a in [image, *others]}) == 4


def test_equal_hashes_are_grouped_and_empty_ones_left_out():
    assert equal([b"a", b"", b"b", b"a", b"", b"c", b"b", b"a"]) == [[0, 3, 7], [2, 6]]


@pytest.mark.parametrize(
    "change",
    [
        jpeg,
        lambda a: a // 3 + 40,
        lambda a: zoom(a, 2.5),
        lambda a: zoom(a, 0.5),
        lambda a: a.astype(np.float32) * 1000 - 7,
        lambda a: a + np.random.default_rng(0).normal(0, 8, a.shape),
        np.flipud,
        np.fliplr,
        np.rot90,
        lambda a: np.rot90(a.T, 2),
    ],
    ids=[
        "jpeg",
        "contrast",
        "larger",
        "smaller",
        "float",
        "noise",
        "ud",
        "lr",
        "turn",
        "transpose",
    ],
)
def test_copies_are_found(picture, change):
    looks = [look(picture(seed)) for seed in range(20)]
    looks.append(look(np.asarray(change(picture(7)))))
    assert [(i, j) for i, j, _ in similar(looks)] == [(7, 20)]


def test_different_pictures_are_not_alike(picture):
    assert similar([look(picture(seed)) for seed in range(200)]) == []


def test_volumes_have_looks_too(picture):
    one = np.stack([picture(s) for s in range(6)])
    other = np.stack([picture(s) for s in range(10, 16)])
    found = similar([look(one), look(other), look(one[:, ::2, ::2])])
    assert [(i, j) for i, j, _ in found] == [(0, 2)]
    assert look(one[:1]).shape == look(one[0]).shape == (32, 32)


def test_flat_images_have_no_look():
    assert look(np.full((50, 60), 1000.0)) is None
    assert look(np.zeros((5, 50, 60))) is None
    assert look(np.zeros((1, 1))) is None
    assert similar([None, None, look(np.eye(40))]) == []


def test_many_copies_of_one_image_stay_cheap(picture):
    looks = [look(picture(0))] * 500
    assert 500 * 10 < len(similar(looks)) <= 500 * 64

from dataclasses import replace

import numpy as np
import pytest
from skimage.io import imsave
from tifffile import imwrite

from models import bright_model
from napari_unet.config import AugmentConfig, PreprocessConfig, Recipe, UNetConfig
from napari_unet.data.sample import write_sample
from napari_unet.engine.dispatch import start
from napari_unet.events import Augmented
from napari_unet.jobs import AugmentJob, TrainJob

RECIPE = Recipe(network=UNetConfig(depth=1), preprocess=PreprocessConfig(size=(32, 32)))
STILL = AugmentConfig(flip=False, rotation=0.0, scale=0.0, elastic=0.0, intensity=0.0)


def grid(folder, recipe=RECIPE, **more):
    job = AugmentJob(TrainJob(str(folder), "m.unet.safetensors", recipe=recipe), **more)
    *_, last = start(job)
    assert isinstance(last, Augmented)
    return last


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return write_sample(tmp_path_factory.mktemp("data") / "d", patients=4, slices=2, size=64)


@pytest.fixture(scope="module")
def volumes(tmp_path_factory):
    root = tmp_path_factory.mktemp("volumes")
    rng = np.random.default_rng(0)
    for name in "abc":
        mask = np.zeros((8, 24, 20), np.uint8)
        mask[4, 8:14, 6:12] = 1
        image = (mask * 100 + rng.integers(0, 50, mask.shape)).astype(np.uint8)
        for part, array in (("images", image), ("masks", mask)):
            (root / part).mkdir(exist_ok=True)
            imwrite(
                root / part / f"{name}.tif",
                array,
                photometric="minisblack",
                metadata={"axes": "ZYX"},
            )
    return root


def test_images_are_shown_as_the_model_sees_them_that_training_begins_with(folder, tmp_path):
    model = bright_model(tmp_path / "old.unet.safetensors", mode="patch", size=48)
    train = TrainJob(str(folder), "m.unet.safetensors", recipe=RECIPE, start=str(model))
    *_, found = start(AugmentJob(train, cases=2, variants=1))
    assert found.images.shape == (2, 2, 48, 48)


def test_each_row_begins_with_the_image_itself(folder):
    found = grid(folder, cases=3, variants=2)
    assert found.images.shape == found.labels.shape == (3, 3, 32, 32)
    assert found.images.dtype == found.labels.dtype == np.uint8
    assert len(set(found.names)) == 3
    for row in found.images:
        assert not np.array_equal(row[0], row[1])
        assert not np.array_equal(row[1], row[2])
    still = grid(folder, replace(RECIPE, augment=STILL), cases=3, variants=2)
    assert np.array_equal(still.images[:, 0], found.images[:, 0])
    assert np.array_equal(still.images[:, 0], still.images[:, 2])
    assert np.array_equal(still.labels[:, 0], still.labels[:, 1])


def test_the_seed_decides_and_there_are_no_more_rows_than_cases(folder):
    a, b, c = (grid(folder, cases=50, variants=1, seed=s) for s in (1, 1, 2))
    assert len(a.images) == 8
    assert np.array_equal(a.images, b.images)
    assert not np.array_equal(a.images, c.images)


def test_colour_stays_colour(tmp_path):
    for part in ("images", "masks"):
        (tmp_path / part).mkdir()
    for name in "abcd":
        image = np.zeros((32, 32, 3), np.uint8)
        image[8:16, 8:16, 0] = 200
        imsave(tmp_path / "images" / f"{name}.png", image, check_contrast=False)
        mask = (image[..., 0] > 0).astype(np.uint8) * 255
        imsave(tmp_path / "masks" / f"{name}.png", mask, check_contrast=False)
    found = grid(tmp_path, cases=1, variants=1)
    assert found.images.shape == (1, 2, 32, 32, 3)
    red, green = found.images[0, 0, 10, 10, :2]
    assert red > green


@pytest.mark.parametrize("neighbours", [0, 1])
def test_of_a_volume_s_planes_the_telling_one_is_shown(volumes, neighbours):
    seen = replace(RECIPE.preprocess, neighbours=neighbours)
    found = grid(volumes, replace(RECIPE, preprocess=seen, augment=STILL), cases=2, variants=1)
    assert found.images.shape == (2, 2, 32, 32)
    for image, label in zip(found.images[:, 0], found.labels[:, 0], strict=True):
        assert (label == 1).any()
        assert image[label == 1].mean() > image[label == 0].mean() + 50
        assert (label == 255).any()  # 24×20 pixels do not fill a square


def test_small_volumes_are_shown_as_auto_would_learn_them(volumes):
    """Flips, that is, only where the preset for volumes has them; at the volumes' own size."""
    job = AugmentJob(TrainJob(str(volumes), "m.unet.safetensors"), cases=1, variants=1)
    *_, found = start(job)
    thick = grid(volumes, Recipe(preprocess=PreprocessConfig(size=(32, 32))), cases=1, variants=1)
    assert thick.images.shape[2:] == (32, 32)
    assert found.images.shape[2:] in {(24, 24), (32, 32)}
    assert (found.labels[0, 0] == 255).sum() == found.labels[0, 0].size - 24 * 20


def test_of_a_volume_in_three_dimensions_the_middle_is_shown(volumes):
    recipe = replace(
        RECIPE,
        network=UNetConfig(dims=3, depth=1),
        preprocess=PreprocessConfig(size=(8, 24, 24)),
    )
    found = grid(volumes, recipe, cases=2, variants=3)
    assert found.images.shape == found.labels.shape == (2, 4, 24, 24)

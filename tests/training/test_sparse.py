"""Training on a few strokes of paint instead of whole masks."""

import numpy as np
import pytest
from scipy.ndimage import binary_dilation, gaussian_filter
from skimage.io import imread, imsave

from napari_unet.api import evaluate, train
from napari_unet.config import OptimConfig, PreprocessConfig, Recipe, UNetConfig
from napari_unet.data.dataset import open_dataset, say_unlabelled

RECIPE = Recipe(
    name="tiny",
    network=UNetConfig(depth=2, base_channels=8, norm="batch"),
    preprocess=PreprocessConfig(size=(64, 64)),
    optim=OptimConfig(
        epochs=20, batch=4, lr=1e-2, precision="float32", channels_last="no", lanes=1
    ),
)


def textured(rng, side=64):
    """Return an image of two textures of equal brightness, one fine and one coarse, and its mask.

    No pixel tells by itself what it is.
    """
    smooth = gaussian_filter(rng.normal(size=(side, side)), 10)
    mask = smooth > np.quantile(smooth, 0.75)
    coarse = gaussian_filter(rng.normal(size=(side, side)), 1.5)
    image = np.where(mask, rng.normal(size=(side, side)), coarse / coarse.std())
    return np.clip(128 + 40 * image, 0, 255).astype(np.uint8), mask


def scribbled(mask, rng, share=0.02):
    """Return strokes: 0 not labelled, 1 background, 2 foreground; short lines, as people paint.

    A third goes into the foreground; of the background, half lies around it.
    """
    found = np.zeros(mask.shape, np.uint8)
    around = binary_dilation(mask, iterations=8) & ~mask
    for where, value in ((mask, 2), (around, 1), (~mask, 1)):
        rows, columns = np.nonzero(where)
        for _ in range(round(share * mask.size / 3 / 6)):
            i = rng.integers(len(rows))
            line = (rows[i], slice(columns[i], columns[i] + 6))
            found[line] = np.where(where[line], value, found[line])
    return found


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    """Return a folder with masks, and one of the same images with scribbles in their place."""
    root, rng = tmp_path_factory.mktemp("sparse"), np.random.default_rng(0)
    full, sparse = root / "full", root / "sparse"
    for folder in (full, sparse):
        (folder / "images").mkdir(parents=True)
        (folder / "masks").mkdir()
    for i in range(24):
        image, mask = textured(rng)
        for folder, labels in ((full, mask * np.uint8(255)), (sparse, scribbled(mask, rng))):
            imsave(folder / "images" / f"{i}.png", image, check_contrast=False)
            imsave(folder / "masks" / f"{i}.png", labels, check_contrast=False)
    return full, sparse


def test_strokes_teach_nearly_as_much_as_masks(folders, tmp_path):
    full, sparse = folders
    dataset = say_unlabelled(open_dataset(sparse), [0])
    assert (dataset.labels.unlabelled, dataset.labels.classes) == ((0,), 1)
    masks = [imread(c.mask) for c in dataset.cases]
    assert 0.01 < np.mean([(m > 0).mean() for m in masks]) < 0.025
    scores = []
    for folder in folders:
        model = tmp_path / f"{folder.name}.unet.safetensors"
        train(folder, model, recipe=RECIPE, split="60:20:20")
        scores.append(evaluate(full, model).summary["mean"]["dice"])
    assert scores[0] > 0.75
    assert scores[1] > scores[0] - 0.1

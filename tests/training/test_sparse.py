"""Training on a few strokes of paint instead of whole masks."""

import numpy as np
import pytest
from skimage.io import imread, imsave

from napari_unet.api import evaluate, train
from napari_unet.config import OptimConfig, PreprocessConfig, Recipe, UNetConfig
from napari_unet.data.dataset import open_dataset, say_unlabelled
from napari_unet.data.sample import write_sample

RECIPE = Recipe(
    name="tiny",
    network=UNetConfig(depth=3, base_channels=8, norm="batch"),
    preprocess=PreprocessConfig(size=(64, 64)),
    optim=OptimConfig(
        epochs=25, batch=6, lr=1e-2, precision="float32", channels_last="no", lanes=1
    ),
)


def scribbled(mask, rng, share=0.02):
    """Return strokes: 0 not labelled, 1 background, 2 foreground; rows of short lines."""
    found = np.zeros(mask.shape, np.uint8)
    wanted = share * mask.size
    for value in (0, 1):
        rows, columns = np.nonzero((mask > 0) == value)
        drawn = 0
        while len(rows) and drawn < min(wanted / 2, 0.5 * len(rows)):
            i = rng.integers(len(rows))
            line = (rows[i], slice(columns[i], columns[i] + 6))
            same = (mask[line] > 0) == value
            found[line] = np.where(same, value + 1, found[line])
            drawn += int(same.sum())
    return found


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    """Return the sample data, and the same with scribbles in place of masks."""
    root = tmp_path_factory.mktemp("sparse")
    args = {"patients": 8, "slices": 4, "size": 64}
    full = write_sample(root / "full", **args)
    sparse = write_sample(root / "sparse", **args)
    rng = np.random.default_rng(0)
    for path in (sparse / "masks").iterdir():
        imsave(path, scribbled(imread(path), rng), check_contrast=False)
    return full, sparse


def test_strokes_teach_nearly_as_much_as_masks(folders, tmp_path):
    full, sparse = folders
    dataset = say_unlabelled(open_dataset(sparse), [0])
    assert (dataset.labels.unlabelled, dataset.labels.classes) == ((0,), 1)
    masks = [imread(c.mask) for c in dataset.cases]
    assert np.mean([(m > 0).mean() for m in masks]) < 0.03
    scores = []
    for folder in folders:
        model = tmp_path / f"{folder.name}.unet.safetensors"
        train(folder, model, recipe=RECIPE, split="70:10:20")
        scores.append(evaluate(full, model).summary["mean"]["dice"])
    assert scores[0] > 0.6
    assert scores[1] > scores[0] - 0.15

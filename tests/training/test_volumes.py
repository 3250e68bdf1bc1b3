"""Trainings on volumes, from the folder to the scores: in three dimensions and between."""

from dataclasses import replace

import numpy as np
import pytest
from tifffile import imwrite

from napari_unet.api import evaluate, segment
from napari_unet.card import read_card
from napari_unet.config import AugmentConfig, PreprocessConfig, UNetConfig
from napari_unet.engine.dispatch import start
from napari_unet.errors import DataError
from napari_unet.events import EpochEnd, Note, TrainFinished
from trainings import TINY
from trainings import job as tiny_job

DEEP = replace(
    TINY,
    network=UNetConfig(dims=3, depth=1, base_channels=4, norm="instance", flat_levels=0),
    preprocess=PreprocessConfig(size=(4, 16, 16)),
    augment=AugmentConfig(rotation=5.0, elastic=0.0, scale=0.0),
)


@pytest.fixture(scope="session")
def volumes(tmp_path_factory):
    """Ten volumes of a bright and a dark block, of sizes that nothing divides by."""
    root = tmp_path_factory.mktemp("volumes")
    rng = np.random.default_rng(0)
    for part in ("images", "masks"):
        (root / part).mkdir()
    for i in range(10):
        shape = (4 + i % 2, 15, 17)
        mask = np.zeros(shape, np.uint8)
        mask[1:3, 3:8, 3:8], mask[1:3, 9:14, 9:14] = 1, 2
        image = 120 + 80 * (mask == 1) - 80 * (mask == 2) + rng.integers(-20, 20, shape)
        for part, array in (("images", image.astype(np.uint8)), ("masks", mask)):
            imwrite(
                root / part / f"p{i}.tif", array, photometric="minisblack", metadata={"axes": "ZYX"}
            )
    return root


def trained(volumes, model, recipe, **optim):
    job = replace(tiny_job(volumes, model), recipe=recipe)
    job = replace(job, recipe=replace(recipe, optim=replace(recipe.optim, **optim)))
    *events, done = start(job)
    assert isinstance(done, TrainFinished)
    return events, done


def test_volumes_are_learned_whole_and_segmented_voxel_for_voxel(volumes, tmp_path):
    model = tmp_path / "m.unet.safetensors"
    events, _ = trained(volumes, model, DEEP, epochs=20, batch=2, lr=1e-2, loss="ce+dice")
    losses = [e.loss for e in events if isinstance(e, EpochEnd)]
    assert losses[-1] < 0.8 * losses[0]
    assert not any("plane by plane" in e.text for e in events if isinstance(e, Note))
    card = read_card(model)
    assert (card.network.dims, card.network.out_channels) == (3, 3)
    assert card.preprocess.size == (4, 16, 16)
    scores = evaluate(volumes, model)
    assert scores.summary["failed"] == 0
    assert scores.summary["mean"]["dice"] > 0.5
    image = np.zeros((9, 20, 13), np.uint8)
    assert segment(image, model).shape == image.shape


@pytest.mark.parametrize("lanes", [1, 2])
def test_patches_of_volumes_with_flat_levels_lanes_and_supervision(volumes, tmp_path, lanes):
    network = replace(DEEP.network, depth=2, flat_levels=1, supervision=1, attention=True)
    preprocess = PreprocessConfig(mode="patch", size=(4, 8, 8), mirror=True)
    recipe = replace(DEEP, network=network, preprocess=preprocess)
    _, done = trained(volumes, tmp_path / "m.unet.safetensors", recipe, epochs=1, lanes=lanes)
    assert done.epochs == 1
    scores = evaluate(volumes, done.model, subset="all", limit=2)
    assert scores.summary["failed"] == 0


def test_planes_are_learned_between_their_neighbours(volumes, tmp_path):
    recipe = replace(TINY, preprocess=PreprocessConfig(size=(16, 16), neighbours=1))
    model = tmp_path / "m.unet.safetensors"
    events, _ = trained(volumes, model, recipe, epochs=1)
    assert any("plane by plane" in e.text for e in events if isinstance(e, Note))
    card = read_card(model)
    assert (card.network.in_channels, card.image_channels) == (3, 1)
    assert evaluate(volumes, model, limit=3, subset="all").summary["failed"] == 0
    assert segment(np.zeros((3, 20, 13), np.uint8), model).shape == (3, 20, 13)


def test_pictures_cannot_be_learned_in_three_dimensions(tmp_path):
    from napari_unet.data.sample import write_sample

    folder = write_sample(tmp_path / "d", patients=4, slices=1, size=32)
    with pytest.raises(DataError, match="single picture, but a 3D network needs volumes"):
        list(start(replace(tiny_job(folder, tmp_path / "m.unet.safetensors"), recipe=DEEP)))

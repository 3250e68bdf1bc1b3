"""Beginning with a model that was trained before."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from safetensors.torch import load_file
from skimage.io import imsave

from napari_unet.card import read_card
from napari_unet.config import SplitConfig, UNetConfig
from napari_unet.errors import DataError, ModelError
from napari_unet.events import EpochEnd, Note
from napari_unet.jobs import ResumeJob
from napari_unet.presets import preset
from napari_unet.training.job import resume, train
from napari_unet.training.start import Start
from trainings import OPTIM, TINY, job


@pytest.fixture(scope="module")
def old(folder, tmp_path_factory):
    model = tmp_path_factory.mktemp("old") / "old.unet.safetensors"
    list(train(job(folder, model, epochs=12, lr=1e-2)))
    return model


def begun(folder, model, old, **optim):
    # Another network in the recipe: the old model's is what counts.
    wish = job(folder, model, **optim)
    recipe = replace(wish.recipe, network=UNetConfig(depth=1, base_channels=2))
    return replace(wish, recipe=recipe, start=str(old))


def test_begins_with_network_and_weights_of_the_old_model(folder, model, old):
    before = old.read_bytes()
    *events, done = train(begun(folder, model, old, epochs=1, lr=1e-9))
    assert read_card(model).network == read_card(old).network
    assert read_card(model).preprocess == read_card(old).preprocess
    a, b = load_file(done.last), load_file(old)
    weights = [k for k in a if k.endswith(("weight", "bias"))]
    assert all(np.allclose(a[k], b[k], atol=1e-5) for k in weights)
    assert old.read_bytes() == before
    start = read_card(model).training["start"]
    assert (start["name"], start["file"]) == ("old", "old.unet.safetensors")
    assert any("begins with old.unet.safetensors" in e.text for e in events if isinstance(e, Note))


def test_it_begins_better_than_from_nothing(folder, model, old):
    first = {}
    for name, wish in {
        "new": job(folder, model, epochs=1),
        "old": begun(folder, model, old, epochs=1),
    }.items():
        first[name] = next(e for e in train(wish) if isinstance(e, EpochEnd))
    assert first["old"].val_loss < first["new"].val_loss


def test_a_model_can_begin_with_itself(folder, model):
    list(train(job(folder, model, epochs=2)))
    before = model.read_bytes()
    *_, done = train(begun(folder, model, model, epochs=1))
    assert load_file(done.kept).keys() == load_file(model).keys()
    assert Path(done.kept).read_bytes() == before
    assert read_card(model).training["start"]["name"] == "m"


def test_goes_on_after_a_stop_without_the_old_model(folder, model, old, tmp_path):
    gone = tmp_path / "gone.unet.safetensors"
    gone.write_bytes(old.read_bytes())
    events = train(begun(folder, model, gone))
    next(e for e in events if isinstance(e, EpochEnd))
    events.close()
    gone.unlink()
    *_, done = resume(ResumeJob(str(model)))
    assert done.epochs == 3
    assert read_card(model).training["start"]["file"] == gone.name


def test_a_preset_s_rate_is_lowered_and_a_person_s_kept(old):
    start, auto = Start.load(str(old)), preset("auto")
    assert start.recipe(auto).optim.lr == pytest.approx(auto.optim.lr / 10)
    mine = replace(auto, optim=replace(auto.optim, lr=3e-3))
    assert start.recipe(mine).optim.lr == 3e-3
    assert start.recipe(TINY).optim.lr == OPTIM.lr


def test_settings_that_the_old_model_s_own_replace_are_named(old):
    start, auto = Start.load(str(old)), preset("auto")
    assert start.overruled(auto) == ""
    mine = replace(
        auto,
        network=replace(auto.network, dropout=0.2),
        preprocess=replace(auto.preprocess, size=(64, 64)),
        optim=replace(auto.optim, batch=3),
    )
    told = start.overruled(mine)
    assert told.endswith("old.unet.safetensors has them; not used: Dropout, Working size.")
    assert start.recipe(mine).network == start.card.network


def test_cases_that_the_old_model_knows_are_named(folder, model, old):
    other = SplitConfig(seed=5)
    wish = replace(begun(folder, model, old, epochs=1), split=other)
    texts = [e.text for e in train(wish) if isinstance(e, Note) and e.warning]
    assert any("its scores will be too good" in t and "old.split.json" in t for t in texts)
    wish = begun(folder, model, old, epochs=1)
    texts = [e.text for e in train(wish) if isinstance(e, Note) and e.warning]
    assert not any("too good" in t for t in texts)


def test_other_classes_are_refused(tmp_path, model, old):
    for part in ("images", "masks"):
        (tmp_path / "d" / part).mkdir(parents=True)
    for i in range(6):
        mask = np.zeros((40, 40), np.uint8)
        mask[5:20, 5:20], mask[20:35, 20:35] = 1, 2
        imsave(tmp_path / "d" / "images" / f"{i}.png", mask * 50 + i, check_contrast=False)
        imsave(tmp_path / "d" / "masks" / f"{i}.png", mask, check_contrast=False)
    with pytest.raises(DataError, match=r"old.unet.safetensors knows one class, but d has .*\(2\)"):
        list(train(begun(tmp_path / "d", model, old)))
    assert not model.exists()


def test_masks_of_other_values_suit_a_binary_model(tmp_path, folder, model, old):
    """The old model's masks were 0 and 255, these are 0 and 1."""
    for part in ("images", "masks"):
        (tmp_path / "d" / part).mkdir(parents=True)
    rng = np.random.default_rng(0)
    for i in range(6):
        mask = np.zeros((40, 40), np.uint8)
        mask[10:30, 10:30] = 1
        image = (rng.random((40, 40)) * 100 + 100 * mask).astype(np.uint8)
        imsave(tmp_path / "d" / "images" / f"{i}.png", image, check_contrast=False)
        imsave(tmp_path / "d" / "masks" / f"{i}.png", mask, check_contrast=False)
    *_, done = train(begun(tmp_path / "d", model, old, epochs=1))
    assert done.epochs == 1


def test_a_missing_model_is_said(folder, model, tmp_path):
    with pytest.raises(ModelError, match="no model file"):
        list(train(begun(folder, model, tmp_path / "none.unet.safetensors")))

import errno
import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from safetensors.torch import load_file
from skimage.io import imsave
from tifffile import imread, imwrite

from napari_unet.api import segment
from napari_unet.card import read_card, read_picture
from napari_unet.config import AugmentConfig, SplitConfig
from napari_unet.data.dataset import open_dataset
from napari_unet.data.sample import write_sample
from napari_unet.data.splits.split import load, split_path
from napari_unet.errors import DataError, JobError
from napari_unet.events import EpochEnd, Note, Progress, TrainFinished
from napari_unet.jobs import TrainJob
from napari_unet.training.fingerprint import with_colours
from napari_unet.training.job import train
from napari_unet.training.planning import job_recipe
from napari_unet.unet import trainer
from napari_unet.unet.file import load_model
from napari_unet.unet.plan import fit_recipe
from trainings import OPTIM, discs, job


def test_leaves_a_model_its_split_and_its_story(folder, model):
    *events, done = train(job(folder, model))
    assert isinstance(done, TrainFinished)
    ends = [e for e in events if isinstance(e, EpochEnd)]
    assert [e.epoch for e in ends] == [1, 2, 3]
    assert done.epochs == 3
    assert done.best_epoch == max(ends, key=lambda e: (e.val_dice, -e.val_loss)).epoch
    card = read_card(model)
    assert card.name == "m"
    assert card.scores["val_dice"] == done.val_dice
    assert card.data["cases"] == 18
    assert len(card.training["history"]) == 3
    assert read_picture(model).startswith(b"\x89PNG")
    split = load(split_path(model))
    patients = {c.name: c.patient for c in open_dataset(folder).cases}
    assert split.subsets.keys() == patients.keys()
    of = {}
    for name, subset in split.subsets.items():
        of.setdefault(patients[name], set()).add(subset)
    assert all(len(subsets) == 1 for subsets in of.values())


def test_a_model_without_a_picture_is_a_model(folder, model, monkeypatch):
    def fails(*args):
        raise DataError("the case is gone")

    monkeypatch.setattr("napari_unet.training.preview.Previews._image", fails)
    *_, done = train(job(folder, model, epochs=1))
    assert read_card(done.model).scores["val_dice"] == done.val_dice
    assert read_picture(done.model) is None


def test_a_checkpoint_is_there_when_its_event_comes(folder, model):
    for event in train(job(folder, model, epochs=2)):
        if isinstance(event, EpochEnd):
            last = model.with_name("m.last.unet.safetensors")
            assert len(read_card(last).training["history"]) == event.epoch
            if event.best:
                assert read_card(model).scores["epoch"] == event.epoch


def test_same_seed_same_weights_other_seed_others(folder, tmp_path):
    weights = []
    for name, seed in [("a", 5), ("b", 5), ("c", 6)]:
        path = tmp_path / f"{name}.unet.safetensors"
        list(train(replace(job(folder, path, epochs=2), seed=seed)))
        weights.append(load_file(path))
    a, b, c = weights
    assert all(a[k].equal(b[k]) for k in a)
    assert any(not a[k].equal(c[k]) for k in a)


def test_it_learns(tmp_path, model):
    """Taking all that is bright, and nothing else, would give less."""
    *_, done = train(job(discs(tmp_path / "discs"), model, epochs=25, lr=1e-2))
    assert done.val_dice > 0.94


def test_minutes_end_the_training_and_lower_the_rate(folder, model):
    events = list(train(job(folder, model, minutes=0.05)))
    done = events[-1]
    assert done.stopped == "0.05 minutes are over"
    assert done.seconds < 30
    rates = [e.lr for e in events if isinstance(e, EpochEnd)]
    assert rates[-1] < OPTIM.lr


def test_stopping_keeps_the_best_so_far(folder, model):
    events = train(job(folder, model, epochs=100))
    next(e for e in events if isinstance(e, EpochEnd))
    events.close()
    assert load_model(model)[1].scores["epoch"] == 1


def test_stopping_within_the_first_epoch_keeps_what_there_is(folder, model):
    events = train(job(folder, model))
    next(e for e in events if isinstance(e, Progress) and e.what.startswith("training") and e.done)
    events.close()
    assert load_model(model)[1].scores == {}


def test_early_stopping_returns_the_best_weights(folder, model, monkeypatch):
    from napari_unet.unet.validation import Validation

    dices = iter([0.1, 0.6, 0.3, 0.2, 0.1, 0.05])
    saved = {}

    def judge(net, cases, speed, loss, parts):
        dice = next(dices)
        saved[dice] = {k: v.clone() for k, v in net.state_dict().items()}
        return Validation(1.0, dice)

    monkeypatch.setattr(trainer, "validate", judge)
    *_, done = train(job(folder, model, epochs=50, patience=3))
    assert done.stopped == "no better validation Dice for 3 epochs"
    assert (done.epochs, done.best_epoch, done.val_dice) == (5, 2, 0.6)
    kept = load_file(model)
    assert all(v.equal(kept[k]) for k, v in saved[0.6].items())


def test_of_epochs_that_find_nothing_the_loss_tells_the_best(folder, model, monkeypatch):
    from napari_unet.unet.validation import Validation

    found = iter([(1.0, 0.0), (0.8, 0.0), (0.9, 0.0), (math.nan, 0.0)])
    monkeypatch.setattr(trainer, "validate", lambda *a: Validation(*next(found)))
    events = train(job(folder, model, epochs=4))
    assert [e.best for e in events if isinstance(e, EpochEnd)] == [True, True, False, False]


def test_plateau_lowers_the_rate(folder, model, monkeypatch):
    from napari_unet.unet.validation import Validation

    monkeypatch.setattr(trainer, "validate", lambda *a: Validation(1.0, 0.5))
    events = train(job(folder, model, epochs=7, schedule="plateau"))
    rates = [e.lr for e in events if isinstance(e, EpochEnd)]
    assert rates[0] == OPTIM.lr
    assert rates[-1] == pytest.approx(OPTIM.lr / 3)


def test_weight_averaging_is_what_is_kept(folder, model):
    list(train(job(folder, model, epochs=2, ema=0.9)))
    net, _ = load_model(model)
    assert net(torch.zeros(1, 1, 32, 32)).isfinite().all()


def test_every_optimiser_loss_and_class_weight_makes_a_difference(folder, tmp_path):
    wishes = [
        {"optimizer": "adam", "loss": "bce"},
        {"optimizer": "sgd", "loss": "bce"},
        {"loss": "bce"},
        {"loss": "bce", "class_weights": "balanced"},
        {"loss": "dice"},
        {"loss": "ce+dice"},
        {"loss": "focal"},
        {"loss": "focal", "class_weights": "balanced"},
        {"loss": "focal+dice"},
        {"loss": "tversky"},
    ]
    losses = []
    for i, wish in enumerate(wishes):
        events = train(job(folder, tmp_path / f"{i}.unet.safetensors", **wish))
        losses.append(next(e.loss for e in events if isinstance(e, EpochEnd)))
        events.close()
    assert all(map(math.isfinite, losses))
    assert len(set(losses)) == len(wishes)


def test_an_earlier_model_is_renamed_not_lost(folder, model):
    model.write_text("precious")
    *_, done = train(job(folder, model, epochs=1))
    from pathlib import Path

    assert Path(done.kept).read_text() == "precious"
    assert read_card(model).name == "m"


def test_nothing_is_touched_before_there_is_something_to_save(folder, model):
    model.write_text("precious")
    events = train(job(folder, model))
    next(e for e in events if isinstance(e, Progress) and e.what.startswith("reading"))
    events.close()
    assert model.read_text() == "precious"
    assert list(model.parent.glob("m.*")) == [model]


def test_a_full_disk_leaves_the_earlier_model(folder, model, monkeypatch):
    list(train(job(folder, model, epochs=1)))
    before = model.read_bytes()

    def full(*args, **kwargs):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("napari_unet.unet.file.save_file", full)
    with pytest.raises(JobError, match=r"could not be saved.*disk is full"):
        list(train(job(folder, model, epochs=1)))
    versions = [p for p in model.parent.glob("m*.unet.safetensors") if ".last" not in p.name]
    assert before in [p.read_bytes() for p in versions]
    assert not list(model.parent.glob(".*tmp"))


def test_several_classes_and_colour(tmp_path, model):
    rng = np.random.default_rng(0)
    for part in ("images", "masks"):
        (tmp_path / "d" / part).mkdir(parents=True)
    for i in range(10):
        mask = np.zeros((40, 50), np.uint8)
        mask[5:20, 5:20], mask[20:35, 25:45] = 1, 2
        image = rng.integers(0, 60, (40, 50, 3)).astype(np.uint8)
        image[mask == 1, 0] += 150
        image[mask == 2, 2] += 150
        imsave(tmp_path / "d" / "images" / f"{i}.png", image, check_contrast=False)
        imsave(tmp_path / "d" / "masks" / f"{i}.png", mask, check_contrast=False)
    *_, done = train(job(tmp_path / "d", model, epochs=30, lr=1e-2))
    card = read_card(model)
    assert (card.network.in_channels, card.network.out_channels) == (3, 3)
    assert len(card.classes) == 2
    last = card.training["history"][-1]
    assert list(last["class_dice"]) == list(card.classes)
    assert sum(last["class_dice"].values()) / 2 == pytest.approx(last["val_dice"])
    assert done.val_dice > 0.5


def test_every_one_of_several_channels_is_learned_from(tmp_path, model):
    """Each object is seen in one of four channels only, and every one is found."""
    rng = np.random.default_rng(0)
    for part in ("images", "masks"):
        (tmp_path / "d" / part).mkdir(parents=True)
    for i in range(8):
        image = rng.integers(0, 40, (4, 32, 32)).astype(np.uint8)
        mask = np.zeros((32, 32), np.uint8)
        for channel in range(4):
            y, x = 16 * (channel // 2) + i % 4, 16 * (channel % 2) + i // 4
            image[channel, y : y + 10, x : x + 10] += 180
            mask[y : y + 10, x : x + 10] = 255
        path, axes = tmp_path / "d" / "images" / f"{i}.tif", {"axes": "CYX"}
        imwrite(path, image, photometric="minisblack", metadata=axes)
        imsave(tmp_path / "d" / "masks" / f"{i}.png", mask, check_contrast=False)
    wish = job(tmp_path / "d", model, epochs=30, lr=1e-2, batch=2)
    still = AugmentConfig(flip=False, rotation=0.0, scale=0.0, elastic=0.0, intensity=0.0)
    *_, done = train(replace(wish, recipe=replace(wish.recipe, augment=still)))
    card = read_card(model)
    assert (card.network.in_channels, card.network.out_channels) == (4, 1)
    assert done.val_dice > 0.6
    labels = segment(
        np.moveaxis(imread(tmp_path / "d" / "images" / "0.tif"), 0, -1), model, channels=True
    )
    assert labels.shape == (32, 32)
    quarters = labels.reshape(2, 16, 2, 16).swapaxes(1, 2).reshape(4, -1)
    assert ((quarters > 0).mean(axis=1) > 0.2).all()


def test_a_broken_file_is_left_out_and_named(tmp_path, model):
    folder = write_sample(tmp_path / "d", patients=6, slices=2, size=64)
    broken = sorted((folder / "images").iterdir())[0]
    broken.write_bytes(broken.read_bytes()[:200])
    events = list(train(job(folder, model, epochs=1)))
    notes = [e.text for e in events if isinstance(e, Note) and e.warning]
    assert any(broken.stem in text and "left out" in text for text in notes)
    assert isinstance(events[-1], TrainFinished)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("empty", "empty|no image|No image|nothing"),
        ("blank", "blank|foreground"),
        ("alone", "pair"),
    ],
)
def test_folders_without_anything_to_learn(tmp_path, model, content, words):
    folder = tmp_path / "d"
    folder.mkdir()
    blank = np.zeros((20, 20), np.uint8)
    if content != "empty":
        (folder / "images").mkdir()
        for i in range(4):
            imsave(folder / "images" / f"{i}.png", blank + 20 * i, check_contrast=False)
    if content == "blank":
        (folder / "masks").mkdir()
        for i in range(4):
            imsave(folder / "masks" / f"{i}.png", blank, check_contrast=False)
    with pytest.raises(DataError, match=words):
        list(train(job(folder, model)))
    assert not model.exists()


def test_the_job_s_wishes_override_the_recipe():
    wish = TrainJob("f", "m", minutes=2.0, seed=4, device="cpu")
    optim = job_recipe(wish).optim
    assert (optim.minutes, optim.seed, optim.device) == (2.0, 4, "cpu")
    assert job_recipe(TrainJob("f", "m", epochs=7)).optim.epochs == 7


def test_colour_statistics_come_from_the_training_cases(tmp_path):
    for part in ("images", "masks"):
        (tmp_path / part).mkdir()
    image = np.zeros((20, 20, 3), np.uint8) + np.array([51, 102, 204], np.uint8)
    image[:10] += 20
    mask = np.zeros((20, 20), np.uint8)
    mask[:5] = 255
    for i in range(4):
        imsave(tmp_path / "images" / f"{i}.png", image, check_contrast=False)
        imsave(tmp_path / "masks" / f"{i}.png", mask, check_contrast=False)
    dataset = open_dataset(tmp_path)
    recipe = fit_recipe(job_recipe(TrainJob("", "")), dataset.channels, dataset.labels)
    fitted = with_colours(recipe, dataset.cases, dataset).preprocess
    assert fitted.intensity == "dataset"
    assert fitted.mean == pytest.approx((61 / 255, 112 / 255, 214 / 255), abs=1e-4)
    assert fitted.std == pytest.approx((10 / 255,) * 3, abs=1e-4)


def test_two_patients_are_enough(tmp_path, model):
    folder = write_sample(tmp_path / "d", patients=2, slices=3, size=64)
    wish = replace(job(folder, model, epochs=1), split=SplitConfig(80.0, 10.0, 10.0))
    events = list(train(wish))
    assert any("training cases judge" in e.text for e in events if isinstance(e, Note))


def test_volumes_are_learned_plane_by_plane(tmp_path, model):
    for name, value in (("images", 100), ("masks", 1)):
        (tmp_path / "d" / name).mkdir(parents=True)
        for i in range(4):
            array = np.zeros((5, 40, 40), np.uint8)
            array[2, 10:20, 10:20] = value
            np.save(tmp_path / "d" / name / f"{i}.npy", array)
    *events, done = train(job(tmp_path / "d", model, epochs=2))
    assert isinstance(done, TrainFinished)
    assert read_card(model).data["cases"] == 4
    (told,) = [e.text for e in events if isinstance(e, Note) and "plane by plane" in e.text]
    assert "10 planes" in told  # two volumes: one each judges and tests
    # Blank planes are cases like any other; those with a square are not left out.
    assert [e.epoch for e in events if isinstance(e, EpochEnd)] == [1, 2]

"""A training that goes on is the training that was never interrupted."""

import json
import shutil
from dataclasses import replace

import pytest
import torch
from safetensors.torch import load_file

from napari_unet.card import read_card
from napari_unet.config import UNetConfig
from napari_unet.data.sample import write_sample
from napari_unet.errors import DataError, JobError
from napari_unet.events import EpochEnd, Progress, TrainFinished
from napari_unet.jobs import ResumeJob
from napari_unet.resumable import read_resumable, record_path, state_path
from napari_unet.training.job import resume, train
from napari_unet.unet.checkpoints import load_state
from trainings import TINY, job


def curve(model):
    """Return what a card says of every epoch, without how long it took."""
    history = read_card(model).training["history"]
    kept = ("epoch", "loss", "val_loss", "val_dice", "lr")
    return [{k: e[k] for k in kept} for e in history]


def stopped_after(events, count, kind=EpochEnd, **values):
    """Pull events until so many of a kind came, then close.

    Progress counts from the first step on: how often a slow machine tells of that is its affair.
    """
    for event in events:
        trained = getattr(event, "what", "train").startswith("train") and getattr(event, "done", 1)
        count -= isinstance(event, kind) and bool(trained)
        if not count:
            break
    events.close()


def same_weights(one, other):
    a, b = load_file(one), load_file(other)
    return a.keys() == b.keys() and all(a[k].equal(b[k]) for k in a)


VARIANTS = {
    "plain": {},
    "average": {"ema": 0.9},
    "plateau": {"schedule": "plateau", "optimizer": "sgd"},
    "lanes": {"lanes": 2},
    "parts": {"accumulate": 2},
}


@pytest.mark.parametrize("optim", VARIANTS.values(), ids=VARIANTS)
@pytest.mark.parametrize("stop", [(1, EpochEnd), (7, Progress)], ids=["epoch", "step"])
def test_the_resumed_curve_equals_the_uninterrupted_one(folder, tmp_path, optim, stop):
    whole, parted = (tmp_path / f"{name}.unet.safetensors" for name in ("whole", "parted"))
    list(train(job(folder, whole, **optim)))
    stopped_after(train(job(folder, parted, **optim)), *stop)
    *_, done = resume(ResumeJob(str(parted)))
    assert isinstance(done, TrainFinished)
    assert curve(parted) == curve(whole)
    assert same_weights(parted, whole)


def test_dropout_and_patches_go_on_exactly(folder, tmp_path):
    recipe = replace(
        TINY,
        network=UNetConfig(depth=2, base_channels=4, dropout=0.3),
        preprocess=replace(TINY.preprocess, mode="patch"),
    )
    whole, parted = (tmp_path / f"{name}.unet.safetensors" for name in ("whole", "parted"))
    list(train(replace(job(folder, whole), recipe=recipe)))
    stopped_after(train(replace(job(folder, parted), recipe=recipe)), 6, Progress)
    list(resume(ResumeJob(str(parted))))
    assert curve(parted) == curve(whole)


def test_interrupted_many_times(folder, tmp_path):
    whole, parted = (tmp_path / f"{name}.unet.safetensors" for name in ("whole", "parted"))
    list(train(job(folder, whole, epochs=5)))
    stopped_after(train(job(folder, parted, epochs=5)), 2, Progress)
    for _ in range(3):
        stopped_after(resume(ResumeJob(str(parted))), 3, Progress)
    list(resume(ResumeJob(str(parted))))
    assert curve(parted) == curve(whole)


def test_training_longer_carries_everything_on(folder, tmp_path):
    """With a constant rate the budget changes nothing, so 2 and 2 more epochs are 4."""
    whole, longer = (tmp_path / f"{name}.unet.safetensors" for name in ("whole", "longer"))
    list(train(job(folder, whole, epochs=4, schedule="constant")))
    list(train(job(folder, longer, epochs=2, schedule="constant")))
    *events, done = resume(ResumeJob(str(longer), epochs=4))
    assert [e.epoch for e in events if isinstance(e, EpochEnd)] == [3, 4]
    assert done.epochs == 4
    assert curve(longer) == curve(whole)


def test_the_schedule_follows_the_new_budget(folder, model):
    *first, _ = train(job(folder, model, epochs=2))
    *events, _ = resume(ResumeJob(str(model), epochs=20))
    ends = [e for e in first + events if isinstance(e, EpochEnd)]
    assert ends[2].lr > ends[1].lr  # a tenth of the new budget is over, not all of it
    assert ends[-1].lr < ends[2].lr


def test_minutes_count_from_the_beginning(folder, model):
    list(train(job(folder, model, epochs=2)))
    used = read_resumable(model).seconds
    *_, done = resume(ResumeJob(str(model), minutes=(used + 1.0) / 60))
    assert done.epochs > 2
    assert done.seconds > used
    assert done.stopped.endswith("minutes are over")


def test_what_can_be_resumed_is_told_without_torch(folder, model):
    wish = job(folder, model)
    stopped_after(train(wish), 2)
    found = read_resumable(model)
    assert found.job == wish
    assert (found.epochs, found.total_epochs, found.finished) == (2, 3, False)
    assert found.size == state_path(model).stat().st_size
    list(resume(ResumeJob(str(model))))
    found = read_resumable(model)
    assert (found.epochs, found.finished, found.ended) == (3, True, "3 epochs are done")


@pytest.mark.parametrize("more", [{}, {"epochs": 3}, {"minutes": 1e-4}])
def test_a_finished_run_wants_more_than_it_had(folder, model, more):
    list(train(job(folder, model)))
    before = model.read_bytes(), state_path(model).read_bytes()
    with pytest.raises(JobError, match=r"finished \(3 epochs are done\).*--epochs or --minutes"):
        list(resume(ResumeJob(str(model), **more)))
    assert before == (model.read_bytes(), state_path(model).read_bytes())


def test_patience_begins_anew(folder, model, monkeypatch):
    from napari_unet.unet import trainer
    from napari_unet.unet.validation import Validation

    monkeypatch.setattr(trainer, "validate", lambda *a: Validation(1.0, 0.5))
    *_, done = train(job(folder, model, epochs=9, patience=2))
    assert done.epochs == 3
    *_, done = resume(ResumeJob(str(model), epochs=10))
    assert done.epochs == 5
    assert done.stopped == "no better validation Dice for 2 epochs"


def test_patience_that_began_anew_is_not_forgotten_by_a_second_stop(folder, model, monkeypatch):
    from napari_unet.unet import trainer
    from napari_unet.unet.validation import Validation

    monkeypatch.setattr(trainer, "validate", lambda *a: Validation(1.0, 0.5))
    list(train(job(folder, model, epochs=9, patience=2)))
    stopped_after(resume(ResumeJob(str(model), epochs=10)), 1)
    *_, done = resume(ResumeJob(str(model)))
    assert done.epochs == 5


def test_where_training_cases_judge_it_goes_on_too(tmp_path, model):
    data = write_sample(tmp_path / "d", patients=2, slices=2, size=32)
    stopped_after(train(job(data, model, epochs=2)), 1)
    *_, done = resume(ResumeJob(str(model)))
    assert done.epochs == 2


def test_a_moved_model_goes_on_where_it_lies(folder, tmp_path):
    old, new = tmp_path / "old", tmp_path / "new"
    stopped_after(train(job(folder, old / "m.unet.safetensors")), 1)
    shutil.move(old, new)
    *_, done = resume(ResumeJob(str(new / "m.unet.safetensors")))
    assert done.model == str(new / "m.unet.safetensors")
    assert not old.exists()


# --- what changed underneath ------------------------------------------------------------------


@pytest.fixture
def half(folder, tmp_path):
    """Return a copy of the data, and a model whose training on it was stopped."""
    data = tmp_path / "data"
    shutil.copytree(folder, data)
    model = tmp_path / "half.unet.safetensors"
    stopped_after(train(job(data, model)), 1)
    return data, model


def refused(model, kind, words):
    files = {p: p.read_bytes() for p in model.parent.iterdir() if p.is_file()}
    with pytest.raises(kind, match=words):
        list(resume(ResumeJob(str(model))))
    assert files == {p: p.read_bytes() for p in model.parent.iterdir() if p.is_file()}


def test_a_vanished_folder(half):
    data, model = half
    data.rename(data.with_name("elsewhere"))
    refused(model, DataError, "can go on once its data are there again")
    data.with_name("elsewhere").rename(data)
    *_, done = resume(ResumeJob(str(model)))
    assert done.epochs == 3


def test_missing_cases(half):
    data, model = half
    for part in ("images", "masks"):
        sorted((data / part).iterdir())[0].unlink()
    refused(model, DataError, r"1 of the 18 cases .* no longer in .*can go on once they are back")


def test_cases_that_were_added_take_no_part(half, folder):
    data, model = half
    for part in ("images", "masks"):
        one = sorted((data / part).iterdir())[0]
        shutil.copy(one, one.with_name(one.name.replace("p", "q", 1).replace("P", "Q", 1)))
    *_, done = resume(ResumeJob(str(model)))
    assert done.epochs == 3
    assert read_card(model).data["cases"] >= 18


def test_a_case_that_can_no_longer_be_read(half):
    data, model = half
    subsets = read_split(model)
    image = next(p for p in (data / "images").iterdir() if subsets[f"images/{p.stem}"] == "train")
    image.write_bytes(b"broken")
    refused(model, DataError, "train images are not those that this training was begun with")


def read_split(model):
    from napari_unet.data.splits.split import load, split_path

    return load(split_path(model)).subsets


def test_a_damaged_state(half):
    _, model = half
    whole = state_path(model).read_bytes()
    middle = len(whole) // 2
    flipped = bytearray(whole)
    flipped[middle] ^= 0xFF
    for damaged in (b"", b"nonsense", whole[:middle], bytes(flipped)):
        state_path(model).write_bytes(damaged)
        refused(model, JobError, "damaged.*train --from")


def test_no_state(half):
    _, model = half
    state_path(model).unlink()
    assert read_resumable(model) is None
    refused(model, JobError, r"There is no half\.resume\.pt")


def test_a_newer_version(half):
    _, model = half
    torch.save({**load_state(model), "format": 99}, state_path(model))
    refused(model, JobError, "newer napari-unet")
    record = json.loads(record_path(model).read_text())
    record_path(model).write_text(json.dumps({**record, "format": 99}))
    with pytest.raises(JobError, match="newer napari-unet"):
        read_resumable(model)


def test_a_state_that_executes_nothing(half, tmp_path):
    _, model = half

    class Evil:
        def __reduce__(self):
            return (tmp_path.joinpath("evil").write_text, ("done",))

    torch.save({"format": 1, "setup": Evil()}, state_path(model))
    refused(model, JobError, "damaged")
    assert not (tmp_path / "evil").exists()


def test_an_unfinished_run_of_that_name_is_renamed_with_its_model(half):
    data, model = half
    before = state_path(model).read_bytes()
    *_, done = train(job(data, model, epochs=1))
    assert state_path(done.kept).read_bytes() == before
    assert read_resumable(done.kept).epochs == 1
    *_, older = resume(ResumeJob(done.kept))
    assert older.epochs == 3

"""What goes wrong while training, injected: the run goes on, or says how it can."""

import errno
import math

import pytest
import torch
from safetensors.torch import load_file

from napari_unet.card import read_card
from napari_unet.errors import JobError
from napari_unet.events import EpochEnd, Note, TrainFinished
from napari_unet.jobs import ResumeJob
from napari_unet.resumable import read_resumable, state_path
from napari_unet.training.job import resume, train
from napari_unet.unet import checkpoints, trainer
from napari_unet.unet.learner import Learner
from trainings import OPTIM, discs, job

NO_MEMORY = {
    "cpu": RuntimeError(
        "DefaultCPUAllocator: can't allocate memory: you tried to allocate 9 bytes"
    ),
    "cuda": torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB"),
    "python": MemoryError(),
}


def warnings(events):
    return [e.text for e in events if isinstance(e, Note) and e.warning]


# --- memory -----------------------------------------------------------------------------------


def too_small(monkeypatch, error, most):
    """Let memory run out for more than ``most`` images at a time; return the sizes tried."""
    real, sizes = Learner._loss, []

    def loss(self, model, images, **rest):
        sizes.append(len(images))
        if len(images) > most:
            raise error
        return real(self, model, images, **rest)

    monkeypatch.setattr(Learner, "_loss", loss)
    return sizes


@pytest.mark.parametrize("error", NO_MEMORY.values(), ids=NO_MEMORY)
def test_too_little_memory_divides_the_batch(folder, model, monkeypatch, error):
    sizes = too_small(monkeypatch, error, most=1)
    *events, done = train(job(folder, model, epochs=1))
    assert isinstance(done, TrainFinished)
    assert sizes[:3] == [4, 2, 1]
    assert set(sizes[2:]) == {1}
    first, second = warnings(events)
    assert "computed in 2 parts" in first
    assert "computed in 4 parts" in second
    assert "batch norm sees each part" in second
    assert read_card(model).training["recipe"]["optim"]["accumulate"] == 4


def test_the_effective_batch_stays(tmp_path, monkeypatch):
    """Without batch norm and augmentation, parts of a batch give what the whole gives.

    That holds where every image holds foreground: what is claimed in one that has none is shared
    out among the images that are computed with it.
    """
    from dataclasses import replace

    from napari_unet.config import AugmentConfig, UNetConfig

    still = AugmentConfig(flip=False, rotation=0.0, scale=0.0, elastic=0.0, intensity=0.0)
    losses, folder = {}, discs(tmp_path / "discs")
    for name in ("whole", "divided"):
        if name == "divided":
            too_small(monkeypatch, MemoryError(), most=1)
        wish = job(folder, tmp_path / f"{name}.unet.safetensors", epochs=2)
        network = UNetConfig(depth=1, base_channels=4)
        recipe = replace(wish.recipe, network=network, augment=still)
        ends = [e for e in train(replace(wish, recipe=recipe)) if isinstance(e, EpochEnd)]
        losses[name] = [(e.loss, e.val_loss) for e in ends]
    for a, b in zip(losses["whole"], losses["divided"], strict=True):
        assert a == pytest.approx(b, rel=1e-4)


def test_the_step_that_failed_is_taken_again(folder, tmp_path, monkeypatch):
    """Running out of memory once, then dividing, is the same as dividing from the start."""
    divided, failed = (tmp_path / f"{n}.unet.safetensors" for n in ("divided", "failed"))
    list(train(job(folder, divided, epochs=1, accumulate=2)))
    too_small(monkeypatch, MemoryError(), most=2)
    list(train(job(folder, failed, epochs=1)))
    a, b = load_file(divided), load_file(failed)
    assert all(a[k].equal(b[k]) for k in a)


def test_when_not_one_image_fits_training_ends_with_the_reason(folder, model, monkeypatch):
    too_small(monkeypatch, MemoryError(), most=0)
    with pytest.raises(JobError, match=r"not even one image at 32×32.*smaller"):
        list(train(job(folder, model)))
    assert not model.exists()


def test_validation_too_makes_do_with_less(folder, model, monkeypatch):
    real, parts = trainer.validate, []

    def validate(*args):
        parts.append(args[-1])
        if args[-1] < 4:
            raise MemoryError
        return real(*args)

    monkeypatch.setattr(trainer, "validate", validate)
    *_, done = train(job(folder, model, epochs=2))
    assert done.epochs == 2
    assert parts == [1, 2, 4, 4]


# --- losses that are no numbers ---------------------------------------------------------------


def broken_losses(monkeypatch, when):
    """Make the losses of some training steps NaN; ``when`` is given the count of losses."""
    real, calls = Learner._loss, []

    def loss(self, *args, **kwargs):
        calls.append(1)
        return real(self, *args, **kwargs) * (math.nan if when(len(calls)) else 1.0)

    monkeypatch.setattr(Learner, "_loss", loss)


def test_a_single_bad_step_leaves_the_weights_alone(folder, model, monkeypatch):
    broken_losses(monkeypatch, lambda n: n == 2)
    *events, done = train(job(folder, model, epochs=2))
    assert done.epochs == 2
    assert not warnings(events)
    assert all(v.isfinite().all() for v in load_file(model).values())


def test_bad_steps_in_a_row_lead_back_to_the_last_good_state(folder, model, monkeypatch):
    broken_losses(monkeypatch, lambda n: 5 <= n <= 7)
    *events, done = train(job(folder, model, epochs=6, schedule="constant"))
    (text,) = warnings(events)
    assert "back to the last good state, at 0.5 times the learning rate" in text
    assert done.epochs == 6
    rates = [e.lr for e in events if isinstance(e, EpochEnd)]
    assert rates[-1] < 0.55 * OPTIM.lr


def test_the_plateau_s_rate_is_halved_too(folder, model, monkeypatch):
    broken_losses(monkeypatch, lambda n: n <= 3)
    *events, _ = train(job(folder, model, epochs=2, schedule="plateau"))
    rates = [e.lr for e in events if isinstance(e, EpochEnd)]
    assert rates == [OPTIM.lr / 2] * 2


def test_after_three_returns_training_ends_with_the_reason(folder, model, monkeypatch):
    list(train(job(folder, model, epochs=1)))
    before = read_card(model).scores
    broken_losses(monkeypatch, lambda n: True)
    events, seen = resume(ResumeJob(str(model), epochs=9)), []
    with pytest.raises(JobError, match=r"no longer a finite number.*did not help 3 times.*Lower"):
        seen.extend(iter(lambda: next(events), None))
    assert read_card(model).scores == before
    assert read_resumable(model).epochs == 1


def test_an_epoch_without_one_good_step_has_no_loss(folder, model, monkeypatch):
    broken_losses(monkeypatch, lambda n: n == 1)
    first = next(
        e for e in train(job(folder, model, epochs=2, batch=64)) if isinstance(e, EpochEnd)
    )
    assert math.isnan(first.loss)
    assert math.isnan(read_card(model).training["history"][0]["loss"])


def test_a_gradient_that_is_not_finite_changes_nothing(folder, model, monkeypatch):
    real, norms = torch.nn.utils.clip_grad_norm_, []

    def norm(*args):
        norms.append(1)
        return real(*args) * (math.inf if len(norms) == 2 else 1.0)

    monkeypatch.setattr(torch.nn.utils, "clip_grad_norm_", norm)
    *_, done = train(job(folder, model, epochs=1))
    assert done.epochs == 1
    assert all(v.isfinite().all() for v in load_file(model).values())


# --- full disks -------------------------------------------------------------------------------


def full_disk(monkeypatch, where, name, when):
    real, calls = getattr(where, name), []

    def write(*args, **kwargs):
        calls.append(1)
        if when(len(calls)):
            raise OSError(errno.ENOSPC, "No space left on device")
        return real(*args, **kwargs)

    monkeypatch.setattr(where, name, write)


def test_a_disk_that_is_full_for_a_while_loses_nothing(folder, model, monkeypatch):
    """The first epoch's weights are the best, and cannot be written until after the second."""
    from napari_unet.unet.validation import Validation

    dices = iter([0.9, 0.1, 0.1])
    monkeypatch.setattr(trainer, "validate", lambda *a: Validation(1.0, next(dices)))
    full_disk(monkeypatch, checkpoints, "save_model", lambda n: n == 1)
    *events, done = train(job(folder, model))
    (text,) = warnings(events)
    assert "disk is full" in text
    assert "tries again after the next epoch" in text
    assert [e.best for e in events if isinstance(e, EpochEnd)] == [False, False, False]
    assert done.best_epoch == 1
    assert read_card(model).scores["epoch"] == 1
    assert not load_file(model)["head.weight"].equal(load_file(done.last)["head.weight"])


def test_a_stop_writes_the_best_that_had_to_wait_for_room(folder, model, monkeypatch):
    full_disk(monkeypatch, checkpoints, "save_model", lambda n: n == 1)
    events = train(job(folder, model, epochs=9))
    next(e for e in events if isinstance(e, EpochEnd))
    events.close()
    assert read_card(model).scores["epoch"] == 1
    assert read_resumable(model).epochs == 1


def test_a_state_speaks_of_no_weights_that_were_not_written(folder, model, monkeypatch):
    """The second epoch's are the best; killed before there is room, it goes on after the first."""
    from napari_unet.unet.validation import Validation

    dices = iter([0.1, 0.9])
    monkeypatch.setattr(trainer, "validate", lambda *a: Validation(1.0, next(dices)))
    full_disk(monkeypatch, checkpoints, "save_model", lambda n: n > 2)
    events = train(job(folder, model, epochs=9))
    ends = (e for e in events if isinstance(e, EpochEnd))
    assert [next(ends).best, next(ends).best] == [True, False]
    assert (read_card(model).scores["epoch"], read_resumable(model).epochs) == (1, 1)
    with pytest.raises(JobError, match=r"disk is full.*go on with: napari-unet resume"):
        events.close()
    assert read_resumable(model).epochs == 1


def test_without_room_for_the_state_training_goes_on(folder, model, monkeypatch):
    full_disk(monkeypatch, torch, "save", lambda n: n <= 2)
    *events, done = train(job(folder, model))
    assert len(warnings(events)) == 2
    assert all("state of the training" in text for text in warnings(events))
    assert next(e for e in events if isinstance(e, EpochEnd)).best
    assert done.epochs == 3
    assert state_path(model).exists()


def test_a_disk_full_at_the_end_says_how_to_go_on(folder, model, monkeypatch):
    from napari_unet.unet.checkpoints import Checkpoints

    with monkeypatch.context() as patched:
        full_disk(patched, Checkpoints, "finish", lambda n: True)
        with pytest.raises(JobError, match=r"disk is full.*go on with: napari-unet resume"):
            list(train(job(folder, model)))
    *events, done = resume(ResumeJob(str(model)))
    assert not any(isinstance(e, EpochEnd) for e in events)  # only the end was missing
    assert done.epochs == 3
    assert read_resumable(model).finished

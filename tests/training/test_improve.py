"""Going on with a model on corrected cases."""

from dataclasses import replace

import numpy as np
import pytest

from napari_unet.card import read_card
from napari_unet.data import corrections
from napari_unet.data.dataset import open_dataset
from napari_unet.data.splits.split import load, split_path
from napari_unet.errors import DataError, JobError
from napari_unet.events import EpochEnd, Note, Planned, TrainFinished
from napari_unet.jobs import ImproveJob, PlanJob, ResumeJob
from napari_unet.presets import improving_minutes
from napari_unet.resumable import read_resumable
from napari_unet.training.improve import as_training, recipe_for
from napari_unet.training.job import resume, train
from napari_unet.training.planning import plan
from napari_unet.training.start import Start
from napari_unet.unet import trainer
from napari_unet.unet.validation import Validation
from trainings import OPTIM, job


@pytest.fixture(scope="module")
def old(folder, tmp_path_factory):
    model = tmp_path_factory.mktemp("old") / "old.unet.safetensors"
    list(train(job(folder, model, epochs=4, lr=1e-2)))
    return model


def of(old, subset):
    return [n for n, s in load(split_path(old)).subsets.items() if s == subset]


def wish(old, folder, out, *cases, **changes):
    return as_training(ImproveJob(str(old), str(folder), str(out), cases, **changes))


def notes(events):
    return " ".join(e.text for e in events if isinstance(e, Note))


def test_the_old_model_and_its_split_stay(folder, old, model):
    before, chosen = old.read_bytes(), of(old, "train")[:2]
    events = list(train(wish(old, folder, model, *chosen, epochs=1)))
    assert isinstance(events[-1], TrainFinished)
    assert old.read_bytes() == before
    assert load(split_path(model)).subsets == load(split_path(old)).subsets
    start = read_card(model).training["start"]
    assert (start["name"], start["file"]) == ("old", old.name)
    assert start["corrected"] == dict.fromkeys(chosen, 0)
    assert "2 corrected cases make up 25% of every batch" in notes(events)


def test_the_recipe_is_that_of_the_model_at_a_tenth_of_its_rate(folder, old, tmp_path):
    first, second = (tmp_path / f"{n}.unet.safetensors" for n in ("first", "second"))
    chosen = of(old, "train")[0]
    events = list(train(wish(old, folder, first, chosen, epochs=1)))
    recipe = next(e.plan.recipe for e in events if isinstance(e, Planned))
    assert recipe.optim.lr == pytest.approx(1e-3)
    assert recipe.optim.batch == OPTIM.batch
    assert recipe.network == read_card(old).network
    again = recipe_for(wish(first, folder, second, chosen, epochs=1), Start.load(str(first)), 1)
    assert again.optim.lr == pytest.approx(1e-3)  # not lowered a second time


def test_the_last_epoch_is_kept_whatever_validation_says(folder, old, model, monkeypatch):
    """Validation has no cases like those that are learned from."""
    falling = iter(Validation(1.0, 0.9 - i / 10) for i in range(9))
    monkeypatch.setattr(trainer, "validate", lambda *a: next(falling))
    *_, done = train(wish(old, folder, model, of(old, "train")[0], epochs=3))
    assert (done.epochs, done.best_epoch) == (3, 3)


def test_minutes_follow_from_the_number_of_cases(folder, old, model):
    asked = wish(old, folder, model, *of(old, "train")[:3])
    *_, planned = plan(PlanJob(asked))
    assert planned.plan.recipe.optim.minutes == improving_minutes(3)
    assert improving_minutes(1) < improving_minutes(20) < improving_minutes(1000) == 10
    assert not model.exists()


def test_what_judges_the_model_is_never_trained_on(folder, old, model):
    chosen, judge = of(old, "train")[0], of(old, "test")[0]
    events = list(train(wish(old, folder, model, chosen, judge, epochs=1)))
    assert "not trained on, since images of the same patient judge this model" in notes(events)
    assert judge in notes(events)
    assert list(read_card(model).training["start"]["corrected"]) == [chosen]
    assert load(split_path(model)).subsets[judge] == "test"


@pytest.mark.parametrize("subset", ["val", "test"])
def test_nothing_is_left_if_all_of_it_judges(folder, old, model, subset):
    with pytest.raises(DataError, match="None of the 3 corrected cases can be trained on"):
        list(train(wish(old, folder, model, *of(old, subset), epochs=1)))
    assert not model.exists()


def test_a_case_that_the_split_does_not_know_joins_unless_its_patient_judges(
    folder, old, model, tmp_path
):
    copy = tmp_path / "copy.unet.safetensors"
    copy.write_bytes(old.read_bytes())
    split = load(split_path(old))
    new, kin = of(old, "train")[0], of(old, "test")[0]
    known = {n: s for n, s in split.subsets.items() if n not in (new, kin)}
    replace(split, subsets=known).save(split_path(copy))
    list(train(wish(copy, folder, model, new, kin, epochs=1)))
    subsets = load(split_path(model)).subsets
    assert subsets[new] == "train"
    assert kin not in subsets


def test_without_a_split_the_folder_is_divided_anew_and_that_is_told(folder, old, model, tmp_path):
    copy = tmp_path / "lone.unet.safetensors"
    copy.write_bytes(old.read_bytes())
    chosen = of(old, "test")[0]
    events = list(train(wish(copy, folder, model, chosen, epochs=1)))
    assert "There is no lone.split.json beside the model: its cases are divided anew" in notes(
        events
    )
    subsets = load(split_path(model)).subsets
    assert subsets[chosen] == "train"
    assert {"train", "test"} <= set(subsets.values())


def test_corrections_are_found_and_their_versions_told(folder, old, model):
    dataset = open_dataset(folder)
    case = next(c for c in dataset.cases if c.name == of(old, "train")[1])
    labels = np.zeros((64, 64), np.uint8)
    labels[10:20, 10:20] = 1
    for _ in range(2):
        version = corrections.save(folder, case.name, labels, "reference")
    try:
        list(train(wish(old, folder, model, epochs=1)))
        assert read_card(model).training["start"]["corrected"] == {case.name: 2}
    finally:
        corrections.choose(folder, case.name, "reference", None)
    assert version.number == 2


def test_nothing_corrected_is_said(folder, old, model):
    with pytest.raises(DataError, match=r"No reference in .* was corrected yet"):
        list(train(wish(old, folder, model, epochs=1)))
    with pytest.raises(DataError, match="has no case nobody"):
        list(train(wish(old, folder, model, "nobody", epochs=1)))


def test_a_stopped_one_goes_on_with_the_same_mixture(folder, old, tmp_path):
    whole, parted = (tmp_path / f"{n}.unet.safetensors" for n in ("whole", "parted"))
    chosen = of(old, "train")[:1]
    list(train(wish(old, folder, whole, *chosen, epochs=3)))
    events = train(wish(old, folder, parted, *chosen, epochs=3))
    next(e for e in events if isinstance(e, EpochEnd))
    events.close()
    saved = read_resumable(parted)
    assert (saved.job.corrected, saved.job.share) == (tuple(chosen), 0.25)
    list(resume(ResumeJob(str(parted))))
    curves = [
        [(e["loss"], e["val_dice"]) for e in read_card(m).training["history"]]
        for m in (whole, parted)
    ]
    assert curves[0] == curves[1]
    assert read_card(parted).training["start"] == read_card(whole).training["start"]


@pytest.mark.parametrize("share", [0.0, -0.1, 1.1])
def test_a_share_that_is_none_is_refused(old, folder, model, share):
    with pytest.raises(JobError, match="must lie above 0"):
        wish(old, folder, model, share=share)


def test_the_old_model_is_never_replaced(old, folder):
    with pytest.raises(JobError, match=r"would replace old\.unet\.safetensors"):
        wish(old, folder, old)

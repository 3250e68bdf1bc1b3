"""Training goes on, then old and new are compared."""

from dataclasses import replace

import pytest

from napari_unet.data.sample import write_sample
from napari_unet.data.splits.split import load, split_path
from napari_unet.engine.dispatch import start
from napari_unet.events import CaseDone, EpochEnd, Improved, Note, Progress, TrainFinished
from napari_unet.improvement import improve
from napari_unet.jobs import ImproveJob, ResumeJob
from napari_unet.runs import read_run
from napari_unet.training.job import train
from trainings import job


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return write_sample(tmp_path_factory.mktemp("data") / "d", patients=6, slices=3, size=64)


@pytest.fixture(scope="module")
def old(folder, tmp_path_factory):
    model = tmp_path_factory.mktemp("old") / "old.unet.safetensors"
    list(train(job(folder, model, epochs=4, lr=1e-2)))
    return model


def wish(old, folder, tmp_path, **changes):
    known = [n for n, s in load(split_path(old)).subsets.items() if s == "train"]
    return ImproveJob(
        str(old),
        str(folder),
        str(tmp_path / "new.unet.safetensors"),
        (known[0],),
        epochs=1,
        **changes,
    )


def test_both_are_scored_on_the_same_untouched_cases(folder, old, tmp_path):
    asked = wish(old, folder, tmp_path)
    *events, done = improve(asked)
    assert isinstance(done, Improved)
    assert (done.old, done.new, done.subset) == (asked.model, asked.out, "test")
    tested = {n for n, s in load(split_path(old)).subsets.items() if s == "test"}
    assert {s.name for s in done.before} == {s.name for s in done.after} == tested
    assert [s.name for s in done.before] == [s.name for s in done.after]
    assert done.paired.n == len(tested)
    mean = sum(b.dice - a.dice for a, b in zip(done.before, done.after, strict=True)) / len(tested)
    assert done.paired.mean == pytest.approx(mean)
    assert done.corrected == asked.cases
    kinds = [type(e) for e in events]
    assert kinds.count(TrainFinished) == 1
    assert CaseDone not in kinds  # they belong to no sheet of scores
    told = {e.what for e in events if isinstance(e, Progress)}
    assert {w for w in told if w.endswith("old model")}
    assert {w for w in told if w.endswith("new model")}


def test_the_new_model_s_scores_are_kept_for_the_table_of_runs(folder, old, tmp_path):
    asked = wish(old, folder, tmp_path)
    *_, done = improve(asked)
    mean = sum(s.dice for s in done.after) / len(done.after)
    assert read_run(asked.out).test_dice == pytest.approx(mean)


@pytest.mark.parametrize(("judges", "subset"), [(("val",), "val"), ((), "")])
def test_without_test_cases(folder, old, tmp_path, judges, subset):
    copy = tmp_path / "copy.unet.safetensors"
    copy.write_bytes(old.read_bytes())
    split = load(split_path(old))
    kept = {n: s for n, s in split.subsets.items() if s in ("train", *judges)}
    replace(split, subsets=kept).save(split_path(copy))
    *events, done = improve(replace(wish(old, folder, tmp_path), model=str(copy)))
    assert done.subset == subset
    assert len(done.after) == len(done.before) == sum(s == "val" for s in kept.values())
    text = " ".join(e.text for e in events if isinstance(e, Note) and e.warning)
    assert ("compared on validation cases" if judges else "cannot be compared") in text


def test_one_that_was_stopped_is_compared_when_it_has_gone_on(folder, old, tmp_path):
    asked = replace(wish(old, folder, tmp_path), epochs=2)
    events = start(asked)
    next(e for e in events if isinstance(e, EpochEnd))
    events.close()
    *_, done = start(ResumeJob(asked.out))
    assert isinstance(done, Improved)
    assert done.old == asked.model


def test_the_old_model_may_be_gone_by_then(folder, old, tmp_path):
    copy = tmp_path / "copy.unet.safetensors"
    copy.write_bytes(old.read_bytes())
    split_path(copy).write_bytes(split_path(old).read_bytes())
    asked = replace(wish(old, folder, tmp_path), model=str(copy), epochs=2)
    events = start(asked)
    next(e for e in events if isinstance(e, EpochEnd))
    events.close()
    copy.unlink()
    *events, last = start(ResumeJob(asked.out))
    assert "copy.unet.safetensors is not there any more" in last.text
    assert isinstance(events[-1], TrainFinished)


def test_other_trainings_are_gone_on_with_as_ever(folder, tmp_path):
    model = tmp_path / "m.unet.safetensors"
    list(train(job(folder, model, epochs=1)))
    *_, done = start(ResumeJob(str(model), epochs=2))
    assert isinstance(done, TrainFinished)

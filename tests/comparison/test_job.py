import shutil

import numpy as np
import pytest
from skimage.io import imread, imsave

from models import bright_model, bright_squares, random_model
from napari_unet.comparison import compare
from napari_unet.config import SplitConfig
from napari_unet.data.dataset import open_dataset
from napari_unet.data.splits.split import make_split, split_path
from napari_unet.errors import DataError
from napari_unet.evaluation import evaluate
from napari_unet.events import Compared, Note
from napari_unet.jobs import CompareJob, EvaluateJob
from napari_unet.metrics import agreement, paired


@pytest.fixture
def folder(tmp_path):
    """Six images of a bright square; every reference is a little too wide."""
    return bright_squares(tmp_path / "data", 6)


@pytest.fixture
def model(tmp_path):
    return bright_model(tmp_path / "bright.unet.safetensors", size=64)


@pytest.fixture
def other(tmp_path):
    return random_model(tmp_path / "random.unet.safetensors")


@pytest.fixture
def reader(folder, tmp_path):
    """A person who drew what the references say, but for one row; as 0 and 1."""
    made = tmp_path / "anna" / "drawn"
    made.mkdir(parents=True)
    for path in (folder / "masks").iterdir():
        mask = (imread(path) > 0).astype(np.uint8)
        mask[5] = 0
        imsave(made / f"{path.stem}_mask.tif", mask, check_contrast=False)
    return tmp_path / "anna"


def run(folder, models=(), readers=(), **more):
    job = CompareJob(
        str(folder), tuple(map(str, models)), tuple(map(str, readers)), **{"subset": "all", **more}
    )
    *events, done = compare(job)
    assert isinstance(done, Compared)
    return [e.text for e in events if isinstance(e, Note) and e.warning], done


def dices(scores):
    return [s.dice for s in scores]


def test_every_column_has_the_scores_it_has_alone(folder, model, other, reader):
    warned, done = run(folder, [model, other], [reader])
    assert warned == []
    assert done.columns == ("bright", "random", "anna")
    assert done.kinds == ("model", "model", "reader")
    for column, path in zip(done.scores, (model, other), strict=False):
        alone = list(evaluate(EvaluateJob(str(folder), str(path), "all")))[-1]
        assert [vars(s) for s in column] == [vars(s) for s in alone.scores]
    assert min(dices(done.scores[2])) > 0.95
    assert len({tuple(s.name for s in column) for column in done.scores}) == 1
    assert [s["images"] for s in done.summaries] == [6, 6, 6]


def test_later_columns_are_compared_with_the_first(folder, model, other, reader):
    done = run(folder, [model, other], [reader])[1]
    first, *later = done.scores
    assert [(p.name, p.against) for p in done.paired] == [("random", "bright"), ("anna", "bright")]
    for found, column in zip(done.paired, later, strict=True):
        assert found == paired(first, column, name=found.name, against="bright")
    assert done.paired[1].better > 0


def test_agreement_is_that_of_the_masks(folder, reader, tmp_path):
    second = tmp_path / "ben"
    shutil.copytree(folder / "masks", second)
    done = run(folder, readers=[reader, second])[1]
    assert done.kinds == ("reader", "reader")
    masks = [[imread(p) > 0 for p in sorted(source.rglob("*.*"))] for source in (reader, second)]
    assert done.agreement == tuple(tuple(row) for row in agreement(masks))
    assert dices(done.scores[1]) == [1.0] * 6


def test_a_missing_mask_is_named_and_left_out_of_what_is_paired(folder, model, reader):
    (reader / "drawn" / "3_mask.tif").unlink()
    warned, done = run(folder, [model], [reader])
    assert len(warned) == 1
    assert "anna has no mask of 1 of 6 cases" in warned[0]
    assert "images/3" in warned[0] or "3" in warned[0].rpartition(":")[2]
    (lost,) = [s for s in done.scores[1] if s.error]
    assert "anna has no mask" in lost.error
    assert (done.paired[0].n, done.summaries[1]["images"]) == (5, 5)
    assert not any(s.error for s in done.scores[0])


def test_a_mask_of_another_size_is_named_and_agrees_with_nobody(folder, model, reader):
    imsave(reader / "drawn" / "3_mask.tif", np.ones((7, 9), np.uint8), check_contrast=False)
    done = run(folder, [model], [reader])[1]
    (lost,) = [s for s in done.scores[1] if s.error]
    assert "7×9" in lost.error
    assert done.paired[0].n == 5


def test_what_does_not_fit_is_left_out_and_told(folder, model, other, reader, tmp_path):
    volumes = bright_model(tmp_path / "volumes.unet.safetensors", size=16, dims=3)
    (tmp_path / "nobody").mkdir()
    missing = [tmp_path / "nobody", tmp_path / "none"]
    warned, done = run(
        folder, [volumes, model, tmp_path / "no.unet.safetensors"], [*missing, reader]
    )
    assert done.columns == ("bright", "anna")
    assert len(done.left_out) == len(warned) == 4
    assert "single picture" in done.left_out[str(volumes)]
    assert "has the name" in done.left_out[str(missing[0])]
    assert "no folder" in done.left_out[str(missing[1])]


def test_columns_of_one_name_are_told_apart(folder, model, tmp_path):
    (tmp_path / "again").mkdir()
    shutil.copy(model, tmp_path / "again")
    done = run(folder, [model, tmp_path / "again" / model.name])[1]
    assert done.columns == ("bright", "bright (2)")
    assert (done.paired[0].equal, done.paired[0].p) == (6, 1.0)
    assert done.agreement[0][1] == 1.0


def test_the_subset_is_that_of_the_first_model(folder, model, other):
    split = make_split(open_dataset(folder).cases, SplitConfig(50.0, 0.0, 50.0))
    split.save(split_path(model))
    done = run(folder, [model, other], subset="test")[1]
    names = {s.name for s in done.scores[1]}
    assert names == {n for n, subset in split.subsets.items() if subset == "test"}


def test_an_unreadable_case_fails_in_every_column(folder, model, reader):
    (folder / "images" / "2.png").write_bytes(b"nothing")
    done = run(folder, [model], [reader])[1]
    assert [sum(bool(s.error) for s in column) for column in done.scores] == [1, 1]


def test_what_cannot_be_compared_is_said(folder, model, reader, tmp_path):
    with pytest.raises(DataError, match="at least two"):
        run(folder, [model])
    with pytest.raises(DataError, match="--subset all"):
        run(folder, readers=[reader, reader], subset="test")
    with pytest.raises(DataError, match="nothing to compare"):
        run(folder, readers=[tmp_path / "a", tmp_path / "b"])


def test_it_can_be_stopped(folder, model, reader):
    job = CompareJob(str(folder), (str(model),), (str(reader),), "all")
    events = compare(job)
    for _ in range(4):
        next(events)
    events.close()

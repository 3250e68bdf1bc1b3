import csv
import shutil
from dataclasses import replace

import nibabel
import numpy as np
import pytest
from skimage.io import imread, imsave
from tifffile import imwrite

from models import bright_model, bright_squares
from napari_unet.config import SplitConfig
from napari_unet.data.dataset import open_dataset
from napari_unet.data.splits.split import make_split, split_path
from napari_unet.errors import DataError, ModelError
from napari_unet.evaluation import evaluate
from napari_unet.events import CaseDone, EvaluateFinished
from napari_unet.jobs import EvaluateJob
from napari_unet.pictures import telling, write_picture


@pytest.fixture
def folder(tmp_path):
    """Eight images of a bright square; every reference is a little too wide."""
    return bright_squares(tmp_path / "data", 8)


@pytest.fixture
def model(tmp_path):
    return bright_model(tmp_path / "m.unet.safetensors", size=64)


def run(folder, model, **more):
    *events, done = evaluate(EvaluateJob(str(folder), str(model), **{"subset": "all", **more}))
    assert isinstance(done, EvaluateFinished)
    return events, done


def test_every_image_has_its_score_as_it_comes_and_in_the_file(folder, model, tmp_path):
    events, done = run(folder, model, csv=str(tmp_path / "s.csv"))
    came = [e.score for e in events if isinstance(e, CaseDone)]
    assert tuple(came) == done.scores
    dices = [s.dice for s in done.scores]
    assert dices[0] > 0.95
    assert dices == sorted(dices, reverse=True)
    assert done.summary["images"] == 8
    assert done.summary["mean"]["dice"] == pytest.approx(np.mean(dices))
    with (tmp_path / "s.csv").open() as f:
        rows = list(csv.DictReader(f))
    assert [float(r["dice"]) for r in rows] == dices


def test_scores_are_those_of_the_labels_that_segment_writes(folder, model, tmp_path):
    from napari_unet.api import segment
    from napari_unet.scoring import score_files

    segment(folder, model, tmp_path / "out")
    scores = score_files(tmp_path / "out", folder / "masks")
    assert [s.dice for s in scores] == [s.dice for s in run(folder, model)[1].scores]


def test_the_subset_is_that_of_the_saved_split(folder, model):
    split = make_split(open_dataset(folder).cases, SplitConfig(50.0, 25.0, 25.0))
    split.save(split_path(model))
    for subset, number in [("train", 4), ("val", 2), ("test", 2)]:
        names = {s.name for s in run(folder, model, subset=subset)[1].scores}
        assert names == {n for n, s in split.subsets.items() if s == subset}
        assert len(names) == number


def test_without_a_split_the_way_out_is_named(folder, model):
    with pytest.raises(DataError, match="--subset all"):
        run(folder, model, subset="test")


def test_a_subset_without_cases_is_said(folder, model):
    make_split(open_dataset(folder).cases, SplitConfig(80.0, 0.0, 20.0)).save(split_path(model))
    with pytest.raises(DataError, match="leaves no val cases"):
        run(folder, model, subset="val")


def test_a_folder_the_model_never_saw(folder, model, tmp_path):
    make_split(open_dataset(folder).cases, SplitConfig()).save(split_path(model))
    other = tmp_path / "other"
    shutil.copytree(folder, other)
    for part in ("images", "masks"):
        for file in (other / part).iterdir():
            file.rename(file.with_name(f"x{file.name}"))
            new = file.with_name(f"x{file.name}")
            if part == "masks":  # stored as 0 and 1, not as 0 and 255
                imsave(new, imread(new) // 255, check_contrast=False)
    with pytest.raises(DataError, match="--subset all"):
        run(other, model, subset="test")
    a, b = run(folder, model)[1], run(other, model)[1]
    assert [s.dice for s in a.scores] == [s.dice for s in b.scores]


def test_one_unreadable_case_is_named_and_the_rest_counted(folder, model):
    file = folder / "images" / "3.png"
    file.write_bytes(file.read_bytes()[:60])
    events, done = run(folder, model)
    bad = [s for s in done.scores if s.error]
    assert len(bad) == 1
    assert "3.png" in bad[0].error
    assert done.summary["images"] == 7
    assert done.summary["failed"] == 1
    assert sum(bool(e.error) for e in events if isinstance(e, CaseDone)) == 1


def test_a_mask_of_another_shape_is_named(folder, model):
    imsave(folder / "masks" / "2.png", np.full((10, 10), 255, np.uint8), check_contrast=False)
    bad = [s for s in run(folder, model)[1].scores if s.error]
    assert len(bad) == 1
    assert "10" in bad[0].error
    assert "40" in bad[0].error


def test_no_readable_case_is_an_error(folder, model):
    for file in (folder / "images").iterdir():
        file.write_bytes(b"nothing")
    with pytest.raises(DataError):
        run(folder, model)


def test_a_file_that_is_no_model(folder, tmp_path):
    (tmp_path / "x").write_text("hello")
    with pytest.raises(ModelError, match="no model file"):
        run(folder, tmp_path / "x")


def test_the_picture_shows_best_median_and_worst(folder, model, tmp_path):
    done = run(folder, model)[1]
    assert [w for w, _ in telling(done.scores)] == ["best", "median", "worst"]
    assert [s.name[-1] for _, s in telling(done.scores)] == ["0", "4", "7"]
    assert [w for w, _ in telling(done.scores[:1])] == ["worst"]
    write_picture(tmp_path / "p.png", folder, done)
    assert imread(tmp_path / "p.png").std() > 10


def test_volumes_are_cases_too(tmp_path, model):
    for name in ("images", "masks"):
        (tmp_path / "v" / name).mkdir(parents=True)
        for i in range(3):
            volume = np.full((6, 48, 40), 10, np.uint8)
            volume[:, 10 : 30 + i, 10:30] = 200
            stored = volume if name == "images" else volume // 200
            np.save(tmp_path / "v" / name / f"{i}.npy", stored)
    _, done = run(tmp_path / "v", model, subset="all")
    assert [s.error for s in done.scores] == [""] * 3
    assert min(s.dice for s in done.scores) > 0.7
    write_picture(tmp_path / "a.png", tmp_path / "v", done)
    assert (tmp_path / "a.png").stat().st_size > 1000


@pytest.mark.parametrize(("dims", "neighbours"), [(2, 0), (2, 1), (3, 0)])
def test_volumes_are_scored_and_drawn_in_two_and_three_dimensions(tmp_path, dims, neighbours):
    for part in ("images", "masks"):
        (tmp_path / "d" / part).mkdir(parents=True)
    for name in "ab":
        mask = np.zeros((4, 16, 16), np.uint8)
        mask[1:3, 4:12, 6:12] = 1
        for part, array in (("images", mask * 200 + 10), ("masks", mask)):
            imwrite(
                tmp_path / "d" / part / f"{name}.tif",
                array,
                photometric="minisblack",
                metadata={"axes": "ZYX"},
            )
    model = bright_model(tmp_path / "v.unet.safetensors", size=16, dims=dims, neighbours=neighbours)
    _, done = run(tmp_path / "d", model)
    assert [s.error for s in done.scores] == ["", ""]
    exact = dims == 3 or neighbours  # alone, a slice without foreground has no scale to go by
    assert done.summary["mean"]["dice"] == pytest.approx(1.0) or not exact
    write_picture(tmp_path / "p.png", tmp_path / "d", done)
    assert imread(tmp_path / "p.png").ndim == 3


def test_a_model_of_volumes_fails_on_pictures_case_by_case(folder, tmp_path):
    model = bright_model(tmp_path / "v.unet.safetensors", size=16, dims=3)
    with pytest.raises(DataError, match="single picture"):
        run(folder, model)


# --- distances, volumes, calibration ------------------------------------------------------------


def test_distances_and_areas_of_pictures_are_in_pixels(folder, model):
    _, done = run(folder, model)
    assert {(s.unit, s.dims) for s in done.scores} == {("px", 2)}
    assert [s.reference_volume for s in done.scores] == [20 * (20 + i) for i in range(8)]
    far = [s.hd95 for s in done.scores]
    assert far == sorted(far)
    assert far[-1] == pytest.approx(far[0] + 7, abs=1)
    assert done.summary["unit"] == "px"
    assert done.summary["mean"]["hd95"] == pytest.approx(np.mean(far))


def test_distances_can_be_left_out(folder, model):
    _, done = run(folder, model, surfaces=False)
    assert all(np.isnan(s.hd95) for s in done.scores)
    assert "hd95" not in done.summary["mean"]
    assert done.summary["undefined"] == 0


def test_distances_and_volumes_are_in_the_scans_unit(tmp_path):
    for part in ("images", "masks"):
        (tmp_path / "d" / part).mkdir(parents=True)
    mask = np.zeros((6, 16, 16), np.uint8)
    mask[1:4, 4:12, 6:12] = 1
    affine = np.diag([0.5, 0.5, 2.0, 1.0])
    for part, array in (("images", mask * 200 + 10), ("masks", np.roll(mask, 1, axis=0))):
        stored = nibabel.Nifti1Image(array.transpose(2, 1, 0), affine)
        stored.header.set_xyzt_units("mm")
        nibabel.save(stored, tmp_path / "d" / part / "a.nii.gz")
    model = bright_model(tmp_path / "v.unet.safetensors", size=16, dims=3)
    (score,) = run(tmp_path / "d", model)[1].scores
    assert (score.unit, score.dims) == ("mm", 3)
    assert score.hd95 == pytest.approx(2.0)
    assert score.volume == score.reference_volume == pytest.approx(3 * 8 * 6 * 0.5)


def test_calibration_counts_every_pixel_of_all_cases(folder, model):
    _, done = run(folder, model)
    found = done.calibration
    assert sum(found.counts) == 8 * 40 * 40
    assert sum(found.positives) == sum(s.reference_volume for s in done.scores)
    assert found.positives[0] == sum(20 * i for i in range(8))  # the network sees the square only
    assert found.confidences[-1] > 0.9


def test_scores_tell_that_the_reference_was_corrected(folder, model, monkeypatch):
    dataset = open_dataset(folder)
    first, *others = dataset.cases
    correction = folder / "corrected.npy"
    changed = dataset.cases[0].name

    def opened(*_args, **_kwargs):
        return replace(dataset, cases=(replace(first, correction=correction), *others))

    monkeypatch.setattr("napari_unet.evaluation.open_dataset", opened)
    monkeypatch.setattr(
        "napari_unet.data.formats.cases.read_correction", lambda _: np.ones((40, 40), np.uint8)
    )
    scores = run(folder, model)[1].scores
    assert {s.name for s in scores if s.corrected} == {changed}
    assert scores[0].reference_volume == 40 * 40

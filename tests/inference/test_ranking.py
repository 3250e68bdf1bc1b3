"""Which cases are worth correcting next."""

from pathlib import Path

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter
from skimage.io import imsave

from models import bright_model
from napari_unet.data import corrections
from napari_unet.data.candidates import Candidate
from napari_unet.data.cases import Case
from napari_unet.data.splits.split import Split, split_path
from napari_unet.errors import DataError
from napari_unet.events import Note, Progress, Ranked, RankedCase
from napari_unet.inference.estimates import Calibration, Estimate
from napari_unet.inference.ranking import Judged, _told, order, rank
from napari_unet.jobs import RankJob


def image(blur):
    """A bright square: the more it is blurred, the less sure is the model that looks for it."""
    found = np.full((32, 32), 50.0)
    found[8:20, 8:20] = 150
    return gaussian_filter(found, blur).astype(np.uint8)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    root = tmp_path_factory.mktemp("data") / "squares"
    for part in ("images", "masks"):
        (root / part).mkdir(parents=True)
    mask = np.zeros((32, 32), np.uint8)
    mask[8:20, 8:20] = 255
    for i in range(6):
        imsave(root / "images" / f"p{i}.png", image(i), check_contrast=False)
        imsave(root / "masks" / f"p{i}.png", mask, check_contrast=False)
    imsave(root / "images" / "lone.png", image(3.5), check_contrast=False)
    return root


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    path = bright_model(tmp_path_factory.mktemp("m") / "m.unet.safetensors")
    subsets = {
        f"images/p{i}": ("train", "train", "train", "train", "val", "test")[i] for i in range(6)
    }
    Split(subsets, (80.0, 10.0, 10.0), 0).save(split_path(path))
    return path


def ranked(folder, model, **changes):
    *events, done = rank(RankJob(str(folder), str(model), **changes))
    assert isinstance(done, Ranked)
    return events, done


def test_the_least_sure_come_first_and_judges_last(folder, model):
    _, done = ranked(folder, model)
    names = [c.name for c in done.cases]
    assert len(names) == 7
    assert set(names[-2:]) == {"images/p4", "images/p5"}
    gains = {c.name: c.gain for c in done.cases}
    assert names[:-2] == sorted(names[:-2], key=lambda n: -gains[n])
    assert gains["images/p3"] > gains["images/p0"]
    assert "test case, never trained on" in {c.name: c for c in done.cases}["images/p5"].why


def test_an_image_without_a_reference_is_ranked_among_them(folder, model):
    _, done = ranked(folder, model)
    lone = next(c for c in done.cases if c.name == "images/lone")
    assert not lone.reference
    assert lone.gain > 0
    assert lone.why
    assert done.cases[0].name == "images/lone"


def test_they_come_one_by_one_with_progress(folder, model):
    events, done = ranked(folder, model)
    assert sum(isinstance(e, RankedCase) for e in events) == len(done.cases)
    last = [e for e in events if isinstance(e, Progress)][-1]
    assert (last.done, last.total) == (7, 7)
    assert any("1 without a reference" in e.text for e in events if isinstance(e, Note))


@pytest.mark.parametrize(("subset", "count"), [("train", 5), ("val", 1), ("test", 1)])
def test_a_subset(folder, model, subset, count):
    _, done = ranked(folder, model, subset=subset)
    assert len(done.cases) == count


def test_it_can_be_stopped_between_images(folder, model):
    events = rank(RankJob(str(folder), str(model)))
    next(e for e in events if isinstance(e, RankedCase))
    events.close()


def test_corrected_cases_come_last(folder, model):
    corrections.save(folder, "images/p3", np.ones((32, 32), np.uint8), "reference")
    try:
        _, done = ranked(folder, model)
        assert done.cases[-1].name == "images/p3"
        assert done.cases[-1].corrected
    finally:
        corrections.choose(folder, "images/p3", "reference", None)


def test_a_damaged_image_is_told_and_the_others_ranked(folder, model, tmp_path):
    import shutil

    copy = tmp_path / "squares"
    shutil.copytree(folder, copy)
    (copy / "images" / "lone.png").write_bytes(b"broken")
    _, done = ranked(copy, model)
    assert list(done.failed) == ["images/lone"]
    assert len(done.cases) == 6


def test_a_folder_of_images_alone(folder, model, tmp_path):
    for i in range(3):
        imsave(tmp_path / f"{i}.png", image(i), check_contrast=False)
    _, done = ranked(tmp_path, model)
    assert len(done.cases) == 3
    assert not any(c.reference for c in done.cases)
    assert "too few cases with a reference" in done.calibrated


def test_without_a_split_there_are_no_subsets(folder, model, tmp_path):
    lone = tmp_path / "lone.unet.safetensors"
    lone.write_bytes(Path(model).read_bytes())
    with pytest.raises(DataError, match=r"no lone\.split\.json beside"):
        ranked(folder, lone, subset="val")
    assert len(ranked(folder, lone)[1].cases) == 7


# --- order and words ------------------------------------------------------------------------------


def case(name, patient, gain, **changes):
    return RankedCase(name, patient, 0.5, gain, "", **changes)


def test_slices_of_one_patient_do_not_come_in_a_row():
    slices = [case(f"a{i}", "a", 0.9 - i / 100) for i in range(4)]
    others = [case("b", "b", 0.6), case("c", "c", 0.3)]
    assert [c.name for c in order([*others, *slices], {})] == ["a0", "b", "a1", "c", "a2", "a3"]


def test_images_of_unknown_patients_are_not_taken_for_one_patient():
    cases = [case(str(i), "", 0.9 - i / 10) for i in range(4)]
    assert [c.name for c in order(cases, {})] == ["0", "1", "2", "3"]


def judged(dice, peak=1.0, empty=False, true=float("nan"), entropy=0.0, disagreement=0.0):
    own = Case("a", Path("a"), Path("m"), "p", "")
    return Judged(
        Candidate("a", Path("a"), "p", own),
        Estimate(dice, entropy, disagreement, peak, empty),
        true,
    )


NONE = Calibration([], [])
GOOD = Calibration([i / 20 for i in range(20)], [i / 20 for i in range(20)])


@pytest.mark.parametrize(
    ("one", "words"),
    [
        (judged(0.9), "Expected Dice 0.90."),
        (judged(0.4, entropy=0.5), "unsure of what it marks"),
        (judged(0.7, entropy=0.5), "unsure of the outline"),
        (judged(0.9, disagreement=0.3), "mirror images give other answers"),
        (judged(1.0, 0.02, True), "Nothing is found, and the model is sure"),
        (judged(0.6, 0.4, True), "one spot reaches 40%"),
    ],
)
def test_why(one, words):
    assert words in _told(one, NONE, {}).why


def test_a_reference_that_a_trustworthy_model_contradicts_is_to_be_looked_at():
    told = _told(judged(0.94, true=0.1), GOOD, {})
    assert "one is wrong" in told.why
    assert told.gain == pytest.approx(0.9)
    # A model whose word was not checked is not believed.
    told = _told(judged(0.94, true=0.1), NONE, {})
    assert "one is wrong" not in told.why
    assert told.gain == pytest.approx(0.06)

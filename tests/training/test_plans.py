from dataclasses import replace

import numpy as np
import pytest

from napari_unet.api import plan
from napari_unet.cli import main
from napari_unet.data.dataset import open_dataset
from napari_unet.errors import JobError
from napari_unet.events import Planned
from napari_unet.jobs import PlanJob, TrainJob
from napari_unet.presets import PRESETS, VOLUME_RUNGS
from napari_unet.training import planning
from napari_unet.training.fingerprint import Fingerprint
from napari_unet.training.plans import make_plan, wants_patches
from napari_unet.unet import memory, speed

FORMATS = ("float32", "bfloat16")


@pytest.fixture(autouse=True)
def pace(monkeypatch):
    """Let every image take a hundredth of a second."""
    monkeypatch.setattr(speed, "measure", lambda *_, **__: 0.01)


def dataset(tmp_path, side=96, number=1, size=12, depth=0, cases=6):
    """Write pictures (or volumes) that hold a grid of so many squares."""
    mask = np.zeros((side, side), np.uint8)
    per_row = max(side // (2 * size), 1)
    for i in range(number):
        y, x = 2 * size * (i // per_row), 2 * size * (i % per_row)
        mask[y : y + size, x : x + size] = 1
    if depth:
        mask = np.repeat(mask[None], depth, 0)
    for part in ("images", "masks"):
        (tmp_path / part).mkdir()
        for i in range(cases):
            np.save(tmp_path / part / f"{i}.npy", mask * (100 if part == "images" else 1))
    return open_dataset(tmp_path)


def planned(data, recipe=PRESETS["auto"]):
    return make_plan(recipe, data.cases, data, "cpu")[0]


def test_one_object_is_seen_in_its_whole_slice(tmp_path):
    found = planned(dataset(tmp_path))
    assert found.recipe.preprocess.mode == "whole"
    assert found.words.startswith("whole slices at 96×96, batch 16, ")
    assert "in 10 minutes" in found.words
    assert found.reasons[0].startswith("Whole slices: one holds about 1 object,")
    assert found.seconds_per_image == 0.01
    assert 0 < found.memory < 10**10
    assert 30 < found.epochs < 60_000


def test_many_small_objects_in_large_images_are_cut_out(tmp_path):
    found = planned(dataset(tmp_path, side=400, number=60, size=20))
    assert found.recipe.preprocess.mode == "patch"
    assert found.recipe.preprocess.size == (256, 256)
    assert "patches of 256×256" in found.words
    assert "60 objects of about 20 pixels" in found.reasons[0]


def test_small_volumes_are_seen_whole_in_three_dimensions(tmp_path):
    found = planned(dataset(tmp_path, side=48, depth=16, size=16))
    assert found.recipe.network.dims == 3
    assert found.recipe.network.levels in [r.network.levels for r in VOLUME_RUNGS]
    assert found.recipe.preprocess.size == (16, 48, 48)
    assert "whole volumes at 16×48×48" in found.words
    assert found.recipe.optim.minutes == PRESETS["auto"].optim.minutes


@pytest.mark.parametrize(
    ("found", "wanted"),
    [
        ({}, True),
        ({"objects": 5.0}, False),
        ({"diameter": 200.0}, False),
        ({"diameter": 0.0}, False),
        ({"shapes": ((200, 200),)}, False),
        ({"labelled": 0.02}, False),
    ],
)
def test_when_images_are_cut(found, wanted):
    cells = {"shapes": ((512, 512),), "objects": 40.0, "diameter": 25.0, **found}
    assert wants_patches(Fingerprint(9, 9, channels=1, classes=1, **cells)) is wanted


def changed(**sections):
    recipe = PRESETS["auto"]
    return replace(
        recipe, **{name: replace(getattr(recipe, name), **v) for name, v in sections.items()}
    )


def test_what_a_person_changed_of_auto_is_kept(tmp_path):
    data = dataset(tmp_path, side=400, number=60, size=20)
    recipe = changed(
        network={"dropout": 0.2}, preprocess={"size": (128, 160)}, optim={"batch": 4, "lr": 0.01}
    )
    found = planned(data, recipe)
    assert found.recipe.preprocess.size == (128, 160)
    assert found.recipe.preprocess.mode == "patch"  # left to the plan
    assert (found.recipe.network.dropout, found.recipe.optim.batch) == (0.2, 4)
    assert found.recipe.network.stem_stride == 2
    assert any(
        r == "Kept as you set it: dropout 0.2, working size 128×160, batch 4, learning rate 0.01."
        for r in found.reasons
    )


def test_a_network_of_one_s_own_is_kept_as_a_whole(tmp_path):
    recipe = changed(network={"channels": (), "depth": 2, "base_channels": 8, "supervision": 0})
    found = planned(dataset(tmp_path, side=48, depth=16, size=16), recipe)
    assert found.recipe.network.levels == (8, 16, 32)
    assert any("base channels 8, channels per level none" in r for r in found.reasons)
    assert found.recipe.network.dims == 2


def test_other_presets_are_followed_and_judged(tmp_path):
    found = planned(dataset(tmp_path), PRESETS["plain"])
    assert found.recipe == PRESETS["plain"]
    assert found.epochs == 40
    assert "40 epochs, about" in found.words


@pytest.mark.parametrize(
    ("free", "words"),
    [
        (1.0e9, r"needs about 1\.\d GB.*only 1\.0 GB.*With accumulation \d it takes"),
        (0.69e9, r"With a working size of 96×96.* it takes \d{3} MB"),
        (0.1e9, "Choose a smaller network"),
    ],
)
def test_what_cannot_fit_is_refused_with_what_would(tmp_path, monkeypatch, free, words):
    """And nothing is measured before that: measuring alone would fill the memory."""
    monkeypatch.setattr(speed, "measure", lambda *_, **__: pytest.fail("measured"))
    monkeypatch.setattr(memory, "free_ram", lambda: int(free))
    with pytest.raises(JobError, match=words):
        planned(dataset(tmp_path), PRESETS["plain"])


@pytest.mark.parametrize("saving", [0.005, 0.2])
def test_a_number_format_that_does_not_fit_is_tried_on_few_images_only(
    tmp_path, monkeypatch, saving
):
    tried = []

    def measure(model, shape, option, training):
        tried.append((option.precision, shape[0]))
        return saving if option.precision == "bfloat16" else 0.01

    data, recipe = dataset(tmp_path), PRESETS["plain"]
    need = {p: memory.estimate(recipe, speed.Speed("cpu", p), 0).total for p in FORMATS}
    assert need["bfloat16"] < need["float32"]
    monkeypatch.setattr(speed, "measure", measure)
    monkeypatch.setattr(speed, "_emulates_bfloat16", lambda: False)
    monkeypatch.setattr(memory, "free_ram", lambda: int(sum(need.values()) / 2 / memory.SPARE))
    if saving < 0.01:
        assert make_plan(recipe, data.cases, data, "cpu")[1].precision == "bfloat16"
        assert ("float32", 8) not in tried
    else:  # emulated: a divided batch takes less time
        with pytest.raises(JobError, match="With accumulation 2"):
            planned(data, recipe)
    assert ("float32", 2) in tried


def test_auto_divides_its_batch_to_fit(tmp_path, monkeypatch):
    shapes = []
    monkeypatch.setattr(speed, "measure", lambda _, shape, *a, **k: shapes.append(shape) or 0.01)
    data = dataset(tmp_path)
    recipe = changed(preprocess={"size": (512, 512)})
    monkeypatch.setattr(memory, "free_ram", lambda: int(1.2e9))
    found = planned(data, recipe)
    parts = found.recipe.optim.accumulate
    assert parts > 1
    assert f"batch 16 in {parts} parts" in found.words
    assert max(shape[0] for shape in shapes) <= 16 // parts  # nor is more than that measured


def test_the_job_ends_with_its_plan_and_writes_nothing(tmp_path):
    data = dataset(tmp_path / "d" if (tmp_path / "d").mkdir() is None else tmp_path)
    job = TrainJob(str(data.root), str(tmp_path / "m.unet.safetensors"), minutes=3.0)
    *_, last = planning.plan(PlanJob(job))
    assert isinstance(last, Planned)
    assert last.plan.recipe.optim.minutes == 3.0
    assert not list(tmp_path.glob("m.*"))


def test_from_python_and_from_the_shell(tmp_path, capsys):
    data = dataset(tmp_path)
    words = plan(data.root, minutes=2.0).words
    assert "2 minutes" in words
    assert main(["plan", str(data.root), "--minutes", "2"]) == 0
    out = capsys.readouterr().out
    assert out.splitlines()[0] == words
    assert "Whole slices" in out
    assert main(["plan", str(data.root), "--preset", "lab", "--json"]) == 0
    assert '"words": "whole slices at 128' in capsys.readouterr().out


def test_wide_dark_margins_are_cut_off_unless_a_person_says_no(tmp_path):
    mask = np.zeros((96, 96), np.uint8)
    mask[40:50, 40:50] = 1
    image = mask * 60
    image[20:76, 24:64] += 100
    for part, array in (("images", image), ("masks", mask)):
        (tmp_path / part).mkdir()
        for i in range(4):
            np.save(tmp_path / part / f"{i}.npy", array)
    data = open_dataset(tmp_path)
    auto = PRESETS["auto"]
    found = planned(data)
    assert found.recipe.preprocess.margin == "cut"
    assert found.recipe.preprocess.size == (64, 64)
    assert "Dark margins, 71% of an image, are cut off" in " ".join(found.reasons)
    mirrored = replace(auto, preprocess=replace(auto.preprocess, mirror=not auto.preprocess.mirror))
    assert planned(data, mirrored).recipe.preprocess.margin == "cut"
    assert planned(data, PRESETS["plain"]).recipe.preprocess.margin == "keep"

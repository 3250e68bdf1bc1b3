import json
import shutil

import numpy as np
import pytest
from PIL import Image

from napari_unet.config import SplitConfig
from napari_unet.data.audit.job import audit, find_subsets
from napari_unet.data.dataset import open_dataset
from napari_unet.data.sample import write_sample
from napari_unet.data.splits.split import make_split
from napari_unet.engine.dispatch import start
from napari_unet.errors import DataError
from napari_unet.events import AuditFinished, Progress
from napari_unet.jobs import AuditJob
from napari_unet.schema import from_json, to_json


@pytest.fixture
def root(tmp_path):
    return write_sample(tmp_path / "brain", patients=4, slices=2, size=96)


def finish(folder, **more):
    *progress, last = list(audit(AuditJob(str(folder), **more)))
    assert all(isinstance(e, Progress) for e in progress)
    assert isinstance(last, AuditFinished)
    return last


def test_a_sound_folder(root):
    before = {p: p.read_bytes() for p in root.rglob("*") if p.is_file()}
    done = finish(root)
    assert done.cases == done.statistics["images"] == 8
    assert {f.severity for f in done.findings} <= {"info"}
    assert {p: p.read_bytes() for p in root.rglob("*") if p.is_file()} == before
    json.dumps(done.statistics, allow_nan=False)


def test_everything_that_is_wrong_is_found(root):
    cases = open_dataset(root).cases
    a, b, c, d = (case.image for case in cases[::2])
    shutil.copy(a, b)
    Image.open(c).convert("L").resize((48, 48)).save(c)
    d.write_bytes(d.read_bytes()[:200])
    Image.fromarray(np.full((96, 96), 9, np.uint8)).save(cases[1].image)
    done = finish(root)
    kinds = {f.kind: f for f in done.findings}
    assert kinds["unreadable"].cases == (cases[6].name,)
    assert kinds["shape"].cases == (cases[4].name,)
    assert kinds["constant"].cases == (cases[1].name,)
    assert kinds["copy across patients"].cases == (cases[0].name, cases[2].name)
    order = [f.severity for f in done.findings]
    assert order == sorted(order, key=["error", "warning", "info"].index)


def test_a_leak_across_a_split(root, tmp_path):
    dataset = open_dataset(root)
    split = make_split(dataset.cases, SplitConfig(), dataset.patient_source)
    train = next(c for c in dataset.cases if split.subsets[c.name] == "train")
    test = next(c for c in dataset.cases if split.subsets[c.name] == "test")
    shutil.copy(train.image, test.image)
    split.save(tmp_path / "m.split.json")
    for given in ("m.split.json", "m.unet.safetensors"):
        leak = next(iter(finish(root, split=str(tmp_path / given)).findings))
        assert leak.kind == "copy across subsets"
        assert set(leak.cases) == {train.name, test.name}


def test_folders_tell_subsets(tmp_path):
    source = write_sample(tmp_path / "s", patients=2, slices=2, size=64)
    for subset, numbers in {"train": (0, 1), "test": (2, 3)}.items():
        for kind in ("images", "masks"):
            files = sorted((source / kind).iterdir())
            (tmp_path / "d" / subset / kind).mkdir(parents=True)
            for n in numbers:
                shutil.copy(files[n], tmp_path / "d" / subset / kind)
    subsets = find_subsets(open_dataset(tmp_path / "d"))
    assert sorted(subsets.values()) == ["test", "test", "train", "train"]
    assert all(name.startswith(subset) for name, subset in subsets.items())


def test_one_subset_is_none(root):
    assert find_subsets(open_dataset(root)) == {}


def test_a_split_of_other_data_is_refused(root, tmp_path):
    dataset = open_dataset(write_sample(tmp_path / "o" / "x", patients=3, slices=1, size=64))
    split = make_split(dataset.cases, SplitConfig())
    other = type(split)({f"other/{n}-x": s for n, s in split.subsets.items()}, split.ratios, 0)
    other.save(tmp_path / "o.split.json")
    with pytest.raises(DataError, match="other data"):
        finish(root, split=str(tmp_path / "o.split.json"))


def test_a_split_of_another_program(root, tmp_path):
    dataset = open_dataset(root)
    names = [c.image.name for c in dataset.cases]
    rows = [f"{n},{'train' if i < 4 else 'test'}" for i, n in enumerate(names)]
    (tmp_path / "split.csv").write_text("\n".join(["image,subset", *rows]))
    shutil.copy(dataset.cases[0].image, dataset.cases[-1].image)
    kinds = {f.kind: f.cases for f in finish(root, split=str(tmp_path / "split.csv")).findings}
    assert kinds["copy across subsets"] == (dataset.cases[0].name, dataset.cases[-1].name)


def test_cases_left_out_are_not_looked_at(root):
    from napari_unet.data.audit.leftout import leave_out

    dataset = open_dataset(root)
    dataset.cases[0].image.write_bytes(b"")
    assert "unreadable" in {f.kind for f in finish(root).findings}
    leave_out(dataset, [dataset.cases[0].name], "empty file")
    done = finish(root)
    assert done.cases == 7
    assert "unreadable" not in {f.kind for f in done.findings}


def test_stopping_early_ends_the_threads(root):
    events = audit(AuditJob(str(root)))
    for event in events:
        if isinstance(event, Progress) and event.done == 2:
            break
    events.close()


def test_the_engine_can_run_it(root):
    job = AuditJob(str(root), limit=4)
    assert from_json(AuditJob, to_json(job)) == job
    done = list(start(job))[-1]
    again = from_json(AuditFinished, json.loads(json.dumps(to_json(done))))
    assert again.findings == done.findings
    assert again.statistics == done.statistics


def test_one_scan_in_two_sizes_is_found(real_data, tmp_path):
    """The two brain tumour folders hold some of the same scans, at 256² and at 512²."""
    large, small = real_data("brain_tumor_512"), real_data("brain_tumor")
    pairs = [(m, m.name.replace("_mask", "")) for m in sorted(large.rglob("*_mask.png"))[:8]]
    for kind in ("images", "masks"):
        (tmp_path / "d" / kind).mkdir(parents=True)
    for mask, name in pairs:
        image = next(p for p in large.rglob(name) if p != mask)
        for kind, first in {"images": image, "masks": mask}.items():
            shutil.copy(first, tmp_path / "d" / kind / f"large-{name}")
            shutil.copy(small / kind / name, tmp_path / "d" / kind / f"small-{name}")
    done = finish(tmp_path / "d")
    [near] = [f for f in done.findings if f.kind == "near copy across patients"]
    assert len(near.cases) == 16
    assert all(f"images/small-{n[:-4]}" in near.cases for _, n in pairs)


@pytest.mark.parametrize(
    ("name", "cases", "kinds"),
    [
        ("hippocampus", 100, {"small image", "intensity"}),
        ("brain_tumor_512", 40, set()),
        ("brain_tumor_mat", 11, set()),
        ("lgg", 176, {"blank mask"}),
        ("isbi2012", 20, set()),
    ],
)
def test_real_data(real_data, name, cases, kinds):
    done = finish(real_data(name))
    assert done.cases == cases
    assert {f.kind for f in done.findings} == kinds

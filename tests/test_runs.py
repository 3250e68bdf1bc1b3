import csv
import json
from dataclasses import replace

import pytest

from models import bright_model
from napari_unet.card import read_card
from napari_unet.errors import ModelError
from napari_unet.jobs import TrainJob
from napari_unet.presets import PRESETS
from napari_unet.resumable import Resumable, state_path
from napari_unet.runs import (
    describe,
    list_runs,
    read_run,
    read_scores,
    save_scores,
    scores_path,
    table,
    write_runs_csv,
)
from napari_unet.schema import to_json
from napari_unet.unet.file import load_model, save_model

SUMMARY = {"images": 3, "mean": {"dice": 0.75, "iou": 0.6}}


def trained(path, created="2026-01-02T00:00:00+00:00", **training):
    """Write a model whose card tells of a training."""
    model, card = load_model(bright_model(path))
    history = [{"epoch": 1, "val_dice": 0.5}, {"epoch": 2, "val_dice": 0.7}]
    story = {"recipe": to_json(PRESETS["plain"]), "seconds": 60.0, "history": history, **training}
    data = {"folder": "brains", "cases": 9, "patients": 3}
    scores = {"val_dice": 0.7, "epoch": 2}
    card = replace(card, created=created, training=story, data=data, scores=scores)
    save_model(path, model, card)
    return path


@pytest.fixture
def model(tmp_path):
    return trained(tmp_path / "a.unet.safetensors")


def test_a_run_is_read_from_its_card(model):
    run = read_run(model)
    assert (run.name, run.preset, run.folder, run.cases, run.patients) == (
        *("a", "plain", "brains"),
        *(9, 3),
    )
    assert (run.val_dice, run.best_epoch, run.epochs, run.seconds) == (0.7, 2, 2, 60.0)
    assert run.recipe == PRESETS["plain"]
    assert run.finished
    assert run.test_dice != run.test_dice


def test_until_it_is_over_a_run_has_the_epochs_after_its_best_one_too(model):
    history = [{"epoch": n, "val_dice": d} for n, d in ((1, 0.5), (2, 0.7), (3, 0.6))]
    trained(model.with_name("a.last.unet.safetensors"), history=history)
    assert [row["epoch"] for row in read_run(model).history] == [1, 2]  # another training's
    record = Resumable(str(model), TrainJob("d", str(model)), 3, 60.0, 0.0, 9)
    record.save()
    state_path(model).write_bytes(b"state")
    run = read_run(model)
    assert [row["epoch"] for row in run.history] == [1, 2, 3]
    assert (run.best_epoch, run.epochs, run.finished) == (2, 3, False)


def test_the_latest_comes_first_and_what_is_no_run_is_left_out(tmp_path, model):
    trained(tmp_path / "b.unet.safetensors", created="2026-01-03T00:00:00+00:00")
    trained(tmp_path / "a.last.unet.safetensors")
    (tmp_path / "broken.unet.safetensors").write_bytes(b"no model")
    assert [run.name for run in list_runs(tmp_path)] == ["b", "a"]
    assert list_runs(tmp_path / "nowhere") == ()


def test_a_card_of_another_version_is_a_run_without_recipe(tmp_path):
    run = read_run(trained(tmp_path / "x.unet.safetensors", recipe={"unheard": 1}))
    assert run.recipe is None
    assert run.val_dice == 0.7


def test_scores_are_kept_by_subset_and_forgotten_with_their_model(model):
    save_scores(model, "all", "brains", {"images": 9})
    save_scores(model, "test", "brains", SUMMARY)
    run = read_run(model)
    assert run.test_dice == 0.75
    assert run.scores["all"]["images"] == 9
    trained(model, created="2026-02-01T00:00:00+00:00")  # anew, under the same name
    assert read_run(model).scores == {}


@pytest.mark.parametrize("text", ["", "[]", '{"format": 1}', '{"format": 99}'])
def test_damaged_scores_count_as_none(model, text):
    scores_path(model).write_text(text)
    assert read_scores(model, read_card(model)) == {}
    save_scores(model, "test", "brains", SUMMARY)
    assert json.loads(scores_path(model).read_text())["subsets"]["test"]["images"] == 3


def test_nothing_is_written_beside_a_model_of_the_program(model, own_workspace, monkeypatch):
    monkeypatch.setattr("napari_unet.runs.PACKAGE", model.parent / "package")
    boxed = trained(model.parent / "package" / "boxed" / "b.unet.safetensors")
    kept = save_scores(boxed, "all", "brains", SUMMARY)
    assert kept.is_relative_to(own_workspace)
    assert read_run(boxed).scores == {"all": {**SUMMARY, "folder": "brains"}}
    assert [p.name for p in boxed.parent.iterdir()] == [boxed.name]


@pytest.mark.parametrize(
    ("subsets", "found"),
    [({"test": SUMMARY}, {"test": SUMMARY}), ("none", {}), ({"test": 3}, {}), (None, {})],
)
def test_scores_that_a_card_brings_count_where_none_lie_beside_it(model, subsets, found):
    network, card = load_model(model)
    save_model(model, network, replace(card, scores={"subsets": subsets}))
    assert read_scores(model, read_card(model)) == found
    save_scores(model, "val", "brains", {"images": 1})
    kept = read_scores(model, read_card(model))
    assert kept == {**found, "val": {"images": 1, "folder": "brains"}}


def test_scores_of_no_model_are_refused(tmp_path):
    with pytest.raises(ModelError):
        save_scores(tmp_path / "none.unet.safetensors", "test", "brains", SUMMARY)


def test_the_csv_holds_every_setting(tmp_path, model):
    save_scores(model, "test", "brains", SUMMARY)
    write_runs_csv(tmp_path / "runs.csv", list_runs(tmp_path))
    with (tmp_path / "runs.csv").open(newline="", encoding="utf-8") as file:
        (row,) = csv.DictReader(file)
    assert row["name"] == "a"
    assert float(row["test iou"]) == 0.6
    assert float(row["optim.lr"]) == PRESETS["plain"].optim.lr
    assert row["preprocess.size"] == "192 192"


def test_tables_and_words(tmp_path, model):
    shown = table(list_runs(tmp_path))
    assert "0.7000" in shown
    assert "192×192" in shown
    assert table(()) == "No runs."
    patches = replace(PRESETS["auto"], preprocess=replace(PRESETS["auto"].preprocess, mode="patch"))
    assert "patches of 192×192" in describe(patches)

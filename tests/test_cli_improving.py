"""improve and rank in the shell."""

import csv
import json

import pytest

from napari_unet.cli import main
from napari_unet.data.sample import write_sample
from napari_unet.data.splits.split import load, split_path
from napari_unet.training.job import train
from trainings import job


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return write_sample(tmp_path_factory.mktemp("data") / "d", patients=6, slices=2, size=64)


@pytest.fixture(scope="module")
def old(folder, tmp_path_factory):
    model = tmp_path_factory.mktemp("old") / "old.unet.safetensors"
    list(train(job(folder, model, epochs=2)))
    return model


def test_improve_and_rank(folder, old, tmp_path, capsys):
    new = tmp_path / "new.unet.safetensors"
    name = next(n for n, s in load(split_path(old)).subsets.items() if s == "train")
    command = ["improve", str(folder), "--model", str(old), "--out", str(new), "--epochs", "1"]
    assert main([*command, "--cases", name]) == 0
    out = capsys.readouterr().out
    assert "Learned from 1 corrected cases" in out
    assert "Mean Dice on the test cases" in out
    assert str(new) in out
    assert new.is_file()

    table = tmp_path / "r.csv"
    assert main(["rank", str(folder), "--model", str(new), "--csv", str(table), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert len(found["cases"]) == 12
    with table.open(encoding="utf-8") as file:
        assert [r["name"] for r in csv.DictReader(file)] == [c["name"] for c in found["cases"]]
    assert main(["rank", str(folder), "--model", str(new), "--subset", "val"]) == 0
    assert "rank  gain  unsure  image" in capsys.readouterr().out


def test_nothing_corrected_is_one_line(folder, old, tmp_path, capsys):
    new = str(tmp_path / "new.unet.safetensors")
    assert main(["improve", str(folder), "--model", str(old), "--out", new]) == 1
    error = capsys.readouterr().err.splitlines()[-1]
    assert error.startswith("napari-unet: No reference in")


@pytest.mark.parametrize("wrong", [["--minutes", "0"], ["--share", "2"], ["--out", "new.pt"]])
def test_wrong_usage(folder, old, wrong):
    with pytest.raises(SystemExit) as stop:
        main(["improve", str(folder), "--model", str(old), *wrong])
    assert stop.value.code == 2

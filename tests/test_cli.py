import io
import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest
from skimage.io import imread

from models import bright_model
from napari_unet.cli import main
from napari_unet.cli.training import train_one
from napari_unet.data.sample import write_sample
from napari_unet.data.splits.split import load
from napari_unet.errors import ConfigError, WeightsError
from napari_unet.presets import PRESETS, begun_at_random
from napari_unet.runs import list_runs
from pages import read_page
from trainings import TINY, auto_is_tiny


@pytest.fixture(scope="module", autouse=True)
def tiny_presets():
    with pytest.MonkeyPatch.context() as patch:
        auto_is_tiny(patch)
        patch.setitem(PRESETS, "fast", replace(TINY, name="fast"))
        yield


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return str(write_sample(tmp_path_factory.mktemp("d") / "d", patients=6, slices=2, size=64))


@pytest.fixture(scope="module")
def trained(folder, tmp_path_factory):
    model = str(tmp_path_factory.mktemp("m") / "m.unet.safetensors")
    assert main(["train", folder, "--model", model, "--epochs", "1", "--seed", "3"]) == 0
    return model


def json_of(capsys, *args):
    assert main([*args, "--json"]) == 0
    out = capsys.readouterr().out
    assert out.count("\n") == 1
    return json.loads(out)


def test_inspect(folder, capsys):
    assert json_of(capsys, "inspect", folder)["cases"] == 12
    assert main(["inspect", folder, "--limit", "4"]) == 0
    assert "patients" in capsys.readouterr().out


def test_inspect_with_an_audit(folder, capsys):
    found = json_of(capsys, "inspect", folder, "--audit")
    assert found["audit"]["cases"] == found["cases"] == 12
    assert found["audit"]["statistics"]["classes"]["foreground"]["pixels"] > 0
    assert "audit" not in json_of(capsys, "inspect", folder)
    assert main(["inspect", folder, "--audit"]) == 0
    text = capsys.readouterr().out
    assert "Audit of" in text
    assert "Class foreground" in text


def test_a_case_is_left_out_and_put_back(folder, capsys):
    name = json_of(capsys, "inspect", folder)["first_cases"][0]["name"]
    found = json_of(capsys, "inspect", folder, "--leave-out", name, "--why", "blurred")
    assert found["cases"] == 11
    assert found["left_out"] == [{"name": name, "reason": "blurred"}]
    assert json_of(capsys, "inspect", folder)["cases"] == 11
    assert json_of(capsys, "inspect", folder, "--put-back", name)["cases"] == 12
    assert main(["inspect", folder, "--leave-out", name]) == 1
    assert "Say why" in capsys.readouterr().err


def test_train_says_what_it_made(folder, tmp_path, capsys):
    model = str(tmp_path / "m.unet.safetensors")
    args = ["train", folder, "--model", model, "--epochs", "1", "--split", "70:30"]
    found = json_of(capsys, *args)
    assert found["model"] == model
    assert found["epochs"] == 1
    assert (tmp_path / "m.split.json").exists()
    assert main([*args, "--preset", "auto"]) == 0
    assert "earlier model" in capsys.readouterr().out


def test_training_longer(folder, tmp_path, capsys):
    model = str(tmp_path / "m.unet.safetensors")
    assert main(["train", folder, "--model", model, "--epochs", "1"]) == 0
    assert f"To train longer: napari-unet resume {model}" in capsys.readouterr().out
    found = json_of(capsys, "resume", model, "--epochs", "2")
    assert found["epochs"] == 2
    assert main(["resume", model]) == 1
    assert "is finished" in capsys.readouterr().err


def test_beginning_with_a_model(folder, trained, tmp_path, capsys):
    model = str(tmp_path / "n.unet.safetensors")
    args = ["train", folder, "--model", model, "--epochs", "1", "--from", trained]
    assert json_of(capsys, *args)["epochs"] == 1
    assert json_of(capsys, "models", "show", model)["training"]["start"]["name"] == "m"


def several(folder, out, *more):
    model = str(out / "m.unet.safetensors")
    presets = ["--preset", "auto", "--preset", "fast"]
    return ["train", folder, "--model", model, "--epochs", "1", *presets, *more]


def test_several_presets_are_trained_on_one_split_and_compared(folder, tmp_path, capsys):
    assert main(several(folder, tmp_path, "--split", "50:25:25")) == 0
    said = capsys.readouterr()
    splits = [load(tmp_path / f"m-{name}.split.json").subsets for name in ("auto", "fast")]
    assert splits[0] == splits[1]
    assert "preset fast, 2 of 2" in said.err
    assert "val Dice  test Dice" in said.out
    assert "fast against auto on the test cases: On average" in said.out
    runs = {run.name: run for run in list_runs(tmp_path)}
    assert runs.keys() == {"m-auto", "m-fast"}
    assert all(run.test_dice == run.test_dice for run in runs.values())  # no NaN


def test_several_presets_as_json(folder, tmp_path, capsys):
    args = several(folder, tmp_path, "--split", "70:30:0", "--preset", "auto")
    found = json_of(capsys, *args)
    assert list(found["runs"]) == ["auto", "fast"]
    assert found["runs"]["fast"]["model"] == str(tmp_path / "m-fast.unet.safetensors")
    assert found["test"] == {}


def test_a_preset_that_fails_does_not_stop_the_others(folder, tmp_path, monkeypatch, capsys):
    def trained(args, preset, model, shares=""):
        if preset == "auto":
            raise ConfigError("nothing of this fits")
        return train_one(args, preset, model, shares)

    monkeypatch.setattr("napari_unet.cli.several.train_one", trained)
    assert main(several(folder, tmp_path)) == 1
    said = capsys.readouterr()
    assert "preset auto failed: nothing of this fits" in said.err
    assert "Not trained: auto" in said.err
    assert (tmp_path / "m-fast.unet.safetensors").exists()


def test_presets_that_were_not_begun_are_named(folder, tmp_path, monkeypatch, capsys):
    def stopped(args, preset, model, shares=""):
        raise KeyboardInterrupt

    monkeypatch.setattr("napari_unet.cli.several.train_one", stopped)
    assert main(several(folder, tmp_path)) == 130
    assert "not begun: fast" in capsys.readouterr().err


@pytest.mark.skipif(os.name == "nt", reason="signals are other there")
@pytest.mark.parametrize("which", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_training_says_how_to_go_on(folder, tmp_path, which):
    model = tmp_path / "m.unet.safetensors"
    args = ["train", folder, "--model", str(model), "--epochs", "9999"]
    code = (
        "import sys\n"
        f"sys.path.insert(0, {str(Path(__file__).parent)!r})\n"
        "from napari_unet.cli import main\n"
        "from napari_unet.presets import PRESETS\n"
        "from trainings import TINY\n"
        "PRESETS['auto'] = TINY\n"
        f"sys.exit(main({args!r}))"
    )
    command = [sys.executable, "-c", code]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    deadline = time.monotonic() + 120
    while not (tmp_path / "m.resume.json").exists() and time.monotonic() < deadline:
        time.sleep(0.1)
    process.send_signal(which)
    said = process.communicate(timeout=60)[1]
    assert process.returncode == 130
    assert "Traceback" not in said
    assert f"napari-unet resume {model}" in said


def test_evaluate(folder, trained, tmp_path, capsys):
    csv, png, html = (tmp_path / f"s.{kind}" for kind in ("csv", "png", "html"))
    args = ["evaluate", folder, "--model", trained, "--csv", str(csv), "--picture", str(png)]
    args += ["--html", str(html)]
    found = json_of(capsys, *args)
    assert found["images"] == len(found["per_image"]) == 2
    assert {"dice", "iou", "pixel_accuracy"} <= found["mean"].keys()
    assert csv.read_text().count("\n") == 3
    assert imread(png).ndim == 3
    assert len(read_page(html).rows("cases")) == 2
    every = json_of(capsys, "evaluate", folder, "--model", trained, "--subset", "all")
    assert every["images"] == 12
    assert main(["evaluate", folder, "--model", trained, "--by", "patient"]) == 0
    text = capsys.readouterr().out
    assert "HD95" in text
    assert "patient" in text.split("\n\n")[-1]
    assert max(map(len, text.splitlines())) <= 80


def test_evaluate_by_a_tag_that_is_none_still_shows_the_scores(folder, trained, capsys):
    args = ["evaluate", folder, "--model", trained, "--no-surfaces", "--by", "colour"]
    assert main(args) == 1
    captured = capsys.readouterr()
    assert "mean of 2 images" in captured.out
    assert "HD95" not in captured.out
    assert "no tag 'colour'" in captured.err
    found = json_of(capsys, *args[:-2], "--by", "patient")
    assert sum(g["images"] for g in found["groups"].values()) == 2


def test_compare(folder, tmp_path, capsys):
    model = str(bright_model(tmp_path / "b.unet.safetensors"))
    args = ["compare", folder, "--model", model, "--reader", f"{folder}/masks", "--subset", "all"]
    csv = tmp_path / "c.csv"
    found = json_of(capsys, *args, "--csv", str(csv))
    assert found["columns"] == ["b", "masks"]
    assert found["paired"][0]["n"] == 12
    assert csv.read_text().count("\n") == 13
    assert main([*args, "--no-surfaces"]) == 0
    assert "masks (reader)" in capsys.readouterr().out
    assert main(["compare", folder, "--model", model]) == 1
    assert "at least two" in capsys.readouterr().err


def test_segment_then_score(folder, tmp_path, capsys):
    model = str(bright_model(tmp_path / "b.unet.safetensors"))
    out = str(tmp_path / "out")
    found = json_of(capsys, "segment", folder, "--model", model, "--out", out)
    assert len(found["written"]) == 12
    found = json_of(capsys, "score", out, f"{folder}/masks", "--csv", str(tmp_path / "c.csv"))
    assert found["images"] == 12
    assert 0 <= found["mean"]["dice"] <= 1
    assert (tmp_path / "c.csv").exists()
    assert main(["score", out, f"{folder}/masks"]) == 0


def test_failed_files_are_named_at_the_end(tmp_path, folder, capsys):
    model = str(bright_model(tmp_path / "b.unet.safetensors"))
    bad = tmp_path / "bad.png"
    bad.write_bytes(b"\x89PNG")
    out = str(tmp_path / "out")
    assert main(["segment", str(bad), f"{folder}/images", "--model", model, "--out", out]) == 1
    captured = capsys.readouterr()
    assert "12 label images" in captured.out
    assert "1 of 13 images failed" in captured.err
    assert "bad.png" in captured.err


def test_segmenting_goes_on_and_writes_a_table(tmp_path, folder, capsys):
    model = str(bright_model(tmp_path / "b.unet.safetensors"))
    table = tmp_path / "sizes.csv"
    args = ["segment", folder, "--model", model, "--out", str(tmp_path / "out")]
    args += ["--table", str(table), "--min-size", "4", "--fill-holes"]
    assert main(args) == 0
    out = capsys.readouterr().out
    assert "12 label images written" in out
    assert f"Sizes: {table}" in out
    assert table.read_text().count("\n") == 13
    assert main(args) == 0
    assert "0 label images written" in (out := capsys.readouterr().out)
    assert "12 were there already" in out
    assert len(json_of(capsys, *args, "--again")["written"]) == 12
    assert len(json_of(capsys, *args, "--largest")["written"]) == 12


def test_a_subset_of_a_data_set_is_segmented(folder, trained, tmp_path, capsys):
    out = str(tmp_path / "out")
    args = ["segment", folder, "--model", trained, "--out", out, "--subset", "test"]
    assert len(json_of(capsys, *args)["written"]) == 2


def test_datasets_are_listed(capsys):
    found = json_of(capsys, "datasets", "list")["datasets"]
    assert {"brain-tumor", "pratheepan"} <= {d["name"] for d in found}
    assert main(["datasets", "list"]) == 0
    text = capsys.readouterr().out
    assert "879 MB; CC BY 4.0" in text
    assert "non-commercial" in text


@pytest.fixture
def fetched(monkeypatch, tmp_path):
    """Stand in for the jobs of fetching; collects whether each was agreed to."""
    from napari_unet.downloads import fetch
    from napari_unet.events import FetchFinished, Offer

    seen = []

    def fake(job):
        seen.append(job.agreed)
        yield Offer(job.source, "Brains", (), 5_000_000, "CC0", "https://x", str(tmp_path), "old")
        if job.agreed:
            yield FetchFinished(str(tmp_path), 12, 3, 1.0)

    monkeypatch.setattr(fetch, "fetch", fake)
    return seen


def test_size_and_licence_come_before_the_download(fetched, capsys, monkeypatch, tmp_path):
    assert main(["datasets", "fetch", "brains", "--yes"]) == 0
    assert fetched == [False, True]
    captured = capsys.readouterr()
    for text in ("Brains", "5.0 MB", "CC0", "https://x", str(tmp_path), "old"):
        assert text in captured.err
    assert "12 cases of 3 patients" in captured.out
    assert json_of(capsys, "datasets", "fetch", "brains", "--yes")["cases"] == 12


@pytest.mark.parametrize(("answer", "status"), [("y\n", 0), ("YES\n", 0), ("n\n", 1), ("", 1)])
def test_a_person_is_asked(fetched, capsys, monkeypatch, answer, status):
    stdin = io.StringIO(answer)
    stdin.isatty = lambda: True
    monkeypatch.setattr(sys, "stdin", stdin)
    assert main(["datasets", "fetch", "brains"]) == status
    assert fetched == [False] + [True] * (status == 0)


def test_without_a_person_consent_is_needed(fetched, capsys, monkeypatch):
    monkeypatch.setattr(sys, "stdin", io.StringIO("y\n"))
    assert main(["datasets", "fetch", "brains"]) == 1
    assert "--yes" in capsys.readouterr().err
    assert fetched == [False]


def test_models_show(trained, capsys):
    assert json_of(capsys, "models", "show", trained)["network"]["in_channels"] == 1
    assert main(["models", "show", trained]) == 0
    text = capsys.readouterr().out
    assert "receptive field" in text
    assert "12 cases of 6 patients" in text


@pytest.mark.parametrize(
    "args",
    [
        ["inspect", "{tmp}/none"],
        ["inspect", "{tmp}"],
        ["train", "{tmp}", "--model", "{tmp}/m.unet.safetensors", "--epochs", "1"],
        ["evaluate", "{folder}", "--model", "{tmp}/none"],
        ["segment", "{folder}", "--model", "{folder}/metadata.csv", "--out", "{tmp}/o"],
        ["score", "{tmp}", "{tmp}"],
        ["models", "show", "{folder}/metadata.csv"],
        ["datasets", "fetch", "no-such-set"],
        ["train", "{folder}", "--model", "{tmp}/m.unet.safetensors", "--device", "cuda:7"],
    ],
    ids=lambda a: a[0],
)
def test_failures_are_one_clear_line_and_status_1(args, folder, tmp_path, capsys):
    assert main([a.format(tmp=tmp_path, folder=folder) for a in args]) == 1
    captured = capsys.readouterr()
    lines = [x for x in captured.err.splitlines() if x.startswith("napari-unet:")]
    assert len(lines) == 1
    assert "Traceback" not in captured.err
    assert captured.out == ""


@pytest.mark.parametrize(
    "args",
    [
        [],
        ["nonsense"],
        ["train", "x"],
        ["train", "x", "--model", "m.pt"],
        ["train", "x", "--model", "m.unet.safetensors", "--minutes", "1", "--epochs", "1"],
        ["train", "x", "--model", "m.unet.safetensors", "--minutes", "-1"],
        ["train", "x", "--model", "m.unet.safetensors", "--split", "abc"],
        ["train", "x", "--model", "m.unet.safetensors", "--preset", "none"],
        ["segment", "x", "--model", "m", "--out", "o", "--threshold", "2"],
        ["segment", "x", "--model", "m", "--out", "o", "--min-size", "-1"],
        ["segment", "x", "--model", "m", "--out", "o", "--smooth", "much"],
        ["segment", "x", "--model", "m", "--out", "o", "--objects", "some"],
        ["evaluate", "x", "--model", "m", "--subset", "some"],
    ],
    ids=" ".join,
)
def test_wrong_usage_is_status_2(args, capsys):
    with pytest.raises(SystemExit) as e:
        main(args)
    assert e.value.code == 2
    assert "usage" in capsys.readouterr().err


def test_the_installed_command(folder):
    command = [sys.executable, "-m", "napari_unet.cli", "inspect", folder, "--json"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert json.loads(done.stdout)["patients"] == 6
    assert done.stderr == ""


def test_a_reader_that_leaves_early_is_no_error(folder):
    read, write = os.pipe()
    os.close(read)
    command = [sys.executable, "-m", "napari_unet.cli", "inspect", folder]
    done = subprocess.run(command, stdout=write, stderr=subprocess.PIPE, text=True, check=False)
    os.close(write)
    assert "Traceback" not in done.stderr


def test_the_demo_without_a_display(tmp_path, capsys):
    out = tmp_path / "demo"
    assert main(["demo", "--headless", "--minutes", "0.05", "--out", str(out)]) == 0
    text = capsys.readouterr().out
    for name in ("demo.png", "demo.csv", "demo.unet.safetensors"):
        assert (out / name).exists()
        assert name in text
    assert "mean" in text


# --- splits and pairs ---------------------------------------------------------------------------


def test_a_split_is_made_kept_and_read(folder, tmp_path, capsys):
    out = str(tmp_path / "s.json")
    found = json_of(capsys, "split", folder, "--split", "60:40", "--seed", "1", "--out", out)
    made = found["splits"][0]["subsets"]
    assert sum(part["cases"] for part in made.values()) == 12
    again = json_of(capsys, "split", folder, "--import", out)["splits"][0]
    assert again["subsets"] == made
    assert again["leaks"] == again["unknown"] == again["missing"] == []


def test_a_leak_is_named_and_an_error(folder, tmp_path, capsys):
    out = tmp_path / "s.json"
    assert main(["split", folder, "--out", str(out)]) == 0
    stored = json.loads(out.read_text())
    patient, names = next(iter(stored["subsets"]["train"].items()))
    stored["subsets"]["train"][patient] = names[1:]
    stored["subsets"]["test"]["somebody"] = names[:1]
    out.write_text(json.dumps(stored))
    capsys.readouterr()
    assert main(["split", folder, "--import", str(out)]) == 1
    said = capsys.readouterr()
    assert f"A leak: patient {patient} in train (1) and test (1)" in said.out
    assert "leaks in 1 place" in said.err


def test_folds_are_kept_and_one_is_exported(folder, tmp_path, capsys):
    out, target = tmp_path / "s.json", tmp_path / "out"
    found = json_of(capsys, "split", folder, "--folds", "3", "--out", str(out))
    assert [p.rpartition("/")[2] for p in found["saved"]] == [f"s.fold{k}.json" for k in (1, 2, 3)]
    assert [s["subsets"]["test"]["patients"] for s in found["splits"]] == [2, 2, 2]
    assert main(["split", folder, "--folds", "3", "--export", str(target)]) == 1
    assert "--fold" in capsys.readouterr().err
    assert main(["split", folder, "--folds", "3", "--fold", "2", "--export", str(target)]) == 0
    assert len(list(target.glob("test/images/*"))) == 4
    assert main(["split", folder, "--fold", "2"]) == 1
    assert main(["split", folder, "--stratify", "nothing"]) == 1
    assert "No case has the tag 'nothing'" in capsys.readouterr().err


def test_training_keeps_to_a_split(folder, tmp_path, capsys):
    split, model = str(tmp_path / "s.json"), str(tmp_path / "m.unet.safetensors")
    assert main(["split", folder, "--seed", "5", "--out", split]) == 0
    args = ("--model", model, "--epochs", "1", "--split-file", split)
    assert main(["train", folder, *args]) == 0
    kept = json.loads((tmp_path / "m.split.json").read_text())
    assert kept["subsets"] == json.loads((tmp_path / "s.json").read_text())["subsets"]


def test_pairs_are_written_and_read(folder, tmp_path, capsys):
    table = str(tmp_path / "pairs.csv")
    assert main(["inspect", folder, "--pairs-csv", table]) == 0
    capsys.readouterr()
    lines = (tmp_path / "pairs.csv").read_text().splitlines()
    assert len(lines) == 13
    (tmp_path / "pairs.csv").write_text("\n".join(lines[:5]))
    assert json_of(capsys, "inspect", folder, "--pairs", table)["cases"] == 4


def test_corrections_are_listed_restored_and_exported(folder, capsys, tmp_path):
    import numpy as np

    from napari_unet.data import corrections

    assert json_of(capsys, "corrections", "list", folder)["cases"] == {}
    name = json_of(capsys, "inspect", folder)["first_cases"][0]["name"]
    for value in (0, 1):
        corrections.save(folder, name, np.full((64, 64), value, np.uint8), "reference")
    assert json_of(capsys, "inspect", folder)["corrected"] == [name]
    found = json_of(capsys, "corrections", "list", folder)["cases"][name]
    assert found["counts"] == {"reference": 2, "prediction": None}
    assert [v["number"] for v in found["versions"]] == [1, 2]
    assert main(["corrections", "list", folder]) == 0
    assert "<- counts as reference" in capsys.readouterr().out
    told = json_of(capsys, "corrections", "restore", folder, name, "1")
    assert told["counts"]["reference"] == 1
    out = tmp_path / "out"
    (path,) = json_of(capsys, "corrections", "export", folder, "--out", str(out))["written"]
    assert imread(path).max() == 0
    assert main(["corrections", "restore", folder, name, "0"]) == 0
    assert "the original counts" in capsys.readouterr().out
    assert main(["corrections", "restore", folder, "nobody", "1"]) == 1
    assert main(["corrections", "restore", folder, name, "7"]) == 1
    assert "has no version 7" in capsys.readouterr().err
    assert main(["corrections", "export", folder, "--out", str(tmp_path / "b")]) == 1


def test_random_weights_are_taken_where_they_are_asked_for(folder, tmp_path, capsys, monkeypatch):
    asked = []

    def trains(_folder, _model, **options):
        asked.append(options)
        raise WeightsError("Nothing was fetched.")

    monkeypatch.setattr("napari_unet.api.train", trains)
    args = ["train", folder, "--model", str(tmp_path / "m.unet.safetensors")]
    args += ["--preset", "pretrained"]
    assert main(args) == 1
    said = capsys.readouterr().err
    assert "Nothing was fetched. (--random-weights, or --encoder-weights FILE)" in said
    main([*args, "--random-weights"])
    main([*args, "--encoder-weights", "w.safetensors"])
    assert [o["recipe"] for o in asked] == [None, begun_at_random(PRESETS["pretrained"]), None]
    assert [o["encoder_weights"] for o in asked] == ["", "", "w.safetensors"]

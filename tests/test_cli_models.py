"""The commands about models, and names of the library wherever a command takes a model."""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from models import bright_model, bright_squares
from napari_unet.card import SUFFIX
from napari_unet.cli import build_parser, main
from napari_unet.cli.arguments import found, model_file
from napari_unet.library import names
from napari_unet.workspace import models_dir
from sessions import write_model

# What speaks of models and takes none: a folder of them, a name in the trash, or one to be given.
OTHERS = {("runs", "folder"), ("models restore", "name"), ("models rename", "new")}


@pytest.fixture
def boxed() -> Path:
    names.BOXED.mkdir()
    return bright_model(names.BOXED / f"brain-tumor{SUFFIX}")


def ran(*args: object) -> int:
    return main(list(map(str, args)))


def said(capsys, *args: object) -> str:
    assert ran(*args) == 0
    return capsys.readouterr().out


def json_of(capsys, *args: object) -> dict:
    return json.loads(said(capsys, *args, "--json"))


def failure(capsys, *args: object) -> str:
    assert ran(*args) == 1
    err = capsys.readouterr().err
    assert err.count("\n") == 1
    return err


# --- every command's arguments ------------------------------------------------------------------


def commands(
    parser: argparse.ArgumentParser, name: str = ""
) -> Iterator[tuple[str, argparse.ArgumentParser]]:
    """Yield every command as ("models show", its parser)."""
    inside = [a for a in parser._actions if isinstance(a, argparse._SubParsersAction)]
    if not inside:
        yield name, parser
    for action in inside:
        for word, child in action.choices.items():
            yield from commands(child, f"{name} {word}".strip())


def speaks_of_a_model(action: argparse.Action) -> bool:
    """Say whether an argument's words are about models, and it takes any text."""
    takes_text = action.nargs != 0 and not action.choices
    told = f"{action.dest} {action.metavar} {action.help or ''}".lower()
    return takes_text and ("model" in told or (action.metavar == "M" and action.type is None))


def arguments() -> list[tuple[str, argparse.Action]]:
    return [
        (name, action)
        for name, parser in commands(build_parser())
        for action in parser._actions
        if speaks_of_a_model(action)
        if (name, action.dest) not in OTHERS
        # Numbers whose words mention the model, and files that are written.
        if getattr(action.type, "__name__", "") not in ("share", "natural", "number", "model_file")
    ]


def test_the_search_for_arguments_finds_what_is_known_to_take_a_model():
    assert {(name, action.dest) for name, action in arguments()} >= {
        *((name, "model") for name in ("segment", "evaluate", "compare", "rank", "improve")),
        *((f"models {name}", "model") for name in ("show", "export", "rename", "remove")),
        *(("train", "start"), ("resume", "model"), ("models verify", "models")),
        ("inspect", "split"),
    }


def test_every_argument_that_takes_a_model_takes_a_name_of_the_library(boxed):
    deaf = [
        f"{name} {action.dest}"
        for name, action in arguments()
        if action.type is None
        or found(argparse.Namespace(it=action.type("brain-tumor"))).it != str(boxed)
    ]
    assert not deaf


def test_a_file_that_is_written_is_no_name_of_the_library(boxed):
    with pytest.raises(argparse.ArgumentTypeError):
        model_file("brain-tumor")


# --- the commands -------------------------------------------------------------------------------


def test_the_list_tells_names_scores_sizes_and_what_cannot_be_used(boxed, capsys):
    assert "brain-tumor" in said(capsys, "models", "list")
    write_model("mine")
    (models_dir() / f"broken{SUFFIX}").write_bytes(b"no model")
    lines = said(capsys, "models", "list").splitlines()
    assert lines[0].split()[:3] == ["name", "test", "Dice"]
    assert {line.split()[0] for line in lines[1:]} == {"mine", "broken", "brain-tumor"}
    assert "cannot be used" in next(line for line in lines if line.startswith("broken"))
    assert said(capsys, "models", "list", "MINE").count("\n") == 2
    assert said(capsys, "models", "list", "red", "zebra") == "No model holds “red zebra”.\n"
    told = json_of(capsys, "models", "list")["models"]
    assert [(m["name"], m["boxed"]) for m in told][-1] == ("brain-tumor", True)


def test_equal_weights_are_told_of(boxed, capsys):
    (models_dir() / f"copy{SUFFIX}").write_bytes(boxed.read_bytes())
    assert "Equal weights: copy and brain-tumor" in said(capsys, "models", "list")
    assert [m["same_as"] for m in json_of(capsys, "models", "list")["models"]] == [
        ["brain-tumor"],
        ["copy"],
    ]


def test_a_model_is_described_by_its_name(boxed, capsys):
    text = said(capsys, "models", "show", "brain-tumor")
    assert "came with napari-unet" in text
    assert "parameters" in text
    told = json_of(capsys, "models", "show", "brain-tumor")
    assert told["network"]["in_channels"] == 1
    assert len(told["file"]["sha256"]) == 64


def test_a_model_goes_out_comes_in_is_renamed_removed_and_brought_back(boxed, tmp_path, capsys):
    target = tmp_path / f"out{SUFFIX}"
    assert json_of(capsys, "models", "export", "brain-tumor", target)["path"] == str(target)
    assert "already" in said(capsys, "models", "import", target)
    mine = bright_model(tmp_path / f"mine{SUFFIX}", size=64)
    assert "mine is in the library" in said(capsys, "models", "import", mine)
    assert json_of(capsys, "models", "import", mine)["known"] is True
    renamed = said(capsys, "models", "rename", "mine", "yours")
    assert "now called yours" in renamed
    assert "models rename 'yours' 'mine'" in renamed
    assert "called yours already" in said(capsys, "models", "rename", "yours", "yours")
    assert "models restore 'yours'" in said(capsys, "models", "remove", "yours", "--yes")
    assert "yours" in said(capsys, "models", "list", "--removed")
    assert [r["name"] for r in json_of(capsys, "models", "list", "--removed")["removed"]] == [
        "yours"
    ]
    assert "yours is back" in said(capsys, "models", "restore")
    assert (models_dir() / f"yours{SUFFIX}").read_bytes() == mine.read_bytes()


def test_nothing_is_removed_unless_somebody_agrees(capsys, monkeypatch):
    model = write_model("m")
    assert "say --yes" in failure(capsys, "models", "remove", "m")
    for answer, there in (("n\n", True), ("y\n", False)):
        monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
        monkeypatch.setattr("sys.stdin.readline", lambda a=answer: a, raising=False)
        assert ran("models", "remove", "m") == (1 if there else 0)
        assert model.exists() is there


def test_what_is_wrong_with_a_model_is_told_and_the_status_says_so(boxed, capsys):
    assert "is sound" in said(capsys, "models", "verify")
    damaged = models_dir() / f"damaged{SUFFIX}"
    damaged.write_bytes(boxed.read_bytes()[:-4])
    assert ran("models", "verify") == 1
    out, err = capsys.readouterr()
    assert "brain-tumor is sound" in out
    assert "1 of 2 models cannot be used: damaged" in err
    assert ran("models", "verify", "--json") == 1
    told = json.loads(capsys.readouterr().out)["models"]
    assert [bool(m["error"]) for m in told] == [True, False]


@pytest.mark.parametrize(
    ("command", "sentence"),
    [
        ("show brain-tumour", "did you mean brain-tumor"),
        ("rename brain-tumor x", "came with napari-unet"),
        ("remove brain-tumor --yes", "came with napari-unet"),
        ("rename mine a/b", "cannot be called"),
        ("rename mine Brain-Tumor", "came with napari-unet"),
        ("import nothing.unet.safetensors", "no file"),
        ("import holiday.jpg", "holiday.jpg"),
        ("export mine there.xyz", "ending"),
        ("restore", "Nothing is in the trash"),
    ],
)
def test_what_cannot_be_done_is_said_in_a_sentence(
    command, sentence, boxed, tmp_path, monkeypatch, capsys
):
    monkeypatch.chdir(tmp_path)
    write_model("mine")
    Path("holiday.jpg").write_bytes(b"no model")
    assert sentence in failure(capsys, "models", *command.split())


def test_a_folder_is_segmented_and_scored_by_the_models_name(boxed, tmp_path, capsys):
    folder = bright_squares(tmp_path / "data", 2)
    done = json_of(
        capsys, "segment", folder / "images", "--model", "brain-tumor", "--out", tmp_path
    )
    assert len(done["written"]) == 2
    scored = json_of(capsys, "evaluate", folder, "--model", "brain-tumor", "--subset", "all")
    assert scored["model"] == str(boxed)

"""What models are called, and finding one by its name."""

from __future__ import annotations

from pathlib import Path

import pytest

from napari_unet.card import SUFFIX
from napari_unet.errors import ModelError
from napari_unet.library.names import check_name, check_new, find, find_own, is_own, name_of
from napari_unet.workspace import models_dir
from sessions import write_model


def test_a_model_is_found_by_name_with_or_without_the_ending_and_whatever_the_case():
    model = write_model("Nuclei v2")
    for text in ("Nuclei v2", f"Nuclei v2{SUFFIX}", "nuclei V2"):
        assert find(text) == model


def test_of_names_that_differ_in_case_the_very_same_one_is_meant(tmp_path):
    upper, lower = write_model("A"), write_model("a")
    if upper.samefile(lower):
        pytest.skip("this file system knows no difference")
    assert (find("A"), find("a")) == (upper, lower)


def test_letters_with_accents_are_found_however_they_are_written():
    model = write_model("Schädel")
    assert find("Scha\u0308del") == model


def test_a_file_comes_before_the_workspace_and_the_workspace_before_the_box(
    boxed, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    assert find("brain-tumor") == boxed
    own = write_model("brain-tumor")
    assert find("brain-tumor") == own
    here = Path("brain-tumor")
    here.write_bytes(own.read_bytes())
    assert find("brain-tumor") == here


def test_a_folder_of_that_name_is_no_model(boxed, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "brain-tumor").mkdir()
    assert find("brain-tumor") == boxed
    (tmp_path / "data").mkdir()
    with pytest.raises(ModelError, match="data is a folder"):
        find("data")


def test_what_is_not_there_is_answered_with_what_is_called_alike(boxed):
    with pytest.raises(ModelError, match="did you mean brain-tumor"):
        find("brain-tumour")
    with pytest.raises(ModelError, match="models list"):
        find("zebra")
    with pytest.raises(ModelError, match="cannot be read"):
        find("x" * 5000)


def test_the_last_epoch_of_a_model_has_no_name_of_its_own():
    last = write_model("m.last")
    with pytest.raises(ModelError):
        find("m.last")
    assert not is_own(last)


def test_only_the_workspaces_models_may_be_changed(boxed, tmp_path):
    own = write_model("mine")
    assert find_own("mine") == own
    assert find_own(str(own)) == own
    with pytest.raises(ModelError, match="came with napari-unet"):
        find_own("brain-tumor")
    other = tmp_path / f"mine{SUFFIX}"
    other.write_bytes(own.read_bytes())
    with pytest.raises(ModelError, match="outside of the library"):
        find_own(other)


@pytest.mark.parametrize(
    ("name", "why"),
    [
        *[("", "letter"), ("   ", "letter"), ("a/b", "/"), ("a\\b", "cannot"), ("a:b", ":")],
        *[("what?", "cannot"), ("../up", "cannot"), (".hidden", "begins"), ("-rf", "begins")],
        *[("dot.", "ends"), ("space ", "ends"), ("CON", "Windows"), ("nul.v2", "Windows")],
        *[("com7", "Windows"), ("m.last", "last epoch"), ("a\nb", "seen"), ("a\u200bb", "seen")],
        *[("x" * 201, "longer"), ("ä" * 101, "longer"), ("a\ud800", "seen"), ("a\0b", "seen")],
    ],
)
def test_names_that_some_system_cannot_have_are_refused(name, why):
    with pytest.raises(ModelError, match=why):
        check_name(name)


@pytest.mark.parametrize(
    "name", ["brain tumour", "Kerne-2026", "腫瘍", "v1.2", "x" * 200, "concave"]
)
def test_names_that_any_system_can_have_are_kept(name):
    assert check_name(name) == name
    assert check_name(f"{name}{SUFFIX}") == name
    path = models_dir() / f"{name}{SUFFIX}"
    assert name_of(path) == name


def test_a_name_is_given_once_whatever_its_case(boxed):
    taken = write_model("Mine")
    with pytest.raises(ModelError, match="called Mine already"):
        check_new("mine")
    assert check_new("mine", but=taken) == "mine"
    with pytest.raises(ModelError, match="came with"):
        check_new("Brain-Tumor")

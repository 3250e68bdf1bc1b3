"""Models with equal weights."""

from __future__ import annotations

import shutil
from dataclasses import replace

import pytest

from models import bright_model, random_model
from napari_unet.card import SUFFIX, checksum
from napari_unet.errors import ModelError
from napari_unet.library import duplicates, entries, same_as
from napari_unet.unet.file import load_model, save_model
from napari_unet.workspace import models_dir


def names(groups):
    return [sorted(e.name for e in group) for group in groups]


def test_copies_are_found_whatever_they_are_called_and_say_of_themselves(boxed):
    model, card = load_model(boxed)
    save_model(models_dir() / f"renamed{SUFFIX}", model, replace(card, name="x", data={"a": 1}))
    save_model(models_dir() / f"strict{SUFFIX}", model, replace(card, threshold=0.9))
    random_model(models_dir() / f"random{SUFFIX}")
    assert names(duplicates()) == [["brain-tumor", "renamed"]]
    assert duplicates([e for e in entries() if not e.boxed]) == []


def test_only_what_may_be_equal_is_read_as_a_whole(boxed, monkeypatch):
    random_model(models_dir() / f"random{SUFFIX}")
    shutil.copyfile(boxed, models_dir() / f"copy{SUFFIX}")
    read = []
    monkeypatch.setattr(
        "napari_unet.library.weights.checksum", lambda p: read.append(p) or checksum(p)
    )
    assert names(duplicates()) == [["brain-tumor", "copy"]]
    assert len(read) == 2
    duplicates()
    assert len(read) == 2  # they have not changed


def test_weights_that_differ_before_the_end_differ(boxed):
    model, card = load_model(boxed)
    first = next(p for p in model.parameters() if p.ndim > 1)
    first.view(-1)[0] += 1
    save_model(models_dir() / f"other{SUFFIX}", model, card)
    assert duplicates() == []


def test_a_file_is_known_by_its_weights(boxed, tmp_path):
    copy = tmp_path / f"copy{SUFFIX}"
    shutil.copyfile(boxed, copy)
    found = same_as(copy)
    assert found is not None
    assert found.name == "brain-tumor"
    assert same_as(bright_model(tmp_path / f"another{SUFFIX}", size=64)) is None
    copy.write_bytes(b"no model")
    with pytest.raises(ModelError):
        same_as(copy)


def test_a_file_that_goes_meanwhile_is_like_nothing_else(boxed):
    copy = models_dir() / f"copy{SUFFIX}"
    shutil.copyfile(boxed, copy)
    listed = entries()
    copy.unlink()
    assert duplicates(listed) == []

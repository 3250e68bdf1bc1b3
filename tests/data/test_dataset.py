"""Opening folders as data sets."""

import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from napari_unet.data.cases import LabelRule
from napari_unet.data.dataset import (
    check_cases,
    open_dataset,
    require_trainable,
    scattered,
)
from napari_unet.data.formats import describe_scan, read_case
from napari_unet.data.pairing.edits import load_edits, save_edits
from napari_unet.errors import DataError


def test_a_folder_becomes_a_data_set(small: Path) -> None:
    data = open_dataset(str(small))
    assert len(data) == 6
    assert data.patients == 3
    assert data.channels == 1
    assert data.labels == LabelRule(threshold=127.5)
    assert data.root == small
    assert data.cases[3].name == "images/3"
    assert data.cases[3].tags == {"kind": "b"}
    assert data.notes == ()
    require_trainable(data)


def test_names_tell_two_suffixes_apart(folder) -> None:
    root = folder(
        *("a/images/1.png", "a/masks/1.png", "b/images/1.png", "b/masks/1.png"),
        *("images/x.jpg", "masks/x.png", "images/x_1.png", "masks/x_1.png"),
    )
    names = [c.name for c in open_dataset(root).cases]
    assert sorted(names) == ["a/images/1", "b/images/1", "images/x", "images/x_1"]


def test_names_keep_the_suffix_where_it_is_needed(png, tmp_path: Path, disc: np.ndarray) -> None:
    for suffix in ("png", "bmp"):
        png(f"images/1.{suffix}", disc)
        png(f"masks/{suffix}.png", disc)
    (tmp_path / "metadata.csv").write_text(
        "image,mask\nimages/1.png,masks/png.png\nimages/1.bmp,masks/bmp.png\n"
    )
    assert [c.name for c in open_dataset(tmp_path).cases] == ["images/1.bmp", "images/1.png"]


@pytest.mark.parametrize("limit", [1, 2, 3, 4, 5])
def test_a_limit_keeps_whole_patients(small: Path, limit: int) -> None:
    data = open_dataset(small, limit=limit)
    assert 1 <= len(data) <= limit
    if limit >= 2:
        assert len(data) == 2 * data.patients
    assert "limited" in data.notes[-1]
    assert open_dataset(small, limit=limit).cases == data.cases


def test_a_limit_above_the_count_changes_nothing(small: Path) -> None:
    assert open_dataset(small, limit=6) == open_dataset(small)


# --- nothing to open ----------------------------------------------------------------------------


def test_folders_without_pairs_say_what_to_do(folder, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="There is no folder"):
        open_dataset(tmp_path / "nowhere")
    with pytest.raises(DataError, match=r"is empty. Put images into a folder 'images'"):
        open_dataset(folder())
    with pytest.raises(DataError, match=r"Found: 2 × \.jpg, 1 × \.txt .*_mask"):
        open_dataset(folder("a.jpg", "b.jpg", "c.txt"))


# --- channels -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kinds", "channels", "note"),
    [
        (["grey"], 1, ""),
        (["colour"], 3, ""),
        (["three equal"], 1, "three equal channels"),
        (["three equal", "grey"], 1, "three equal channels"),
        (["three equal", "colour"], 3, ""),
        (["grey", "colour"], 3, "some images are grey"),
        (["five"], 5, ""),
        (["five", "five", "grey"], 5, "5 is expected"),
        (["damaged"], 1, "no image of the sample"),
    ],
)
def test_channels(tmp_path: Path, disc, kinds: list[str], channels: int, note: str) -> None:
    arrays = {
        "grey": disc,
        "colour": np.dstack([disc, disc, disc + 1]),
        "three equal": np.dstack([disc] * 3),
        "five": np.dstack([disc] * 5),
    }
    for kind in ("images", "masks"):
        (tmp_path / kind).mkdir()
    for i, kind in enumerate(kinds):
        np.save(tmp_path / "masks" / f"{i}.npy", disc)
        if kind == "damaged":
            (tmp_path / "images" / f"{i}.npy").write_bytes(b"x")
        elif kind == "five":
            import tifffile

            tifffile.imwrite(
                tmp_path / "images" / f"{i}.tif",
                np.moveaxis(arrays[kind], -1, 0),
                imagej=True,
                metadata={"axes": "CYX"},
            )
        else:
            np.save(tmp_path / "images" / f"{i}.npy", arrays[kind])
    data = open_dataset(tmp_path)
    assert data.channels == channels
    assert note in " ".join(data.notes)
    assert bool(note) == bool(data.notes)


# --- one class, damaged files -------------------------------------------------------------------


@pytest.mark.parametrize(("value", "word"), [(0, "blank"), (255, "entirely foreground")])
def test_one_class_only_cannot_be_learned(png, tmp_path, disc, value: int, word: str) -> None:
    for i in range(3):
        png(f"images/{i}.png", disc)
        png(f"masks/{i}.png", np.full_like(disc, value))
    data = open_dataset(tmp_path)
    with pytest.raises(DataError, match=f"{word}: with one class only"):
        require_trainable(data)


def test_blank_masks_among_others_are_fine(png, tmp_path, disc) -> None:
    for i in range(200):
        png(f"images/{i}.png", disc)
        png(f"masks/{i}.png", disc * 255 if i == 137 else disc * 0)
    data = open_dataset(tmp_path)
    assert data.labels == LabelRule(threshold=127.5)
    require_trainable(data)


def test_masks_that_cannot_be_read_cannot_be_learned(folder) -> None:
    data = open_dataset(folder("images/1.png", "masks/1.png"))
    with pytest.raises(DataError, match=r"No mask .* can be read. The first: .*is empty"):
        require_trainable(data)


def test_checking_goes_on_after_a_bad_case(small: Path) -> None:
    data = open_dataset(small)
    (small / "images" / "2.png").write_bytes(b"")
    found = list(check_cases(data.cases, data.labels, data.channels))
    assert [str(error is not None) for _, error in found] == ["False"] * 2 + ["True"] + [
        "False"
    ] * 3


@given(st.integers(0, 500))
def test_scattering_leaves_nothing_out(count: int) -> None:
    assert sorted(scattered(range(count))) == list(range(count))


# --- real data ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "count", "people", "channels", "note"),
    [
        ("brain_tumor", 2557, 170, 1, "194 patient ids are taken as 170 people"),
        ("brain_tumor_512", 40, 40, 1, ""),
        ("brain_tumor_mat", 11, 11, 1, ""),
        ("lgg", 176, 5, 3, ""),
        ("pratheepan", 78, 78, 3, "smear"),
        ("dsb2018", 56, 56, 3, "instance"),
        ("isbi2012", 20, 20, 1, ""),
    ],
)
def test_real_data_open_by_themselves(
    real_data, name: str, count: int, people: int, channels: int, note: str
) -> None:
    data = open_dataset(real_data(name))
    assert (len(data), data.patients, data.channels) == (count, people, channels)
    assert data.labels.classes == 1
    assert note in " ".join(data.notes)
    require_trainable(data)
    some = [case for case, _ in zip(scattered(data.cases), range(8), strict=False)]
    assert [e for _, e in check_cases(some, data.labels, data.channels) if e] == []


def test_a_large_folder_opens_at_once(real_data) -> None:
    root = real_data("brain_tumor")
    open_dataset(root)  # what is imported is not counted
    start = time.perf_counter()
    open_dataset(root)
    assert time.perf_counter() - start < 5  # a fifth of a second on an idle machine


@pytest.mark.parametrize(("axes", "read"), [("", "zyx"), ("tyx", "tyx"), ("cyx", "yxc")])
def test_a_person_names_the_axes_that_files_do_not_name(
    tmp_path: Path, axes: str, read: str
) -> None:
    rng = np.random.default_rng(0)
    for i in range(2):
        for name in ("images", "masks"):
            (tmp_path / name).mkdir(exist_ok=True)
        shape = (24, 32) if axes == "cyx" else (6, 24, 32)
        np.save(tmp_path / "images" / f"{i}.npy", rng.integers(0, 255, (6, 24, 32), np.uint8))
        np.save(tmp_path / "masks" / f"{i}.npy", (rng.random(shape) > 0.9).astype(np.uint8))
    save_edits(tmp_path, replace(load_edits(tmp_path), axes=axes))
    dataset = open_dataset(tmp_path)
    assert describe_scan(dataset.cases[0]).axes == read
    assert bool(describe_scan(dataset.cases[0]).guess) is not bool(axes)
    image, mask = read_case(dataset.cases[0], dataset.labels, dataset.channels)
    assert mask.shape == shape
    assert image.shape == ((24, 32, 6) if axes == "cyx" else shape)
    assert dataset.channels == (6 if axes == "cyx" else 1)

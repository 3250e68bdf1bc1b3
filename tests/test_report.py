from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from napari_unet.drawing import (
    CONFUSED,
    EXTRA,
    HIT,
    MISSED,
    PANEL,
    TITLES,
    draw,
    error_masks,
    paint,
    panels,
    to_rgb,
)
from napari_unet.errors import DataError
from napari_unet.events import CaseScore
from napari_unet.metrics import SCORES, score_masks, summarise
from napari_unet.report import PictureRow, elide, picture, table, to_json, write_csv

NAN = float("nan")


def masks(seed: int = 0, classes: int = 1, size: int = 24) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, classes + 1, (size, size))


def scored(n: int = 5) -> list[CaseScore]:
    return [
        score_masks(masks(i), masks(i + 100), name=f"folder/{i}", patient=f"P{i // 2}")
        for i in range(n)
    ]


def failed(name: str = "broken", error: str = "broken.png is truncated") -> CaseScore:
    return CaseScore(name, "P", NAN, NAN, NAN, NAN, NAN, empty=False, error=error)


def empty() -> CaseScore:
    nothing = np.zeros((4, 4), int)
    return score_masks(nothing, nothing, name="healthy", patient="P9")


def read(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as f:
        return list(csv.DictReader(f))


# --- CSV --------------------------------------------------------------------------------------


def test_csv_gives_back_the_exact_numbers(tmp_path):
    scores = scored()
    write_csv(tmp_path / "new folder" / "scores.csv", scores)
    rows = read(tmp_path / "new folder" / "scores.csv")
    assert list(rows[0]) == ["name", "patient", *SCORES, "empty", "error"]
    for row, score in zip(rows, scores, strict=True):
        assert (row["name"], row["patient"], row["empty"]) == (score.name, score.patient, "false")
        assert [float(row[k]) for k in SCORES] == [getattr(score, k) for k in SCORES]


def test_csv_keeps_tags_and_awkward_text(tmp_path):
    tagged = score_masks(masks(1), masks(2), name='a,"b"\nä', tags={"tumor": "2", "dice": "x"})
    write_csv(tmp_path / "s.csv", [tagged, *scored(1)])
    first, second = read(tmp_path / "s.csv")
    assert first["name"] == 'a,"b"\nä'
    assert (first["tumor"], second["tumor"]) == ("2", "")
    assert first["tag dice"] == "x"
    assert float(first["dice"]) == tagged.dice


def test_csv_has_columns_per_class_only_for_several(tmp_path):
    names = ("liver", "tumour")
    both = score_masks(masks(1, 2), masks(2, 2), names, "both")
    one = score_masks(masks(1), masks(2), names, "one")
    write_csv(tmp_path / "s.csv", [both, one])
    rows = read(tmp_path / "s.csv")
    assert float(rows[0]["dice tumour"]) == both.per_class["tumour"]["dice"]
    assert float(rows[1]["iou liver"]) == one.per_class["liver"]["iou"]
    assert rows[1]["dice tumour"] == ""


def test_csv_leaves_scores_of_failed_cases_blank(tmp_path):
    write_csv(tmp_path / "s.csv", [failed()])
    (row,) = read(tmp_path / "s.csv")
    assert row["error"] == "broken.png is truncated"
    assert not any(row[k] for k in (*SCORES, "empty"))


def test_csv_without_cases_is_a_header(tmp_path):
    write_csv(tmp_path / "s.csv", [])
    assert read(tmp_path / "s.csv") == []
    assert (tmp_path / "s.csv").read_text(encoding="utf-8").startswith("name,patient,dice")


def test_an_earlier_csv_survives_a_failed_write(tmp_path, monkeypatch):
    path = tmp_path / "s.csv"
    write_csv(path, scored(2))
    before = path.read_bytes()

    def full(*_args: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(csv.DictWriter, "writerows", full)
    with pytest.raises(OSError, match="No space"):
        write_csv(path, scored(5))
    assert path.read_bytes() == before
    assert [p.name for p in tmp_path.iterdir()] == ["s.csv"]


# --- table ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "scores",
    [
        scored(),
        [*scored(3), empty(), failed()],
        [score_masks(masks(1), masks(2), name="n" * 300, patient="p" * 300)],
        [failed(error="x" * 300)],
        [empty()],
    ],
)
def test_table_is_aligned_within_80_columns(scores):
    text = table(scores, summarise(scores))
    head, rule, *lines = text.splitlines()
    assert len(head) == len(rule) <= 80
    bodies = lines[: lines.index(rule)]
    assert len(bodies) == len(scores)
    for line in lines:
        assert len(line) <= 80
    numbers = [line for line in bodies if "." in line[-6:]]
    assert all(len(line) == len(rule) for line in numbers)


def test_table_shows_each_score_and_the_summary():
    scores = scored()
    summary = summarise(scores)
    lines = table(scores, summary).splitlines()
    assert lines[2].split()[:3] == ["folder/0", "P0", f"{scores[0].dice:.4f}"]
    last = {" ".join(words.split()[:-5]): words.split()[-5:] for words in lines[-4:]}
    assert last["mean of 5 images"] == [f"{summary['mean'][k]:.4f}" for k in SCORES]
    assert last["median"] == [f"{summary['median'][k]:.4f}" for k in SCORES]
    assert last["standard deviation"] == [f"{summary['std'][k]:.4f}" for k in SCORES]
    assert last["mean of 3 patients"] == [f"{summary['patients']['mean'][k]:.4f}" for k in SCORES]


def test_table_counts_empty_and_failed_images():
    scores = [*scored(2), empty(), failed()]
    text = table(scores, summarise(scores))
    assert "broken.png is truncated" in text
    assert "No foreground in either mask: 1 image, counted as 1." in text
    assert "Could not be scored, left out: 1 image." in text


def test_table_omits_the_patient_where_nobody_is_told_apart():
    scores = [score_masks(masks(1), masks(2), name="a", patient="a")]
    assert "patient" not in table(scores, summarise(scores))


def test_elide_keeps_both_ends():
    assert elide("short", 5) == "short"
    assert elide("abcdefghij", 5) == "ab…ij"
    assert len(elide("abcdefghij", 6)) == 6


# --- JSON -------------------------------------------------------------------------------------


def test_json_has_the_promised_keys():
    scores = [*scored(3), empty()]
    found = to_json(scores, summarise(scores))
    assert (found["images"], found["empty"], found["patients"]["count"]) == (4, 1, 3)
    for key in ("mean", "median", "std"):
        assert set(found[key]) == set(SCORES)
    assert found["per_image"][0]["dice"] == scores[0].dice
    wanted = {"name", "patient", "empty", "tags", *SCORES}
    assert wanted <= found["per_image"][0].keys()


def test_json_is_valid_when_every_case_failed():
    scores = [failed(), failed("second")]
    text = json.dumps(to_json(scores, summarise(scores)), allow_nan=False)
    assert json.loads(text)["per_image"][1]["dice"] is None


# --- picture ----------------------------------------------------------------------------------


def row(shape: tuple[int, ...] = (40, 60), classes: int = 1, **changes: object) -> PictureRow:
    rng = np.random.default_rng(0)
    values: dict[str, object] = {
        "name": "case",
        "image": rng.integers(0, 4000, shape).astype(np.uint16),
        "reference": rng.integers(0, classes + 1, shape[:2]),
        "prediction": rng.integers(0, classes + 1, shape[:2]),
        "caption": "Dice 0.500",
    }
    return PictureRow(**{**values, **changes})


def test_picture_is_a_png_of_all_rows(tmp_path):
    path = tmp_path / "out" / "p.png"
    picture(path, [row(), row((50, 50, 3)), row((400, 100))])
    with Image.open(path) as png:
        assert png.format == "PNG"
        width, height = png.size
    assert width > PANEL * len(TITLES)
    assert height > PANEL * 2 + round(PANEL * 40 / 60)


@pytest.mark.parametrize(
    "image",
    [
        np.zeros((20, 30)),
        np.full((20, 30), np.nan),
        np.eye(20, 30, dtype=bool),
        np.random.default_rng(0).normal(size=(20, 30, 3)).astype(np.float32),
        np.full((20, 30), np.iinfo(np.int16).min, np.int16),
        np.zeros((20, 30, 1)),
        np.zeros((20, 30, 2)),
        np.zeros((20, 30, 4), np.uint8),
        np.where(np.eye(20, 30) > 0, np.inf, 1.0),
    ],
)
def test_any_real_image_can_be_drawn(image):
    rgb = to_rgb(image)
    assert rgb.shape == (20, 30, 3)
    assert rgb.dtype == np.uint8
    blank = np.zeros((20, 30), int)
    assert draw([PictureRow("x" * 500, image, blank, blank)]).width > PANEL


def test_contrast_is_stretched_past_outliers():
    image = np.linspace(100, 200, 10_000).reshape(100, 100)
    image[0, 0] = 1e9
    rgb = to_rgb(image)
    assert rgb.min() == 0
    assert (rgb == 255).mean() < 0.02
    assert 120 < rgb[50, 50, 0] < 136


def test_a_few_bright_pixels_stay_visible():
    image = np.zeros((100, 100))
    image[50, 50] = 7
    assert to_rgb(image)[50, 50, 0] == 255
    assert to_rgb(image)[0, 0, 0] == 0


def test_errors_are_told_apart():
    reference = np.array([[1, 1, 0, 0, 2]])
    prediction = np.array([[1, 0, 1, 0, 1]])
    found = {colour: mask.tolist() for mask, colour in error_masks(reference, prediction)}
    assert found == {
        HIT: [[True, False, False, False, False]],
        MISSED: [[False, True, False, False, False]],
        EXTRA: [[False, False, True, False, False]],
        CONFUSED: [[False, False, False, False, True]],
    }


def test_a_single_pixel_is_painted_in_full_colour():
    mask = np.zeros((9, 9), bool)
    mask[4, 4] = True
    painted = paint(np.zeros((9, 9, 3), np.uint8), [(mask, HIT)])
    assert tuple(painted[4, 4]) == HIT
    assert not painted[~mask].any()


@pytest.mark.parametrize("dtype", [bool, np.uint8, np.int64, np.uint16])
def test_masks_of_any_integer_type(dtype):
    shape = (16, 300)
    image, reference, prediction, agreement = panels(
        row(shape, reference=np.ones(shape, dtype), prediction=np.zeros(shape, dtype))
    )
    assert {p.shape for p in (image, reference, prediction, agreement)} == {(15, PANEL, 3)}
    assert np.array_equal(image, prediction)
    assert tuple(agreement[0, 0]) == MISSED


def test_a_mask_of_another_size_is_refused():
    with pytest.raises(DataError, match=r"case: the prediction is \(3, 3\)"):
        draw([row(prediction=np.zeros((3, 3), int))])
    with pytest.raises(DataError, match="no case"):
        draw([])


def test_the_legend_speaks_of_wrong_classes_only_where_there_are_some():
    legend = slice(-20, None)
    binary, several = (np.asarray(draw([row(classes=k)]))[legend] for k in (1, 2))
    assert not (binary == CONFUSED).all(axis=-1).any()
    assert (several == CONFUSED).all(axis=-1).any()

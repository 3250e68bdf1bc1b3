"""What the values of masks mean."""

import io

import numpy as np
import pytest
from PIL import Image, ImageDraw

from napari_unet.data.cases import LabelRule
from napari_unet.data.formats import read_mask
from napari_unet.data.masks.rules import find_rule
from napari_unet.data.masks.seen import MOST_MASKS


def blobs(values: list[int], seed: int = 0, size: int = 128) -> np.ndarray:
    """One ellipse per value, ``(size, size)`` uint8, on 0."""
    rng = np.random.default_rng(seed)
    picture = Image.new("L", (size, size))
    for value in values:
        x, y, wide, tall = rng.integers(8, size // 3, 4)
        x, y = x * 2, y * 2
        ImageDraw.Draw(picture).ellipse([x, y, x + wide, y + tall], fill=value)
    return np.array(picture)


def jpeg(mask: np.ndarray, quality: int) -> np.ndarray:
    data = io.BytesIO()
    Image.fromarray(mask).save(data, "JPEG", quality=quality)
    return np.array(Image.open(data))


@pytest.mark.parametrize(
    ("high", "threshold"), [(1, 0.5), (255, 127.5), (76, 38), (65535, 32767.5)]
)
def test_two_values_are_background_and_foreground(high: int, threshold: float) -> None:
    masks = [(blobs([1], seed) * np.uint16(high)) for seed in range(5)]
    assert find_rule(masks) == (LabelRule(threshold=threshold), ())


def test_without_zero_the_lower_of_two_values_is_background() -> None:
    rule, notes = find_rule([blobs([1]) + 1])
    assert rule == LabelRule(threshold=1.5)
    assert "1 as background" in notes[0]


def test_0_1_here_and_0_255_there() -> None:
    rule, notes = find_rule([blobs([1], 0), blobs([255], 1)])
    assert rule == LabelRule(threshold=0)
    assert len(notes) == 1


@pytest.mark.parametrize("quality", [50, 75, 95])
def test_jpeg_smear_is_no_class(quality: int) -> None:
    masks = [jpeg(blobs([255], seed), quality) for seed in range(10)]
    rule, notes = find_rule(masks)
    assert rule == LabelRule(threshold=127.5)
    assert "smear" in notes[0]


def test_antialiasing_is_no_class() -> None:
    large = Image.fromarray(blobs([255], size=512))
    small = np.array(large.resize((128, 128), Image.Resampling.BICUBIC))
    assert len(np.unique(small)) > 10
    assert find_rule([small])[0] == LabelRule(threshold=127.5)


def test_stray_values_next_to_black_are_no_class() -> None:
    mask = blobs([255])
    mask[0, 0], mask[0, 5] = 1, 4
    assert find_rule([mask])[0] == LabelRule(threshold=127.5)


def test_probabilities_are_halved() -> None:
    values = np.linspace(0, 1, 64).reshape(8, 8)
    rule, notes = find_rule([values])
    assert rule == LabelRule(threshold=0.5)
    assert "fractions" in notes[0]


def test_small_numbers_are_classes() -> None:
    rule, notes = find_rule([blobs([1, 2, 3], seed) for seed in range(5)])
    assert rule == LabelRule(values=(1, 2, 3), names=("class 1", "class 2", "class 3"))
    assert "3 classes" in notes[0]


def test_one_class_per_mask_are_classes_too() -> None:
    rule, _ = find_rule([blobs([seed % 3 + 1], seed) for seed in range(9)])
    assert rule.values == (1, 2, 3)


def test_shades_far_apart_are_classes() -> None:
    rule, _ = find_rule([blobs([85, 170, 255], seed) for seed in range(5)])
    assert rule.values == (85, 170, 255)
    rule, _ = find_rule([jpeg(blobs([85, 170, 255], seed), 95) for seed in range(5)])
    assert rule.values == (85, 170, 255)


def test_255_beside_small_numbers_is_ignore() -> None:
    rule, notes = find_rule([blobs([1, 2, 255], seed) for seed in range(5)])
    assert rule.values == (1, 2)
    assert any("ignore" in n for n in notes)


def test_many_ids_are_objects() -> None:
    ids = np.arange(2500, dtype=np.uint16).reshape(50, 50).repeat(4, 0).repeat(4, 1)
    rule, notes = find_rule([ids])
    assert rule == LabelRule(threshold=0)
    assert "instance" in notes[0]


def test_few_objects_counted_anew_in_every_mask_are_objects() -> None:
    masks = [blobs(list(range(1, n + 1)), n) for n in (3, 5, 7, 4)]
    assert find_rule(masks)[0] == LabelRule(threshold=0)


def test_values_of_one_mask_only_are_objects() -> None:
    masks = [blobs([3 * i + 1, 3 * i + 2, 3 * i + 3], i) for i in range(6)]
    assert find_rule(masks)[0] == LabelRule(threshold=0)


@pytest.mark.parametrize(("value", "word"), [(0, "blank"), (255, "255 everywhere")])
def test_one_value_is_said_not_refused(value: int, word: str) -> None:
    rule, notes = find_rule([np.full((4, 4), value, np.uint8)] * 3)
    assert rule == LabelRule()
    assert word in notes[0]


def test_no_more_masks_are_taken_than_needed() -> None:
    taken = []

    def masks(blank: int):
        for i in range(5000):
            taken.append(i)
            yield np.full((2, 2), 0, np.uint8) if i < blank else np.eye(2, dtype=np.uint8)

    assert find_rule(masks(blank=0))[0] == LabelRule(threshold=0.5)
    assert len(taken) == 64
    taken.clear()
    assert find_rule(masks(blank=100))[0] == LabelRule(threshold=0.5)
    assert len(taken) == 101
    taken.clear()
    find_rule(masks(blank=5000))
    assert len(taken) == MOST_MASKS


def test_files_are_taken_too_and_damaged_ones_skipped(png, tmp_path) -> None:
    (tmp_path / "bad.png").touch()
    assert find_rule([tmp_path / "bad.png", png("m.png", blobs([255]))])[0].threshold == 127.5
    assert find_rule([tmp_path / "bad.png"]) == (LabelRule(), ("no mask could be looked at",))


@pytest.mark.parametrize(
    ("name", "masks", "threshold"),
    [
        ("brain_tumor", "masks/*.png", 127.5),
        ("pratheepan", "Ground_Truth/*/*.png", 127.5),
        ("lgg", "*/*_mask.tif", 127.5),
        ("isbi2012", "label/*.png", 127.5),
        ("dsb2018", "labels/*.tif", 0),
    ],
)
def test_the_real_masks_are_binary(real_data, name: str, masks: str, threshold: float) -> None:
    files = sorted(real_data(name).glob(masks))
    assert find_rule(read_mask(f) for f in files)[0] == LabelRule(threshold=threshold)


@pytest.mark.parametrize("dtype", [np.uint8, np.float32])
def test_volumes_are_looked_at_in_some_planes(dtype: type) -> None:
    volume = np.zeros((500, 40, 40), dtype)
    volume[200:240, 5:20, 5:20] = 1
    volume[210:230, 8:15, 8:15] = 2
    rule, notes = find_rule([volume, volume[:, ::-1]])
    assert rule == LabelRule(values=(1, 2), names=("class 1", "class 2"))
    assert "2 classes" in notes[0]
    blank = np.zeros((500, 40, 40), dtype)
    assert find_rule([blank])[1] == ("every mask that was looked at is blank",)


def test_the_real_labels_of_volumes(real_data) -> None:
    files = sorted((real_data("hippocampus") / "labelsTr").glob("*.nii.gz"))[::10]
    assert find_rule(files)[0].values == (1, 2)


def test_the_real_instances_of_a_volume(real_data) -> None:
    rule, notes = find_rule([next(real_data("nuclei3d").rglob("*.h5"))])
    assert rule.values == ()
    assert "instance ids" in notes[0]

"""Masks whose colours are classes."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from napari_unet.data.cases import LabelRule
from napari_unet.data.formats import read_classes
from napari_unet.data.masks.colours import apply_colours, pack, unpack
from napari_unet.data.masks.labels import describe_rule
from napari_unet.data.masks.rules import find_rule

CLASSES = np.zeros((60, 80), np.uint8)
CLASSES[5:25, 5:40] = 1
CLASSES[30:55, 10:30] = 2
CLASSES[30:55, 50:75] = 3
COLOURS = np.array([[0, 0, 0], [255, 0, 0], [0, 255, 0], [128, 64, 32]], np.uint8)


@pytest.fixture(params=["png", "jpg"])
def files(tmp_path: Path, request: pytest.FixtureRequest) -> list[Path]:
    """Five coloured masks, the last of them blank."""
    paths = []
    for i in range(5):
        classes = np.roll(CLASSES, 3 * i, axis=1) if i < 4 else np.zeros_like(CLASSES)
        paths.append(tmp_path / f"{i}.{request.param}")
        Image.fromarray(COLOURS[classes]).save(paths[-1], quality=90)
    return paths


def test_colours_are_found_and_kept(files: list[Path]) -> None:
    rule, notes = find_rule(files)
    assert rule.by_colour
    assert rule.classes == 3
    assert "black is background" in notes[0]
    if files[0].suffix == ".png":
        assert rule.colours == ("#00ff00", "#804020", "#ff0000")
        assert rule.names == ("green", "#804020", "red")
        assert "red where the mask is #ff0000" in describe_rule(rule)


def test_every_pixel_gets_its_class_smeared_or_not(files: list[Path]) -> None:
    rule, _ = find_rule(files)
    found = read_classes(files[0], rule)
    wanted = np.array([0, 3, 1, 2], np.uint8)[CLASSES]  # by colour: green, brown, red
    assert (found == wanted).mean() > (0.999 if files[0].suffix == ".png" else 0.97)
    assert not read_classes(files[4], rule).any()


def test_a_blank_mask_of_greys_is_blank_too(tmp_path: Path, files: list[Path]) -> None:
    Image.fromarray(np.zeros((60, 80), np.uint8)).save(tmp_path / "grey.png")
    rule, _ = find_rule([*files, tmp_path / "grey.png"])
    assert rule.by_colour
    assert not read_classes(tmp_path / "grey.png", rule).any()


def test_white_may_be_the_background_and_one_colour_a_class(tmp_path: Path) -> None:
    colours = np.array([[255, 255, 255], [0, 0, 255]], np.uint8)
    for i in range(3):
        Image.fromarray(colours[(CLASSES == 1).astype(int)]).save(tmp_path / f"{i}.png")
    rule, notes = find_rule(sorted(tmp_path.glob("*.png")))
    assert (rule.names, rule.colours) == (("foreground",), ("#0000ff",))
    assert "white is background" in notes[0]
    assert np.array_equal(read_classes(tmp_path / "0.png", rule), CLASSES == 1)


def test_greys_saved_as_colour_stay_what_they_were(tmp_path: Path) -> None:
    for i in range(3):
        Image.fromarray(np.dstack([(CLASSES > 0) * np.uint8(255)] * 3)).save(tmp_path / f"{i}.png")
    assert find_rule(sorted(tmp_path.glob("*.png"))) == (LabelRule(threshold=127.5), ())


def test_a_palette_gives_classes_their_colours(tmp_path: Path) -> None:
    for i in range(3):
        picture = Image.fromarray(CLASSES).convert("P")
        picture = Image.frombytes("P", picture.size, CLASSES.tobytes())
        picture.putpalette(COLOURS.ravel().tolist())
        picture.save(tmp_path / f"{i}.png")
    rule, _ = find_rule(sorted(tmp_path.glob("*.png")))
    assert rule.values == (1, 2, 3)
    assert rule.colours == ("#ff0000", "#00ff00", "#804020")
    assert not rule.by_colour


def test_packing_and_back() -> None:
    rgb = np.random.default_rng(0).integers(0, 256, (9, 9, 3)).astype(np.uint8)
    assert np.array_equal(unpack(pack(rgb)), rgb)
    rule = LabelRule(values=(int(pack(COLOURS[1])),), colours=("#ff0000",))
    assert apply_colours(pack(COLOURS[None]), rule).tolist() == [[0, 1, 0, 0]]

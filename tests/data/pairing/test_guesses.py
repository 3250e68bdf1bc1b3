"""Pairs where no names agree: told by pixels, or by order, and announced."""

import numpy as np
import pytest

from napari_unet.data.pairing import pairs as sure
from napari_unet.data.pairing.matching import match
from napari_unet.data.pairing.names import natural
from napari_unet.data.pairing.tree import scan


def pairs(root) -> dict[str, str]:
    return {m.image.rel: m.mask.rel for m in match(scan(root).files).pairs}


@pytest.fixture
def noise() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (32, 32)).astype(np.uint8)


def test_two_like_folders_are_told_apart_by_their_pixels(png, tmp_path, disc, noise) -> None:
    for i in range(3):
        png(f"A/{i}.png", disc * 255)
        png(f"B/{i}.png", noise)
    found = match(scan(tmp_path).files)
    assert {(p.image.rel, p.mask.rel) for p in found.pairs} == {
        (f"B/{i}.png", f"A/{i}.png") for i in range(3)
    }
    assert "pixels" in found.notes[0]


def test_two_suffixes_are_told_apart_by_their_pixels(png, tmp_path, disc, noise) -> None:
    for i in range(3):
        png(f"{i}.jpg", noise)
        png(f"{i}.png", disc * 255)
    found = match(scan(tmp_path).files)
    assert {(p.image.rel, p.mask.rel) for p in found.pairs} == {
        (f"{i}.jpg", f"{i}.png") for i in range(3)
    }


def test_copies_in_two_formats_are_no_pairs(png, tmp_path, noise) -> None:
    for i in range(3):
        png(f"{i}.jpg", noise)
        png(f"{i}.png", noise)
    assert not match(scan(tmp_path).files).pairs


def test_order_is_the_last_resort_and_announced(folder) -> None:
    images = [f"images/scan{n}.png" for n in (2, 10, 1)]
    masks = [f"masks/drawn{n}.png" for n in (30, 4, 200)]
    found = match(scan(folder(*images, *masks)).files)
    assert [(p.image.rel, p.mask.rel) for p in found.pairs] == list(
        zip(sorted(images, key=natural), sorted(masks, key=natural), strict=True)
    )
    assert "order only" in found.notes[0]
    assert "order only" in found.pairs[0].reason
    assert found.pairs[0].confidence == sure.ORDER


def test_order_never_mends_what_other_rules_left(folder) -> None:
    assert pairs(folder("images/1.png", "images/a.png", "masks/1.png", "masks/b.png")) == {
        "images/1.png": "masks/1.png"
    }


def test_order_needs_equal_counts(folder) -> None:
    assert not pairs(folder("images/a.png", "images/b.png", "masks/1.png"))


def test_unreadable_files_are_not_guessed_at(folder) -> None:
    assert not pairs(folder("A/1.png", "B/1.png"))
    assert not pairs(folder("A/1.png", "B/2.png"))

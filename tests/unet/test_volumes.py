import math
from dataclasses import replace

import pytest

from napari_unet.config import PreprocessConfig, UNetConfig
from napari_unet.presets import PRESETS, preset
from napari_unet.unet.volumes import (
    VOXELS,
    fit_volumes,
    flat_levels,
    volume_size,
    worthwhile,
)

SMALL = [(35, 51, 35), (43, 55, 39), (30, 48, 38)]
LARGE = [(240, 256, 160), (200, 256, 150)]
THICK = [(24, 512, 512), (30, 512, 512)]
EVEN, THICK_SLICES = (1.0, 1.0, 1.0), (5.0, 0.8, 0.8)


@pytest.mark.parametrize(
    ("spacing", "levels"),
    [
        (EVEN, 0),
        ((1.3, 1.0, 1.0), 0),
        ((2.0, 1.0, 1.0), 1),
        (THICK_SLICES, 3),
        ((40.0, 1.0, 1.0), 3),
        ((0.5, 1.0, 1.0), 0),
        ((1.0, 4.0, 0.5, 0.5), 3),
        ((), 0),
        ((0.0, 1.0, 1.0), 0),
    ],
)
def test_levels_are_flat_until_pixels_are_as_long_as_slices_are_thick(spacing, levels):
    assert flat_levels(spacing, depth=4) == levels


def test_small_volumes_are_taken_whole():
    network = PRESETS["3d"].network
    mode, size = volume_size(SMALL, EVEN, network)
    assert mode == "whole"
    assert all(n % 2**network.depth == 0 for n in size)
    assert all(n >= max(s[i] for s in SMALL) for i, n in enumerate(size))


@pytest.mark.parametrize(("shapes", "spacing"), [(LARGE, EVEN), (THICK, THICK_SLICES)])
def test_patches_of_large_volumes_are_about_as_long_in_the_world_along_each_axis(shapes, spacing):
    network = UNetConfig(dims=3, depth=4, flat_levels=flat_levels(spacing, 4))
    mode, size = volume_size(shapes, spacing, network)
    assert mode == "patch"
    assert VOXELS / 3 < math.prod(size) <= VOXELS
    steps = [2**h for h in network.halvings]
    assert all(n % step == 0 for n, step in zip(size, steps, strict=True))
    lengths = [n * s for n, s in zip(size, spacing, strict=True)]
    assert max(lengths) / min(lengths) < 2


def test_what_is_better_learned_in_three_dimensions():
    assert worthwhile(SMALL, EVEN)
    assert worthwhile([(12, 64, 64)], THICK_SLICES)
    assert not worthwhile(LARGE, EVEN)
    assert worthwhile(LARGE, EVEN, "cuda")
    assert not worthwhile(THICK, THICK_SLICES)
    assert worthwhile(THICK, EVEN, "cuda")
    assert not worthwhile([(256, 256), *SMALL], EVEN)
    assert not worthwhile([(3, 32, 32)], EVEN)


def test_only_what_nobody_set_is_fitted():
    stock = preset("3d")
    fitted = fit_volumes(stock, SMALL, (3.0, 1.0, 1.0))
    assert fitted.network.flat_levels == 2
    assert fitted.preprocess.mode == "whole"
    assert fitted.preprocess.size[0] < 64
    by_hand = replace(stock, preprocess=PreprocessConfig(size=(16, 32, 32), mode="patch"))
    assert fit_volumes(by_hand, SMALL, EVEN).preprocess == by_hand.preprocess
    flat = preset("plain")
    assert fit_volumes(flat, SMALL, EVEN) == flat
    assert fit_volumes(stock, [(64, 64)], ()) == stock

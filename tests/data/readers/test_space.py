"""Volumes stand upright and lie where their file says."""

import itertools

import numpy as np
import pytest

from napari_unet.data.readers.space import TO_VIEWER, find_geometry, over_axes

SHAPE = (5, 6, 7)


def rotation(degrees: float) -> np.ndarray:
    """Turn about an axis that is none of x, y, z."""
    axis = np.array([0.3, 0.5, 0.8]) / np.linalg.norm([0.3, 0.5, 0.8])
    a = np.deg2rad(degrees)
    k = np.array([[0, -axis[2], axis[1]], [axis[2], 0, -axis[0]], [-axis[1], axis[0], 0]])
    return np.eye(3) + np.sin(a) * k + (1 - np.cos(a)) * k @ k


def affines() -> list[np.ndarray]:
    found = []
    for order in itertools.permutations(range(3)):
        for signs in itertools.product((1, -1), repeat=3):
            affine = np.eye(4)
            affine[:3, :3] = rotation(20) @ (np.eye(3)[:, list(order)] * signs) * (0.5, 1.25, 3.0)
            affine[:3, 3] = -11.0, 7.0, 123.5
            found.append(affine)
    return found


@pytest.mark.parametrize("affine", affines())
def test_every_voxel_keeps_its_place_in_the_world(affine: np.ndarray) -> None:
    geometry = find_geometry(SHAPE, affine)
    stored = np.arange(np.prod(SHAPE)).reshape(SHAPE)
    upright = geometry.upright(stored)
    spacing, rest = geometry.placement()
    scale = np.diag([spacing["z"], spacing["y"], spacing["x"], 1.0])
    for index in np.ndindex(upright.shape):
        world = rest @ scale @ (*index, 1.0)
        ijk = np.unravel_index(int(upright[index]), SHAPE)
        assert np.allclose(world, TO_VIEWER @ affine @ (*ijk, 1.0))


@pytest.mark.parametrize("affine", affines())
def test_what_is_left_is_less_than_a_right_angle(affine: np.ndarray) -> None:
    _, rest = find_geometry(SHAPE, affine).placement()
    assert (np.diag(rest)[:3] > np.cos(np.deg2rad(45))).all()
    assert np.allclose(np.linalg.norm(rest[:3, :3], axis=0), 1)


@pytest.mark.parametrize("affine", affines()[::7])
def test_back_to_the_files_order(affine: np.ndarray) -> None:
    stored = np.arange(np.prod(SHAPE)).reshape(SHAPE)
    geometry = find_geometry(SHAPE, affine)
    assert np.array_equal(geometry.stored(geometry.upright(stored)), stored)
    assert np.shares_memory(geometry.upright(stored), stored)


def test_channels_and_times_stay_where_they_are() -> None:
    geometry = find_geometry(SHAPE, np.diag([-1.0, 1.0, 1.0, 1.0]))
    assert geometry.upright(np.zeros((*SHAPE, 2))).shape == (7, 6, 5, 2)


def test_affines_for_other_axes() -> None:
    affine = np.arange(16.0).reshape(4, 4)
    timed = over_axes(affine, "tzyxc")
    assert timed.shape == (5, 5)
    assert timed[0].tolist() == [1, 0, 0, 0, 0]
    assert np.array_equal(timed[1:4, 1:], affine[:3])
    plane = over_axes(affine, "yx")
    assert plane.tolist() == [[5, 6, 7], [9, 10, 11], [0, 0, 1]]

"""Random changes of training batches: all geometry is one grid, resampled once."""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor

from napari_unet.config import AugmentConfig
from napari_unet.unet.layers import SMOOTH

COARSE = 6  # control points a side of the elastic deformation


def augment(
    images: Tensor,
    labels: Tensor,
    config: AugmentConfig,
    rng: torch.Generator,
    flat: bool = False,
    maps: int = 0,
) -> tuple[Tensor, Tensor]:
    """Return a randomly changed copy of a batch.

    Parameters
    ----------
    images
        Float ``(N, C, H, W)``, or with the depth before the height; normalised.
    labels
        uint8 ``(N, H, W)``, likewise: class indices; pixels that come from outside become `IGNORE`.
    rng
        A CPU generator: the same state gives the same changes on every device.
    flat
        Move pixels of a volume within its slices only, apart from flips and size: for slices that
        are thicker than their pixels.
    maps
        So many of the last channels are moved as the others are, but keep their values.
    """
    grid = sampling_grid(images, config, rng, flat)
    if grid is not None:
        images = F.grid_sample(
            images, grid, mode="bilinear", padding_mode="border", align_corners=False
        )
        # Shifted by one, so that the zeros from outside can be told from the background.
        shifted = (labels + 1).to(images.dtype)[:, None]  # IGNORE, 255, wraps round to 0
        moved = F.grid_sample(
            shifted, grid, mode="nearest", padding_mode="zeros", align_corners=False
        )[:, 0].to(torch.uint8)
        labels = moved - 1
    if config.intensity:
        seen = images[:, : images.shape[1] - maps]
        changed = change_intensity(seen, config.intensity, rng)
        images = torch.cat([changed, images[:, -maps:]], dim=1) if maps else changed
    return images, labels


def sampling_grid(
    images: Tensor, config: AugmentConfig, rng: torch.Generator, flat: bool = False
) -> Tensor | None:
    """Return where each output pixel comes from, ``(N, *S, dims)``; None if nothing moves.

    Coordinates are x, y and z, from -1 to 1 across the image. All draws are in two dimensions what
    they have always been, so that a seed means the same.
    """
    if not (config.flip or config.rotation or config.scale or config.elastic):
        return None
    n, _, *space = images.shape
    dims = len(space)
    turn = math.radians(config.rotation)
    angle = _uniform(n, rng) * turn
    zoom = torch.exp(_uniform(n, rng) * math.log1p(config.scale))
    mirror = torch.ones(n, dims)
    if config.flip:
        mirror = torch.randint(0, 2, (n, dims), generator=rng) * 2.0 - 1.0
    matrix = _rotation(angle, zoom, 0, 1, dims)
    if dims == 3:
        for axis in (0, 1) if not flat else ():  # out of the slice, about its y and its x
            matrix = matrix @ _rotation(_uniform(n, rng) * turn, torch.ones(n), axis, 2, dims)
        matrix[:, 2] *= zoom[:, None]
    sides = torch.tensor(space[::-1], dtype=torch.float32)
    # Coordinates are relative to the sides; a rotation must not shear.
    theta = matrix * (sides[None, :] / sides[:, None]) * mirror[:, None]
    theta = F.pad(theta, (0, 1)).to(images.device)
    grid = F.affine_grid(theta, [n, 1, *space], align_corners=False)
    if config.elastic:
        # Coordinates span 2, so a share of the side counts double.
        nodes = torch.randn(n, dims, *(COARSE,) * dims, generator=rng) * (2 * config.elastic)
        if flat:
            nodes[:, 2] = 0
        grid = grid + _smooth(nodes.to(images.device), tuple(space)).movedim(1, -1)
    return grid.to(images.dtype)


def _rotation(angle: Tensor, zoom: Tensor, a: int, b: int, dims: int) -> Tensor:
    """Return matrices ``(N, dims, dims)`` that rotate and zoom in the plane of two axes."""
    matrix = torch.eye(dims).repeat(len(angle), 1, 1)
    cos, sin = torch.cos(angle) * zoom, torch.sin(angle) * zoom
    matrix[:, a, a], matrix[:, a, b] = cos, -sin
    matrix[:, b, a], matrix[:, b, b] = sin, cos
    return matrix


def _smooth(nodes: Tensor, space: tuple[int, ...]) -> Tensor:
    """Enlarge random shifts at a few nodes, ``(N, dims, *few)``, smoothly to ``(N, dims, *space)``.

    Smooth at a quarter of the size, then linear: bicubic throughout costs three times more.
    """
    height, width = (max(s // 4, 2) for s in space[-2:])
    if len(space) == 2:
        quarter = _bicubic(nodes, (height, width))
    else:  # torch's bicubic knows pictures only: slices first, then across them
        n, dims, few = nodes.shape[:3]
        depth = max(space[0] // 4, 2)
        slices = _bicubic(nodes.flatten(1, 2), (height, width)).view(n, dims, few, -1)
        quarter = _bicubic(slices, (depth, height * width)).view(n, dims, depth, height, width)
    mode = SMOOTH[len(space)]
    return F.interpolate(quarter, size=space, mode=mode, align_corners=True)


def _bicubic(images: Tensor, size: tuple[int, int]) -> Tensor:
    return F.interpolate(images, size=size, mode="bicubic", align_corners=True)


def change_intensity(images: Tensor, amount: float, rng: torch.Generator) -> Tensor:
    """Change contrast, brightness and gamma of each image and add noise."""
    n = len(images)
    column = (n, *(1,) * (images.ndim - 1))

    def draw(scale: float) -> Tensor:
        return (_uniform(n, rng) * scale).view(column).to(images)

    low, high = (v.view(column) for v in images.flatten(1).aminmax(dim=1))
    span = (high - low).clamp(min=1e-6)
    gamma = torch.exp(draw(2 * amount))
    contrast, brightness, noise = 1 + draw(amount), draw(amount), draw(amount / 2).abs()
    # ((x - low) / span) ** gamma * span + low, then contrast and brightness: in place, since
    # every pass over the batch costs as much as the resample.
    images = ((images - low) * (1 / span)).clamp_(min=1e-6).pow_(gamma)
    images = images.mul_(span * contrast).add_(low * contrast + brightness)
    return images.addcmul_(torch.randn(images.shape, generator=rng).to(images), noise)


def _uniform(n: int, rng: torch.Generator) -> Tensor:
    return torch.rand(n, generator=rng) * 2 - 1

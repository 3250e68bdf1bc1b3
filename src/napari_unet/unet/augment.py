"""Random changes of training batches: all geometry is one grid, resampled once."""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor

from napari_unet.config import AugmentConfig

COARSE = 6  # control points a side of the elastic deformation


def augment(
    images: Tensor, labels: Tensor, config: AugmentConfig, rng: torch.Generator
) -> tuple[Tensor, Tensor]:
    """Return a randomly changed copy of a batch.

    Parameters
    ----------
    images
        Float ``(N, C, H, W)``, normalised.
    labels
        uint8 ``(N, H, W)`` class indices; pixels that come from outside become `IGNORE`.
    rng
        A CPU generator: the same state gives the same changes on every device.
    """
    grid = sampling_grid(images, config, rng)
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
        images = change_intensity(images, config.intensity, rng)
    return images, labels


def sampling_grid(images: Tensor, config: AugmentConfig, rng: torch.Generator) -> Tensor | None:
    """Return where each output pixel comes from, ``(N, H, W, 2)``; None if nothing moves."""
    if not (config.flip or config.rotation or config.scale or config.elastic):
        return None
    n, _, h, w = images.shape
    angle = _uniform(n, rng) * math.radians(config.rotation)
    zoom = torch.exp(_uniform(n, rng) * math.log1p(config.scale))
    mirror = torch.ones(n, 2)
    if config.flip:
        mirror = torch.randint(0, 2, (n, 2), generator=rng) * 2.0 - 1.0
    cos, sin = torch.cos(angle) * zoom, torch.sin(angle) * zoom
    aspect = h / w  # grid coordinates are -1…1 on either axis; a rotation must not shear
    theta = torch.zeros(n, 2, 3)
    theta[:, 0, 0], theta[:, 0, 1] = cos * mirror[:, 0], -sin * aspect * mirror[:, 1]
    theta[:, 1, 0], theta[:, 1, 1] = sin / aspect * mirror[:, 0], cos * mirror[:, 1]
    grid = F.affine_grid(theta.to(images.device), [n, 1, h, w], align_corners=False)
    if config.elastic:
        # Coordinates span 2, so a share of the side counts double.
        nodes = torch.randn(n, 2, COARSE, COARSE, generator=rng) * (2 * config.elastic)
        # Smooth at a quarter of the size, then linear: bicubic throughout costs three times more.
        shift = F.interpolate(
            nodes.to(images.device),
            size=(max(h // 4, 2), max(w // 4, 2)),
            mode="bicubic",
            align_corners=True,
        )
        shift = F.interpolate(shift, size=(h, w), mode="bilinear", align_corners=True)
        grid = grid + shift.permute(0, 2, 3, 1)
    return grid.to(images.dtype)


def change_intensity(images: Tensor, amount: float, rng: torch.Generator) -> Tensor:
    """Change contrast, brightness and gamma of each image and add noise."""
    n = len(images)

    def draw(scale: float) -> Tensor:
        return (_uniform(n, rng) * scale).view(n, 1, 1, 1).to(images)

    low, high = (v.view(n, 1, 1, 1) for v in images.flatten(1).aminmax(dim=1))
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

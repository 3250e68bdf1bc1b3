"""Judging a network on prepared cases, at the working size, while it is trained."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from napari_unet.unet.losses import IGNORE, Loss
from napari_unet.unet.mirror import mirrored
from napari_unet.unet.model import UNet, probabilities
from napari_unet.unet.speed import Speed
from napari_unet.unet.store import Store

BATCH = 16
# Not the extremes, and not for a small gain: a few validation patients speak for many others.
THRESHOLDS = tuple(i / 20 for i in range(5, 16))
GAIN = 0.005  # of mean Dice that a threshold other than one half must bring


@dataclass(frozen=True)
class Validation:
    """Mean loss and mean Dice over the images."""

    loss: float
    dice: float


def validate(model: UNet, cases: Store, speed: Speed, loss: Loss) -> Validation:
    """Return loss and Dice; every image counts the same, empty ones by the program's rule."""
    losses, dices, sizes = [], [], []
    for logits, labels in _predictions(model, cases, speed):
        losses.append(float(loss(logits, labels)))
        dices.append(_dice(_classes(logits, 0.5), labels, max(logits.shape[1] - 1, 1)))
        sizes.append(len(labels))
    mean = sum(v * n for v, n in zip(losses, sizes, strict=True)) / sum(sizes)
    return Validation(mean, float(torch.cat(dices).mean()))


def best_threshold(model: UNet, cases: Store, speed: Speed) -> float:
    """Return the probability from which on a pixel is foreground: the best mean Dice's.

    Judged the way the model will be used, over mirror images if its preprocessing says so. Models
    of several classes take the likeliest class and keep one half.
    """
    if model.config.out_channels > 1:
        return 0.5
    found = [
        torch.stack([_dice(_classes(logits, t), labels, 1) for t in THRESHOLDS])
        for logits, labels in _predictions(model, cases, speed, cases.config.mirror)
    ]
    means = torch.cat(found, dim=1).mean(dim=1).tolist()
    half = means[THRESHOLDS.index(0.5)]
    top = max(means)
    return THRESHOLDS[means.index(top)] if top > half + GAIN else 0.5


def _predictions(
    model: UNet, cases: Store, speed: Speed, mirror: bool = False
) -> Iterator[tuple[Tensor, Tensor]]:
    """Yield float32 logits and labels, batch by batch."""
    model.eval()

    def run(images: Tensor) -> Tensor:
        with speed.autocast():
            logits: Tensor = model(speed.place(images))
        return logits.float()

    rng = torch.Generator().manual_seed(0)  # patches: the same ones in every epoch
    with torch.inference_mode():
        for start in range(0, len(cases), BATCH):
            indices = range(start, min(start + BATCH, len(cases)))
            images, labels = cases.batch(indices, rng)
            x = speed.place(images)
            logits = mirrored(run, x) if mirror else run(x)
            yield logits, labels.to(logits.device)


def _classes(logits: Tensor, threshold: float) -> Tensor:
    if logits.shape[1] == 1:
        return (probabilities(logits)[:, 0] >= threshold).to(torch.uint8)
    return logits.argmax(dim=1).to(torch.uint8)


def _dice(predicted: Tensor, labels: Tensor, classes: int) -> Tensor:
    """Return each image's Dice, ``(N,)``: the mean over the classes that occur, 1 if none does."""
    known = labels != IGNORE
    total, present = torch.zeros(len(labels)), torch.zeros(len(labels))
    for c in range(1, classes + 1):
        p, r = (predicted == c) & known, labels == c
        both, size = (p & r).sum(dim=(1, 2)), p.sum(dim=(1, 2)) + r.sum(dim=(1, 2))
        total += (2 * both / size.clamp(min=1)).cpu()
        present += (size > 0).cpu()
    return torch.where(present > 0, total / present.clamp(min=1), 1.0)

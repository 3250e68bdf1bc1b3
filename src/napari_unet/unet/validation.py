"""Judging a network on prepared cases, at the working size, while it is trained."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from napari_unet import metrics
from napari_unet.metrics import Counts
from napari_unet.unet.aside import checkpoint
from napari_unet.unet.forward import Forward
from napari_unet.unet.losses import IGNORE, Loss
from napari_unet.unet.mirror import averaged, views
from napari_unet.unet.model import UNet, probabilities
from napari_unet.unet.network import batch_size
from napari_unet.unet.speed import Speed
from napari_unet.unet.store import Store

# Not the extremes, and not for a small gain: a few validation patients speak for many others.
THRESHOLDS = tuple(i / 20 for i in range(5, 16))
GAIN = 0.005  # of mean Dice that a threshold other than one half must bring


@dataclass(frozen=True)
class Validation:
    """Mean loss over all images, and mean Dice over those in which there is any foreground.

    It may be in the mask or in the prediction. Where neither holds any, the program's rule says 1:
    if those counted, a network that finds nothing would be the best one for long, where most images
    hold nothing. ``class_dice`` is that of each foreground class, over the images in which it is.
    """

    loss: float
    dice: float
    class_dice: tuple[float, ...] = ()


def validate(model: UNet, cases: Store, speed: Speed, loss: Loss, parts: int = 1) -> Validation:
    """Return loss and Dice; ``parts`` divides the batches, to save memory."""
    losses, counts, sizes = [], [], []
    for logits, labels in _predictions(model, cases, speed, parts=parts):
        losses.append(float(loss(logits, labels)))
        counts.append(_count(_classes(logits, 0.5), labels, max(logits.shape[1] - 1, 1)))
        sizes.append(len(labels))
    mean = sum(v * n for v, n in zip(losses, sizes, strict=True)) / sum(sizes)
    found = _joined(counts)
    classes = metrics.mean_present(metrics.dice(found), found, axis=0)
    return Validation(loss=mean, dice=_mean_dice(found), class_dice=tuple(classes.tolist()))


def best_threshold(model: UNet, cases: Store, speed: Speed, parts: int = 1) -> float:
    """Return the probability from which on a pixel is foreground: the best mean Dice's.

    Judged the way the model will be used, over mirror images if its preprocessing says so. Models
    of several classes take the likeliest class and keep one half.
    """
    if model.config.out_channels > 1:
        return 0.5
    found: list[list[Counts]] = [[] for _ in THRESHOLDS]
    for logits, labels in _predictions(model, cases, speed, cases.config.mirror, parts):
        for t, counts in zip(THRESHOLDS, found, strict=True):
            counts.append(_count(_classes(logits, t), labels, 1))
    means = [_mean_dice(_joined(counts)) for counts in found]
    half = means[THRESHOLDS.index(0.5)]
    top = max(means)
    return THRESHOLDS[means.index(top)] if top > half + GAIN else 0.5


def _predictions(
    model: UNet, cases: Store, speed: Speed, mirror: bool = False, parts: int = 1
) -> Iterator[tuple[Tensor, Tensor]]:
    """Yield float32 logits and labels, batch by batch."""
    rng = torch.Generator().manual_seed(0)  # patches: the same ones in every epoch
    with torch.inference_mode(), Forward(model.eval(), speed) as run:
        size = max(batch_size(cases.config, speed.device) // parts, 1)
        for start in range(0, len(cases), size):
            checkpoint()
            indices = range(start, min(start + size, len(cases)))
            images, labels = cases.batch(indices, rng)
            x = speed.place(images[:, : model.config.in_channels])  # without borders, if any
            logits = averaged(run, x, views(x.ndim - 2)) if mirror else run(x)
            yield logits, labels.to(logits.device)


def _classes(logits: Tensor, threshold: float) -> Tensor:
    if logits.shape[1] == 1:
        return (probabilities(logits)[:, 0] >= threshold).to(torch.uint8)
    return logits.argmax(dim=1).to(torch.uint8)


def _count(predicted: Tensor, labels: Tensor, classes: int) -> Counts:
    """Count agreement in each image by itself: `Counts` of ``(N, classes)``."""
    known = labels != IGNORE
    space = tuple(range(1, labels.ndim))
    columns = []
    for c in range(1, classes + 1):
        p, r = (predicted == c) & known, labels == c
        columns.append(torch.stack([(p & r).sum(space), (p & ~r).sum(space), (r & ~p).sum(space)]))
    tp, fp, fn = torch.stack(columns, dim=-1).cpu().numpy()
    total = known.sum(space).cpu().numpy()[:, None]
    correct = int(((predicted == labels) & known).sum())
    return Counts(tp, fp, fn, total - tp - fp - fn, correct, int(total.sum()))


def _mean_dice(found: Counts) -> float:
    """Return the mean over the images with any foreground; 1 if there are none."""
    some = (found.tp + found.fp + found.fn > 0).any(axis=1)
    dice = metrics.mean_present(metrics.dice(found), found)
    return float(dice[some].mean()) if some.any() else 1.0


def _joined(parts: list[Counts]) -> Counts:
    """Return the counts of all batches, one row an image."""
    rows = {k: np.concatenate([getattr(c, k) for c in parts]) for k in ("tp", "fp", "fn", "tn")}
    return Counts(**rows, correct=sum(c.correct for c in parts), total=sum(c.total for c in parts))

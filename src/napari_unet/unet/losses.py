"""Losses on logits. Pixels labelled `IGNORE` take no part."""

from __future__ import annotations

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor

from napari_unet.unet.model import probabilities

IGNORE = 255

Loss = Callable[[Tensor, Tensor], Tensor]


def cross_entropy(logits: Tensor, target: Tensor) -> Tensor:
    """Mean cross-entropy per pixel: binary for one output channel, else over the classes.

    Parameters
    ----------
    logits
        Float ``(N, K, H, W)``.
    target
        Integer ``(N, H, W)``: class indices, or `IGNORE`.
    """
    if logits.shape[1] > 1:
        known = target != IGNORE
        loss = F.cross_entropy(logits, target.long(), ignore_index=IGNORE, reduction="sum")
        return loss / known.sum().clamp(min=1)
    known = (target != IGNORE).to(logits.dtype)
    wanted = (target == 1).to(logits.dtype)
    loss = F.binary_cross_entropy_with_logits(logits[:, 0], wanted, reduction="none")
    return (loss * known).sum() / known.sum().clamp(min=1)


def soft_dice(logits: Tensor, target: Tensor, smooth: float = 1.0) -> Tensor:
    """One minus the soft Dice of the foreground classes, the mean over images and classes.

    Milletari, Navab and Ahmadi 2016 (arXiv:1606.04797), with plain instead of squared sums.
    Counted for each image by itself, as the score is: counted over the batch, one large object
    outweighs many small ones. ``smooth``, in pixels, makes an image without foreground count as
    found when nothing is predicted.
    """
    p = probabilities(logits)
    known = (target != IGNORE)[:, None]
    p = (p if p.shape[1] == 1 else p[:, 1:]) * known
    classes = torch.arange(1, p.shape[1] + 1, device=target.device)
    wanted = (target[:, None] == classes[:, None, None]).to(p.dtype)
    both = (p * wanted).sum(dim=(2, 3))
    total = p.sum(dim=(2, 3)) + wanted.sum(dim=(2, 3))
    return 1 - ((2 * both + smooth) / (total + smooth)).mean()


def make_loss(name: str) -> Loss:
    """Return the loss called ``name`` in `napari_unet.config.OptimConfig`; computed in float32."""

    def loss(logits: Tensor, target: Tensor) -> Tensor:
        logits = logits.float()
        if name == "bce":
            return cross_entropy(logits, target)
        if name == "dice":
            return soft_dice(logits, target)
        return cross_entropy(logits, target) + soft_dice(logits, target)

    return loss

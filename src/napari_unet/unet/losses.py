"""Losses on logits of pictures or volumes. Pixels labelled `IGNORE` take no part."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Protocol

import torch
import torch.nn.functional as F
from torch import Tensor

from napari_unet.data.cases import IGNORE as IGNORE
from napari_unet.unet.model import probabilities
from napari_unet.unet.truth import Truth

SMOOTH = 1.0  # pixels; a batch without foreground counts as found when nothing is predicted
RAREST = 10.0  # times that "balanced" counts one class more than another at the most

# Lin et al. 2017 (arXiv:1708.02002, table 1b) and Salehi et al. 2017 (arXiv:1706.05721, table 1).
FOCUS, FOCAL_FOREGROUND = 2.0, 0.25
FALSE_POSITIVES, FALSE_NEGATIVES = 0.3, 0.7


class Loss(Protocol):
    """A loss of a batch; ``borders`` are weights added pixel by pixel (see `cross_entropy`)."""

    def __call__(
        self, logits: Tensor, target: Tensor | Truth, borders: Tensor | None = None
    ) -> Tensor:
        """Return a scalar."""


def cross_entropy(
    logits: Tensor,
    target: Tensor | Truth,
    class_weights: Tensor | None = None,
    borders: Tensor | None = None,
) -> Tensor:
    """Mean cross-entropy per pixel: binary for one output channel, else over the classes.

    Parameters
    ----------
    logits
        Float ``(N, K, *spatial)``.
    target
        Integer ``(N, *spatial)``: class indices, or `IGNORE`.
    class_weights
        ``(max(K, 2),)``, the background first; None counts all classes the same.
    borders
        ``(N, *spatial)``, added to each pixel's class weight as in equation 2 of Ronneberger,
        Fischer and Brox 2015.
    """
    truth = Truth.of(target)
    return _mean(_entropy(logits, truth), truth, class_weights, borders)


def focal(
    logits: Tensor,
    target: Tensor | Truth,
    class_weights: Tensor | None = None,
    borders: Tensor | None = None,
) -> Tensor:
    """Cross-entropy in which pixels that are already right count little; mean per pixel.

    Lin et al. 2017, equation 5, with their focus of 2. Of a single class, foreground counts a
    quarter and background three, as there; given class weights take the place of that.
    """
    truth = Truth.of(target)
    entropy = _entropy(logits, truth)
    if class_weights is None and logits.shape[1] == 1:
        class_weights = logits.new_tensor((1 - FOCAL_FOREGROUND, FOCAL_FOREGROUND))
    wrong = 1 - torch.exp(-entropy)
    return _mean(wrong**FOCUS * entropy, truth, class_weights, borders)


def soft_dice(logits: Tensor, target: Tensor | Truth) -> Tensor:
    """One minus the soft Dice of the foreground classes, the mean over images and classes.

    Milletari, Navab and Ahmadi 2016 (arXiv:1606.04797), with plain instead of squared sums.
    Counted for each image by itself, as the score is: counted over the batch, one large object
    outweighs many small ones. For images that do not hold a class, see `soft_tversky`.
    """
    return soft_tversky(logits, target, 0.5, 0.5, SMOOTH / 2)


def soft_tversky(
    logits: Tensor,
    target: Tensor | Truth,
    fp: float = FALSE_POSITIVES,
    fn: float = FALSE_NEGATIVES,
    smooth: float = SMOOTH,
) -> Tensor:
    """One minus the soft Tversky index, the mean over classes and the images that hold them.

    Salehi, Erdogmus and Gholipour 2017: ``TP / (TP + fp·FP + fn·FN)``. Where foreground is rare,
    what is missed counts more than what is claimed too much.

    An image that does not hold a class has no index of its own. It would be perfect as soon as
    nothing is claimed, and where many images are like that, networks learn to claim nothing in any
    (docs/benchmarks.md). What is claimed there is shared out, as false positives, to the images of
    the batch that hold the class.
    """
    truth, p = Truth.of(target), probabilities(logits)
    p = (p if p.shape[1] == 1 else p[:, 1:]) * truth.known[:, None]
    wanted = truth.classes(p.shape[1])
    space = tuple(range(2, p.ndim))
    both = (p * wanted).sum(dim=space)
    claimed, there = p.sum(dim=space), wanted.sum(dim=space)
    held = (there > 0).to(p.dtype)
    holders = held.sum(dim=0)
    astray = (claimed * (1 - held)).sum(dim=0) / holders.clamp(min=1)
    wrong = fp * (claimed - both + astray * held) + fn * (there - both)
    index = (both + smooth) / (both + wrong + smooth)
    counted = torch.where(holders > 0, held, 1.0)
    return 1 - ((index * counted).sum(dim=0) / counted.sum(dim=0)).mean()


def make_loss(name: str, class_weights: Sequence[float] = ()) -> Loss:
    """Return the loss called ``name`` in `napari_unet.config.OptimConfig`; computed in float32.

    ``class_weights`` (see `balanced`) count in the cross-entropy and the focal loss only: Dice and
    Tversky give every class the same say as they are.
    """
    parts = name.split("+")

    def loss(logits: Tensor, target: Tensor | Truth, borders: Tensor | None = None) -> Tensor:
        logits, truth = logits.float(), Truth.of(target)
        weights = logits.new_tensor(class_weights) if class_weights else None
        values = []
        for part in parts:
            match part:
                case "dice":
                    values.append(soft_dice(logits, truth))
                case "tversky":
                    values.append(soft_tversky(logits, truth))
                case "focal":
                    values.append(focal(logits, truth, weights, borders))
                case _:  # "bce" and "ce": the number of classes says which
                    values.append(cross_entropy(logits, truth, weights, borders))
        return torch.stack(values).sum()

    return loss


def supervised(
    loss: Loss, answers: Sequence[Tensor], target: Tensor, borders: Tensor | None = None
) -> Tensor:
    """Return the weighted mean of the loss of each answer of a network, the finest first.

    Each counts half as much as the one before, as in Isensee et al. 2021
    (doi:10.1038/s41592-020-01008-z).
    """
    truth = Truth(target)
    shares = [0.5**i for i in range(len(answers))]
    losses = [loss(a, truth, borders) * s for a, s in zip(answers, shares, strict=True)]
    return torch.stack(losses).sum() / sum(shares)


def balanced(labels: Iterable[Tensor], classes: int) -> tuple[float, ...]:
    """Return a weight for the background and each of ``classes`` foreground classes.

    The square root of how rare a class is among the labelled pixels, at most ten times that of the
    most frequent one; the mean over pixels is 1, so that the loss keeps its scale. In full, the
    inverse frequency makes of one pixel in a thousand a thousand times too much foreground.
    """
    counts = torch.zeros(IGNORE + 1, dtype=torch.int64)
    for one in labels:
        counts += torch.bincount(one.flatten().long(), minlength=IGNORE + 1)
    known = counts[: classes + 1].double()
    share = known / known.sum().clamp(min=1)
    weights = share.clamp(min=1e-12).rsqrt()
    weights = weights.clamp(max=RAREST * float(weights.min()))
    mean = float((weights * share).sum()) or 1.0
    return tuple((weights / mean).tolist())


def _entropy(logits: Tensor, truth: Truth) -> Tensor:
    """Return the cross-entropy of each pixel, ``(N, *spatial)``; of unlabelled ones, anything."""
    if logits.shape[1] > 1:
        return F.cross_entropy(logits, truth.index, ignore_index=IGNORE, reduction="none")
    return F.binary_cross_entropy_with_logits(logits, truth.classes(1), reduction="none")[:, 0]


def _mean(
    values: Tensor, truth: Truth, class_weights: Tensor | None, borders: Tensor | None
) -> Tensor:
    """Return the weighted mean over the labelled pixels."""
    weights = truth.known
    if class_weights is not None:
        # What is not labelled has no class; it is given the background's weight, times zero.
        weights = weights * class_weights[truth.index.where(weights > 0, 0)]
    if borders is not None:
        weights = weights + borders.to(values.dtype) * truth.known
    return (values * weights).sum() / truth.number

"""What the labels of a batch say, in the forms that losses ask for, each made once."""

from __future__ import annotations

from functools import cached_property

import torch
from torch import Tensor

from napari_unet.data.cases import IGNORE


class Truth:
    """The labels ``(N, *S)`` of a batch: class indices, or `IGNORE`.

    With deep supervision several answers are judged by the same labels, and to turn labels into
    numbers takes as long as to judge.
    """

    def __init__(self, labels: Tensor) -> None:
        self.labels = labels
        self._classes: dict[int, Tensor] = {}

    @staticmethod
    def of(target: Tensor | Truth) -> Truth:
        """Return labels as they are understood here."""
        return target if isinstance(target, Truth) else Truth(target)

    @cached_property
    def known(self) -> Tensor:
        """Float ``(N, *S)``: 1 where a pixel is labelled."""
        return (self.labels != IGNORE).float()

    @cached_property
    def number(self) -> Tensor:
        """How many pixels are labelled, but at least 1; a scalar."""
        return self.known.sum().clamp(min=1)

    @cached_property
    def index(self) -> Tensor:
        """The labels as torch's cross-entropy wants them: int64 ``(N, *S)``."""
        return self.labels.long()

    def classes(self, number: int) -> Tensor:
        """Return float ``(N, number, *S)``: 1 where a pixel is of class 1, 2 and so on."""
        if number not in self._classes:
            one = torch.arange(1, number + 1, device=self.labels.device, dtype=self.labels.dtype)
            column = one.view(-1, *(1,) * (self.labels.ndim - 1))
            self._classes[number] = (self.labels[:, None] == column).float()
        return self._classes[number]

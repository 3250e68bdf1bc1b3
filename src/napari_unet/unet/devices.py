"""Several processes that train one network together, each on a device of its own.

A launcher starts them (``fabric run`` or ``torchrun``), and Lightning Fabric finds out who they are
and moves their numbers. All hold the same weights. Each takes its share of every batch, and the
gradients are added up, so that a step is that of one process with the whole batch; only batch norm
sees the images of its own process. What depends on a clock or on validation is decided by the first
process, which alone writes files. One process by itself needs none of this, nor Fabric.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from napari_unet.environment import together
from napari_unet.errors import JobError
from napari_unet.unet.model import UNet

if TYPE_CHECKING:
    from lightning_fabric import Fabric


class Devices:
    """The processes that train together: ``number`` of them, of which this is number ``rank``.

    What is shared out or added up must be so by all of them, in the same order.
    """

    def __init__(self, fabric: Fabric | None = None) -> None:
        self._fabric = fabric
        self.rank = fabric.global_rank if fabric else 0
        self.number = fabric.world_size if fabric else 1

    @property
    def first(self) -> bool:
        """Whether this process decides and writes files."""
        return self.rank == 0

    def device(self, planned: str) -> str:
        """Return the device of this process; alone, that is the one planned."""
        return str(self._fabric.device) if self._fabric else planned

    def share(self, batch: Tensor) -> Tensor:
        """Return this process's part of a batch ``(N, ...)``; it may be empty."""
        return batch[self.rank :: self.number] if self._fabric else batch

    def same(self, *values: float) -> tuple[float, ...]:
        """Return what the first process gives as values."""
        return tuple(self._sum([v if self.first else 0.0 for v in values]))

    def add(self, value: float) -> float:
        """Return the sum of what all give."""
        return self._sum([value])[0]

    def any(self, flag: bool) -> bool:
        """Return whether any of them says so."""
        return self.add(float(flag)) > 0

    def add_gradients(self, model: UNet) -> None:
        """Replace the gradients by the sum of all processes'."""
        if self._fabric is None:
            return
        parameters = [p for p in model.parameters() if p.requires_grad]
        for p in parameters:
            if p.grad is None:  # no image came to this process
                p.grad = torch.zeros_like(p)
        # One message: it is the number of messages that takes time, not their size.
        flat = torch.cat([p.grad.flatten() for p in parameters if p.grad is not None])
        summed = self._reduce(flat)
        parts = torch.split(summed, [p.numel() for p in parameters])
        for p, part in zip(parameters, parts, strict=True):
            assert p.grad is not None
            p.grad.copy_(part.view_as(p))

    def agreed(self, text: str) -> str:
        """Return the first process's text."""
        return str(self._fabric.broadcast(text)) if self._fabric else text

    def _sum(self, values: list[float]) -> list[float]:
        if self._fabric is None:
            return values
        given = torch.tensor(values, dtype=torch.float64, device=self._fabric.device)
        found: list[float] = self._reduce(given).tolist()
        return found

    def _reduce(self, values: Tensor) -> Tensor:
        assert self._fabric is not None
        summed: Any = self._fabric.all_reduce(values, reduce_op="sum")
        assert isinstance(summed, Tensor)
        return summed


def join(device: str = "auto") -> Devices:
    """Find the processes that a launcher has started with this one; alone if none has.

    ``device`` is the kind of device that is wanted, such as "cpu".

    Raises
    ------
    JobError
        If there are others, but Lightning Fabric is not installed.
    """
    if not together():
        return Devices()
    try:
        from lightning_fabric import Fabric
    except ImportError as e:
        raise JobError(
            "Training on several devices needs Lightning Fabric: "
            'pip install "napari-unet-workbench[devices]"'
        ) from e
    if os.environ.get("LT_CLI_USED"):
        fabric = Fabric()  # as its own launcher was told
    else:
        local = int(os.environ.get("LOCAL_WORLD_SIZE", "1"))
        fabric = Fabric(
            accelerator="auto" if device == "auto" else device.partition(":")[0],
            devices=local,
            num_nodes=int(os.environ["WORLD_SIZE"]) // local,
            strategy="ddp",
        )
    fabric.launch()
    return Devices(fabric)

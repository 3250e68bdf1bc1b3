"""The network's answer to a batch, shared among threads where that is faster.

As in `napari_unet.unet.lanes`: threads that each take whole images through the network wait less
for each other than threads that share every convolution.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Protocol

import torch
from torch import Tensor

from napari_unet.unet.aside import checkpoint, own_threads
from napari_unet.unet.faults import free, out_of_memory
from napari_unet.unet.model import UNet

if TYPE_CHECKING:
    from napari_unet.unet.speed import Speed


class Answers(Protocol):
    """What gives a network's logits for batches, and how fast it does."""

    speed: Speed

    def __call__(self, images: Tensor) -> Tensor:
        """Return float32 logits ``(N, K, *S)`` for images ``(N, C, *S)``."""
        ...


class Forward:
    """Gives a network's logits; call it with a batch.

    Parameters
    ----------
    model
        The network, in evaluation mode and placed as ``speed`` says.
    speed
        How to compute, and on how many lanes.
    """

    def __init__(self, model: UNet, speed: Speed) -> None:
        self.model, self.speed = model, speed
        each = max(torch.get_num_threads() // speed.lanes, 1)
        self._pool = ThreadPoolExecutor(speed.lanes, "forward", own_threads, (each,))

    def __call__(self, images: Tensor) -> Tensor:
        """Return float32 logits ``(N, K, *S)`` on the device for images ``(N, C, *S)``."""
        shares = images.chunk(self.speed.lanes)
        if len(shares) == 1:
            return self._answer(images)
        threads = torch.get_num_threads()
        found = list(self._pool.map(self._answer, shares))
        # What a lane set for its own thread, torch also takes for threads that start later.
        torch.set_num_threads(threads)
        return torch.cat(found)

    def _answer(self, images: Tensor) -> Tensor:
        with torch.inference_mode(), self.speed.autocast():  # both hold for one thread only
            logits: Tensor = self.model(self.speed.place(images))
        return logits.float()

    def close(self) -> None:
        """End the threads."""
        self._pool.shutdown(wait=False)

    def __enter__(self) -> Forward:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class Sparing:
    """Gives a network's logits for fewer images at a time, once memory does not suffice for all.

    Between batches it stops if its work was abandoned (see `napari_unet.unet.aside`).

    Parameters
    ----------
    forward
        Gives the logits.
    tell
        Is told in a sentence what was changed.
    """

    def __init__(self, forward: Answers, tell: Callable[[str], None]) -> None:
        self.forward, self.tell, self.most = forward, tell, 0

    def __call__(self, images: Tensor) -> Tensor:
        """Return what `Forward` does.

        Raises
        ------
        RuntimeError, MemoryError
            If the memory does not suffice for one image.
        """
        found: list[Tensor] = []
        done = 0
        while done < len(images):
            checkpoint()
            part = images[done : done + (self.most or len(images))]
            try:
                found.append(self.forward(part))
            except (RuntimeError, MemoryError) as error:
                if not out_of_memory(error) or len(part) == 1:
                    raise
                self.most = len(part) // 2
            else:
                done += len(part)
                continue
            free(self.forward.speed.device)  # here, where nothing holds what failed
            self.tell(f"The memory was not enough: going on with {self.most} at a time.")
        return torch.cat(found)

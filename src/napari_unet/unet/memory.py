"""How much memory a training will take, told before it starts.

What a step keeps for its backward pass is found by going through the network with tensors that have
a shape but no values, so that asking costs neither memory nor time.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import psutil
import torch
from torch import Tensor
from torch._subclasses.fake_tensor import FakeTensorMode

from napari_unet.config import Recipe, UNetConfig
from napari_unet.unet.model import UNet
from napari_unet.unet.speed import Speed
from napari_unet.unet.store import RAM_SHARE
from napari_unet.unet.summary import parameters

OWN = 420 << 20  # bytes of a process that has loaded torch and the readers and taken a first step
BACKWARD = 1.7  # a step at its peak, relative to what it keeps for its backward pass; as measured
BATCHES = 6  # float32 copies of a batch while it is put together and augmented
SPARE = 0.9  # share of the free memory that a plan may take


@dataclass(frozen=True)
class Memory:
    """Bytes that a training takes at its peak: of the device for the step, and of the host.

    ``step`` is weights, their optimiser, and one batch; ``host`` the process and the prepared
    images. On a CPU both are the same memory.
    """

    step: int
    host: int
    device: str

    @property
    def total(self) -> int:
        """What counts as the need of the device: on a CPU all, on a GPU the step."""
        return self.step + self.host if self.device == "cpu" else self.step


def estimate(recipe: Recipe, speed: Speed, stored: int) -> Memory:
    """Estimate what training takes.

    Parameters
    ----------
    recipe, speed
        What would be trained and how it would be computed.
    stored
        Bytes of all prepared images and labels; what does not fit is kept in files.
    """
    optim = recipe.optim
    batch = -(-optim.batch // optim.accumulate)
    with torch.device("meta"):
        weights = 4 * parameters(UNet(recipe.network))
    state = {"sgd": 1, "adam": 2, "adamw": 2}[optim.optimizer]
    copies = 1 + state + bool(optim.ema) + speed.lanes  # weights; each lane has its own gradients
    images = math.prod(recipe.preprocess.size) * recipe.network.in_channels * 4 * batch
    kept = activations(recipe.network, (batch, *recipe.preprocess.size), speed.precision)
    step = weights * copies + BACKWARD * kept + BATCHES * images
    host = OWN + min(stored, int(RAM_SHARE * free_ram()))
    return Memory(int(step), int(host), torch.device(speed.device).type)


def activations(network: UNetConfig, shape: tuple[int, ...], precision: str) -> int:
    """Return the bytes that the forward pass keeps for the backward pass.

    Parameters
    ----------
    shape
        Batch, then the working size.
    precision
        The number format that `Speed` computes in.
    """
    n, *size = shape
    kept: dict[int, int] = {}

    def note(tensor: Tensor) -> Tensor:
        storage = tensor.untyped_storage()
        kept[storage._cdata] = storage.nbytes()
        return tensor

    dtype = getattr(torch, precision)
    with FakeTensorMode():
        net = UNet(network)
        x = torch.empty(n, network.in_channels, *size)
        with (
            torch.autograd.graph.saved_tensors_hooks(note, lambda t: t),
            torch.autocast("cpu", dtype=dtype, enabled=dtype != torch.float32),
        ):
            net(x)
        for p in net.parameters():
            kept.pop(p.untyped_storage()._cdata, None)
    return sum(kept.values())


def available(device: str) -> int:
    """Return the bytes that are free on a device; of the host for a CPU and for Apple's GPUs."""
    if torch.device(device).type == "cuda":
        return int(torch.cuda.mem_get_info(device)[0])
    return free_ram()


def free_ram() -> int:
    """Return the bytes of the host that are free."""
    return int(psutil.virtual_memory().available)


def fits(need: Memory, device: str) -> bool:
    """Say whether there is enough memory for a training."""
    if need.device == "cuda" and need.host > SPARE * free_ram():
        return False
    return need.total <= SPARE * available(device)

"""Choosing device, number format, memory layout and lanes by measuring, not from a table.

On one CPU bfloat16 halves the time of a step, on another it doubles it; the same holds for the
``channels_last`` layout and for `napari_unet.unet.lanes`. A few steps of the real network tell.
"""

from __future__ import annotations

import copy
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, TypeVar, cast

import torch
from torch import Tensor

from napari_unet.errors import JobError
from napari_unet.unet.aside import checkpoint, finished
from napari_unet.unet.forward import Forward
from napari_unet.unet.lanes import Lanes, Loss
from napari_unet.unet.model import UNet

T = TypeVar("T", Tensor, UNet)

PLAIN = torch.contiguous_format

WORTHWHILE = 0.9  # a less plain choice must take at most this share of the time
SLOW = 0.25  # seconds; below, a small image says nothing about larger ones
ENOUGH = 2.0  # seconds after which one candidate has been measured for long enough
SOON = 0.6  # the same where somebody waits for an answer, not for a training


@dataclass(frozen=True)
class Speed:
    """How to compute, and how long one image took while measuring (seconds, NaN: not measured)."""

    device: str
    precision: str = "float32"
    channels_last: bool = False
    seconds: float = float("nan")
    lanes: int = 1

    @contextmanager
    def autocast(self) -> Iterator[None]:
        """Compute in the chosen number format inside the block."""
        kind = torch.device(self.device).type
        dtype = getattr(torch, self.precision)
        with torch.autocast(kind, dtype=dtype, enabled=dtype != torch.float32):
            yield

    def place(self, what: T) -> T:
        """Move a network or a batch ``(N, C, *S)`` to the device, in the chosen layout."""
        # torch's stubs leave memory_format out of Module.to.
        moved: Any = what.to(self.device)
        dims = what.config.dims if isinstance(what, UNet) else what.ndim - 2
        last = torch.channels_last_3d if dims == 3 else torch.channels_last
        return cast(T, moved.to(memory_format=last if self.channels_last else PLAIN))

    def words(self) -> str:
        """Say the choice in words."""
        layout = "channels last" if self.channels_last else "channels first"
        lanes = f", {self.lanes} lanes" if self.lanes > 1 else ""
        text = f"{device_name(self.device)}, {self.precision}, {layout}{lanes}"
        return (
            text if self.seconds != self.seconds else f"{text}: {1e3 * self.seconds:.1f} ms/image"
        )


def pick_device(wanted: str = "auto") -> str:
    """Return the device to use: the one wanted, or CUDA, Apple's MPS or the CPU, as there is.

    Raises
    ------
    JobError
        If the wanted device does not exist.
    """
    if wanted == "auto":
        if torch.cuda.is_available():
            return "cuda"
        return "mps" if torch.backends.mps.is_available() else "cpu"
    try:
        torch.zeros(1, device=wanted)
    except (RuntimeError, AssertionError) as e:
        reason = str(e).splitlines()[0]
        raise JobError(f"Device {wanted!r} cannot be used: {reason}") from e
    return wanted


def device_name(device: str) -> str:
    """Return a name people know."""
    if device.startswith("cuda"):
        return torch.cuda.get_device_name(device)
    if device == "cpu":
        threads = torch.get_num_threads()
        return f"CPU ({threads} thread{'s' * (threads > 1)})"
    return device


def candidates(device: str, precision: str, channels_last: str) -> list[Speed]:
    """List what to try on a device, the plainest first; "auto" leaves the choice open."""
    half = "float16" if device == "mps" else "bfloat16"
    formats = ["float32", half] if precision == "auto" else [precision]
    if len(formats) > 1 and device == "cpu" and _emulates_bfloat16():
        formats.remove(half)
    layouts = [False, True] if channels_last == "auto" else [channels_last == "yes"]
    both = [Speed(device, f, c) for f in formats for c in layouts]
    # Half precision without channels_last has never been the fastest; skip it where free to.
    free = precision == "auto" and channels_last == "auto"
    return [s for s in both if not (free and s.precision == half and not s.channels_last)]


def _emulates_bfloat16() -> bool:
    """Whether the processor surely has no instructions for it: on x86, they came after AVX-512."""
    return torch.backends.cpu.get_cpu_capability() == "AVX2"


def choose(model: UNet, shape: tuple[int, ...], options: list[Speed], training: bool) -> Speed:
    """Return the fastest option for batches of ``shape``, measured on a copy of ``model``.

    A single option is returned unmeasured. ``training`` measures forward and backward.
    """
    if len(options) == 1:
        return options[0]
    best = None
    for option in options:
        if best is not None and _hopeless(model, shape, option, training, best.seconds):
            continue
        seconds = measure(model, shape, option, training)
        if best is None or seconds < best.seconds * WORTHWHILE:
            best = replace(option, seconds=seconds)
    assert best is not None
    return best


def _hopeless(
    model: UNet, shape: tuple[int, ...], option: Speed, training: bool, best: float
) -> bool:
    """Whether images of half the side take longer than whole ones should.

    Some CPUs compute bfloat16 in 3D twenty times slower than float32: a batch would take minutes.
    """
    # Two of them: of a single pixel in a single image, batch norm has nothing to learn.
    small = (2, shape[1], *(max(n // 2, 1) for n in shape[2:]))
    return measure(model, small, option, training) > max(2 * best, SLOW)


def with_lanes(
    model: UNet, shape: tuple[int, ...], option: Speed, wanted: int = 0, training: bool = True
) -> Speed:
    """Return the option with the lanes wanted, or (0) as many as make it faster, if any do.

    While training, there is one lane with dropout: threads would draw from one generator in an
    order that differs from run to run, and a seed is to give the same network again.
    """
    lanes = min(wanted or torch.get_num_threads(), shape[0])
    if option.device != "cpu" or lanes < 2 or (training and model.config.dropout):
        return option
    if wanted:
        return replace(option, lanes=lanes)
    many = replace(option, lanes=lanes)
    if not option.seconds > 0:
        option = replace(option, seconds=measure(model, shape, option, training))
    many = replace(many, seconds=measure(model, shape, many, training))
    return many if many.seconds < option.seconds * WORTHWHILE else option


def measure(model: UNet, shape: tuple[int, ...], option: Speed, training: bool) -> float:
    """Return seconds per image of the best of a few steps (infinite if it cannot be run)."""
    trial = option.place(copy.deepcopy(model))
    trial.train(training).requires_grad_(training)
    # Its own generator: measuring must not change what a seed gives.
    x = option.place(torch.randn(shape, generator=torch.Generator().manual_seed(0)))
    lanes, forward = Lanes(trial, option.lanes), Forward(trial, option)
    best, begin = float("inf"), time.perf_counter()
    enough = ENOUGH if training else SOON
    try:
        for _ in range(4):  # the first also compiles kernels; the best of the rest counts
            checkpoint()
            start = time.perf_counter()
            if training:
                finished(lanes.gradients(_means(lanes.share(x), option)))
            else:
                forward(x).mean().item()  # waits for the device
            best = min(best, time.perf_counter() - start)
            if time.perf_counter() - begin > enough:
                break
    except (RuntimeError, NotImplementedError):
        return float("inf")  # a format this device lacks is simply not chosen
    finally:
        lanes.close()
        forward.close()
    return best / shape[0]


def _means(parts: Sequence[Tensor], option: Speed) -> list[list[Loss]]:
    return [[partial(_mean, x=part, option=option)] for part in parts]


def _mean(model: UNet, x: Tensor, option: Speed) -> Tensor:
    with option.autocast():
        y: Tensor = model(x)
    return y.float().mean()

"""How to compute, found out once for a network and a machine.

Measuring takes about as long as the rest of an engine's start (benchmarks/clicks.py). So a guess is
good enough where somebody waits for a single image on a processor. It is done in a hurry where
there are many, and at leisure once nobody waits (what was measured beside other work may be wrong).
What was found is kept in the workspace. A `Predictor` computes in one way for as long as it lives:
what is found at leisure is for the next one.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from hashlib import sha256
from math import isfinite, isnan, nan
from typing import Any

import psutil
import torch

from napari_unet.inference.kept import Kept, machine
from napari_unet.schema import check, to_json
from napari_unet.unet import speed
from napari_unet.unet.aside import aside
from napari_unet.unet.model import UNet
from napari_unet.unet.speed import Speed

LOOK = 0.1  # seconds
BUSY = 25.0  # per cent of all cores
QUICK = 0.3  # seconds an image: of slower networks, nobody waits for a second measurement
FEW = 4  # cores: with more of them, threads that share every layer are likely to be quicker


@dataclass(frozen=True)
class Choice:
    """How to compute, with the seconds of an image, and whether it was measured at leisure."""

    precision: str
    channels_last: bool
    lanes: int
    seconds: float
    sure: bool

    def __post_init__(self) -> None:
        check(self)


KEPT = Kept("speeds.json", Choice)


class Speeds:
    """How a network is to compute on a device.

    Parameters
    ----------
    model
        The network, wherever it is: copies are measured.
    shape
        ``(N, C, *S)``, the largest batch that it will be shown.
    device
        As torch calls it.
    """

    def __init__(self, model: UNet, shape: tuple[int, ...], device: str) -> None:
        self._model, self._shape, self._device = model, shape, device
        self._key = self._known_by()
        self._choice = KEPT.read().get(self._key)
        self._guessed = False

    def choose(self, soon: bool = False) -> Speed:
        """Return what was found earlier, or measure now; on a processor, guess if it is ``soon``.

        The guess is what most processors were found to do best. Those with instructions for
        products of bfloat16 matrices (AMX) compute networks three times faster with them.
        """
        if (kept := self._choice) is not None:
            return Speed(self._device, kept.precision, kept.channels_last, kept.seconds, kept.lanes)
        if soon and torch.device(self._device).type == "cpu":
            self._guessed = True
            threads = torch.get_num_threads()
            lanes = min(threads, self._shape[0]) if threads <= FEW else 1
            precision = "bfloat16" if _multiplies_bfloat16() else "float32"
            return Speed(self._device, precision, channels_last=True, lanes=lanes)
        found = self._measured(hurry=True)
        self._keep(found, sure=False)
        return found

    def settle(self, stop: Callable[[], bool]) -> None:
        """Measure at leisure, for the next start, unless that was done; ``stop`` ends it.

        Not beside a training, or whatever else computes: another time will come.
        """
        kept = self._choice
        unsure = self._guessed if kept is None else not kept.sure
        if not unsure or _others_compute():
            return
        work = aside(lambda: self._measured(hurry=False), lambda: None)
        while not stop():
            try:
                next(work)
            except StopIteration as end:
                self._keep(end.value, sure=True)
                return
        work.close()

    def _measured(self, hurry: bool) -> Speed:
        options = speed.candidates(self._device, "auto", "auto")
        one = (1, *self._shape[1:])
        found = speed.choose(self._model, one, options, training=False)
        if found.seconds >= QUICK and hurry:
            return found
        several = (min(self._shape[0], torch.get_num_threads()), *one[1:])
        plain = replace(found, seconds=nan)  # several at once take another time
        many = speed.with_lanes(self._model, several, plain, training=False)
        return found if isnan(many.seconds) else many

    def _keep(self, found: Speed, sure: bool) -> None:
        self._guessed = False
        if isfinite(found.seconds):  # otherwise there was nothing to choose from
            self._choice = Choice(
                found.precision, found.channels_last, found.lanes, found.seconds, sure
            )
            KEPT.keep(self._key, self._choice)

    def _known_by(self) -> str:
        """Return what a choice holds for: weights make no difference to it."""
        network = json.dumps(to_json(self._model.config), sort_keys=True)
        name = sha256(network.encode()).hexdigest()[:16]
        shown = "×".join(map(str, self._shape))
        return f"{name} {shown} {speed.device_name(self._device)} {machine()}"


def _multiplies_bfloat16() -> bool:
    """Whether the processor has instructions for it, as far as torch tells."""
    # Older ones tell nothing.
    tell: Callable[[], dict[str, Any]] = getattr(torch.cpu, "get_capabilities", dict)
    return bool(tell().get("amx_bf16", False))


def _others_compute() -> bool:
    """Whether the processor is busy, while this process does nothing."""
    return float(psutil.cpu_percent(LOOK)) > BUSY

"""torch or ONNX Runtime: which answers sooner, for a model and a size, on this machine.

Both are asked the same, in turns, once enough time was spent on images of a size that it pays
(`Runtimes`), or while nobody waits (`Runtimes.settle`). ONNX Runtime is used from then on if it
takes less than nine tenths of torch's time, and its probabilities are torch's. What was found is
kept in the workspace, for as long as model, machine and versions stay the same.

What is shown to the network strip by strip (see `napari_unet.unet.windows`) stays with torch: ONNX
Runtime would have to compute what lies around each window anew, and takes longer.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property
from importlib.metadata import version
from pathlib import Path
from typing import Literal

import torch
from torch import Tensor

from napari_unet.card import checksum
from napari_unet.errors import ModelError
from napari_unet.inference.kept import Kept, machine
from napari_unet.schema import check
from napari_unet.unet.forward import Answers, Forward
from napari_unet.unet.model import probabilities
from napari_unet.unet.network import Tell
from napari_unet.unet.onnx_forward import OnnxForward, installed
from napari_unet.unet.speed import WORTHWHILE

Sides = tuple[int, ...]  # of what the network is shown, channels first

EQUAL = 1e-3  # by which probabilities may differ: a quarter of the 255th part that is kept of them
LONG = 2.0  # seconds that a job has spent on images of a size, after which a measurement pays
SEVERAL = 10  # and so many times a batch, since a measurement takes about five
QUICK = 2.0  # seconds a batch: of slower ones nothing is measured while nobody waits
ROUNDS = 3  # of each, of which the best counts
ENOUGH = 1.0  # seconds after which no further round is begun


@dataclass(frozen=True)
class Measured:
    """Seconds a batch, by either, and how far probabilities were apart."""

    torch: float
    onnx: float
    apart: float

    def __post_init__(self) -> None:
        check(self)

    @property
    def equal(self) -> bool:
        """Whether both give the same."""
        return self.apart <= EQUAL

    @property
    def wins(self) -> bool:
        """Whether ONNX Runtime is to be used."""
        return self.equal and self.onnx < WORTHWHILE * self.torch


FAILED = Measured(0.0, 0.0, 1.0)
KEPT = Kept("runtimes.json", Measured)


class Runtimes:
    """Answers to batches by whatever is quicker, or by what was asked for.

    Parameters
    ----------
    forward
        torch.
    path
        The model's file, by whose weights measurements are known again.
    """

    def __init__(self, forward: Forward, path: Path) -> None:
        self._torch, self._path = forward, path
        self._threads = torch.get_num_threads()
        self._onnx: OnnxForward | None = None
        self._broken = False
        self._measured: dict[Sides, Measured] = {}
        self._waiting: dict[Sides, _Spent] = {}
        self._known = KEPT.read() if self._possible else {}

    @property
    def _possible(self) -> bool:
        return self._torch.speed.device == "cpu" and installed()

    def asked(self, wanted: Literal["auto", "torch", "onnx"], tell: Tell) -> Answers:
        """Return what answers to batches; ``tell`` is told what was not done as wanted.

        Raises
        ------
        ModelError
            If ONNX Runtime is wanted, but not installed.
        """
        if wanted == "onnx":
            if not installed():
                raise ModelError(
                    "ONNX Runtime is not installed: pip install 'napari-unet-workbench[onnx]', or "
                    "let torch compute."
                )
            if self._torch.speed.device != "cpu":
                tell("ONNX Runtime is used on the CPU only: torch computes on the GPU.")
        if wanted == "torch" or not self._possible:
            return self._torch
        for spent in self._waiting.values():  # who clicks now and then waits for no measurement
            spent.total = 0.0
        return _Asked(self, wanted == "onnx", tell)

    def prepare(self, sides: Sides) -> None:
        """Make ready what images of these sides will need, as far as is known."""
        if self._possible and (found := self.known(sides)) is not None and found.wins:
            self._session(lambda _: None)

    def known(self, sides: Sides) -> Measured | None:
        """Return what was measured of images of these sides, now or earlier."""
        if sides not in self._measured and self._known:
            earlier = self._known.get(self._key(sides))
            if earlier is not None:
                self._measured[sides] = earlier
        return self._measured.get(sides)

    def answer(self, images: Tensor, forced: bool, tell: Tell) -> Tensor:
        """Return the logits of a batch."""
        sides = tuple(images.shape[1:])
        found = self.known(sides)
        if found is None and forced:
            found = self._compared(images, tell)
        if found is None:
            return self._timed(images, sides)
        if found.wins or (forced and found.equal):
            return self._by_onnx(images, tell)
        return self._torch(images)

    def settle(self, stop: Callable[[], bool] = lambda: False) -> None:
        """Measure what there was no time for; ``stop`` says whether somebody waits now."""
        for sides, spent in list(self._waiting.items()):
            if spent.batch < QUICK and not stop():
                random = torch.Generator().manual_seed(0)
                self._measure(torch.randn(spent.number, *sides, generator=random), stop)

    # --- with either ----------------------------------------------------------------------------

    def _session(self, tell: Tell) -> OnnxForward | None:
        """Return ONNX Runtime, unless it has failed."""
        if self._onnx is None and not self._broken:
            try:
                self._onnx = OnnxForward(self._torch.model, self._threads)
            except Exception as error:  # it raises anything
                self._fail(error, tell)
        return self._onnx

    def _by_onnx(self, images: Tensor, tell: Tell) -> Tensor:
        if (session := self._session(tell)) is not None:
            try:
                return session(images)
            except Exception as error:
                self._fail(error, tell)
        return self._torch(images)

    def _fail(self, error: Exception, tell: Tell) -> None:
        self._onnx, self._broken = None, True
        first = (str(error).splitlines() or [""])[0]
        tell(f"ONNX Runtime failed: going on with torch ({type(error).__name__}: {first:.200}).")

    def _compared(self, images: Tensor, tell: Tell) -> Measured:
        """Return whether both give the same, without timing them."""
        found = self._by_onnx(images, tell)
        measured = FAILED if self._broken else Measured(0.0, 0.0, self._apart(found, images))
        if not (self._broken or measured.equal):
            tell("ONNX Runtime answers otherwise than torch for this model: torch computes.")
        self._measured[tuple(images.shape[1:])] = measured
        return measured

    def _apart(self, found: Tensor, images: Tensor) -> float:
        """Return how far probabilities are from those of torch in full precision."""
        speed = self._torch.speed
        with Forward(self._torch.model, replace(speed, precision="float32")) as exact:
            wanted = exact(images)
        return float((probabilities(found) - probabilities(wanted)).abs().max())

    # --- measuring ------------------------------------------------------------------------------

    def _timed(self, images: Tensor, sides: Sides) -> Tensor:
        """Return torch's answer, and measure if enough time went into such images."""
        start = time.perf_counter()
        found = self._torch(images)
        spent = self._waiting.setdefault(sides, _Spent(len(images)))
        spent.batch = time.perf_counter() - start
        spent.total += spent.batch
        if spent.total > max(LONG, SEVERAL * spent.batch):
            self._measure(images)
        return found

    def _measure(self, images: Tensor, stop: Callable[[], bool] = lambda: False) -> None:
        """Ask both, in turns, and keep what was found; nothing if ``stop`` says so."""
        sides = tuple(images.shape[1:])
        found, measured = self._by_onnx(images, lambda _: None), FAILED
        if not self._broken:
            apart = self._apart(found, images)
            pairs: list[tuple[float, float]] = []
            start = time.perf_counter()
            while len(pairs) < ROUNDS and (not pairs or time.perf_counter() - start < ENOUGH):
                if stop():
                    return
                pairs.append((_seconds(self._torch, images), _seconds(self._onnx, images)))
            torches, onnxes = zip(*pairs, strict=True)
            measured = Measured(min(torches), min(onnxes), apart)
            self._keep(sides, measured)
        self._measured[sides] = measured
        self._waiting.pop(sides, None)
        if not measured.wins:
            self._onnx = None  # until it is asked for

    @cached_property
    def _weights(self) -> str:
        """What the weights are known by; empty if the file is gone."""
        try:
            return checksum(self._path)
        except ModelError:
            return ""

    def _key(self, sides: Sides) -> str:
        """Return what a measurement holds for."""
        speed = self._torch.speed
        how = f"{speed.precision} {speed.channels_last} {speed.lanes}×{self._threads}"
        shown = "×".join(map(str, sides))
        onnx = f"onnxruntime {version('onnxruntime')}"
        return f"{self._weights} {shown} {how} {machine()} {onnx}"

    def _keep(self, sides: Sides, measured: Measured) -> None:
        if self._weights:
            KEPT.keep(self._key(sides), measured)


@dataclass
class _Spent:
    """Time that went into images of a size: so many at once, the last batch, and all."""

    number: int
    batch: float = 0.0
    total: float = 0.0


class _Asked:
    """A `Runtimes`, as one job asks it."""

    def __init__(self, runtimes: Runtimes, forced: bool, tell: Tell) -> None:
        self._runtimes, self._forced, self._tell = runtimes, forced, tell
        self.speed = runtimes._torch.speed

    def __call__(self, images: Tensor) -> Tensor:
        return self._runtimes.answer(images, self._forced, self._tell)


def _seconds(answers: Answers | None, images: Tensor) -> float:
    assert answers is not None
    start = time.perf_counter()
    answers(images)
    return time.perf_counter() - start

"""How long to train: a number of epochs, or minutes; and how long an epoch is."""

from __future__ import annotations

import math
import time

from napari_unet.config import OptimConfig
from napari_unet.unet.speed import Speed

MIN_STEPS = 16  # steps an epoch has at least when minutes count: else small sets only validate
MIN_EPOCHS = 8  # epochs that fit the minutes at least: huge sets too are validated several times


class Budget:
    """Tells how much of the training is done; the clock starts when it is made.

    ``reserve`` is the time, in seconds, that must be left at the end of the minutes for what
    still follows the last step.
    """

    def __init__(self, optim: OptimConfig) -> None:
        self.epochs = optim.epochs
        self.minutes = optim.minutes
        self.reserve = 0.0
        self._used = 0.0
        self._since: float | None = time.monotonic()
        self._agreed: float | None = None

    @property
    def elapsed(self) -> float:
        """Seconds of training, in which the clock did not rest."""
        running = 0.0 if self._since is None else time.monotonic() - self._since
        return self._used + running

    def agree(self, elapsed: float, reserve: float) -> None:
        """Decide by these from now on: of several processes, all must decide alike."""
        self._agreed, self.reserve = elapsed, reserve

    @property
    def _spent(self) -> float:
        return self.elapsed if self._agreed is None else self._agreed

    def rest(self) -> None:
        """Stop the clock."""
        self._used, self._since = self.elapsed, None

    def go_on(self, used: float | None = None) -> None:
        """Let the clock run from where it stood, or from ``used`` seconds."""
        self._used = self.elapsed if used is None else used
        self._since = time.monotonic()

    @property
    def over(self) -> bool:
        """Whether the minutes are used up."""
        return bool(self.minutes) and self._spent + self.reserve >= 60 * self.minutes

    def share(self, epochs_done: float) -> float:
        """Return the share of the budget that is used, 0 to 1; what is in reserve is none of it.

        So that a learning rate that falls with it has fallen to nothing at the last step.
        """
        if self.minutes:
            return min(self._spent / max(60 * self.minutes - self.reserve, 1e-9), 1.0)
        return min(epochs_done / self.epochs, 1.0)

    def seconds_left(self, epochs_done: float) -> float:
        """Return the expected time to the end; NaN before anything is done."""
        if self.minutes:
            return max(60 * self.minutes - self.elapsed, 0.0)
        share = self.share(epochs_done)
        return self.elapsed * (1 / share - 1) if share else float("nan")

    def total_epochs(self, epochs_done: float) -> float:
        """Return how many epochs there will be: planned, or expected from the pace so far."""
        if not self.minutes:
            return self.epochs
        return max(epochs_done / max(self.share(epochs_done), 1e-6), epochs_done)

    def why_over(self, epoch: int) -> str:
        """Return in words why no epoch follows ``epoch``; empty if one does."""
        if self.over:
            return f"{self.minutes:g} minutes are over"
        if not self.minutes and epoch >= self.epochs:
            return f"{epoch} epochs are done"
        return ""


def steps_per_epoch(optim: OptimConfig, speed: Speed, images: int) -> int:
    """Return the steps of an epoch: one pass over the images; with minutes, within bounds."""
    steps = max(round(images / optim.batch), 1)
    if not optim.minutes or not 0 < speed.seconds < math.inf:
        return steps
    fitting = 60 * optim.minutes / (speed.seconds * optim.batch)
    return min(max(steps, MIN_STEPS), max(int(fitting / MIN_EPOCHS), 1))

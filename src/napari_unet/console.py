"""Showing a job's events in a terminal: progress bar and notes on standard error."""

from __future__ import annotations

import sys
from types import TracebackType

from tqdm import tqdm

from napari_unet.events import CaseDone, EpochEnd, Event, Note, Planned, Progress


class Console:
    """A callable for events; use it as a context so that the bar is closed."""

    def __init__(self) -> None:
        self._bar: tqdm[None] | None = None
        self._what = ""

    def __call__(self, event: Event) -> None:
        """Show one event."""
        match event:
            case Progress():
                self._progress(event)
            case Note():
                self.say(f"{'warning: ' if event.warning else ''}{event.text}")
            case Planned():
                self.say(f"plan: {event.plan.words}")
            case EpochEnd():
                self.say(epoch_line(event))
            case CaseDone(error=error) if error:
                self.say(f"warning: {event.name}: {error}")

    def say(self, text: str) -> None:
        """Write a line above the progress bar."""
        tqdm.write(text, file=sys.stderr)

    def _progress(self, event: Progress) -> None:
        # The epoch's number is part of the words; a bar lasts as long as their first one.
        what = event.what.partition(",")[0]
        if self._bar is None or what != self._what:
            self._close()
            self._what = what
            self._bar = tqdm(
                total=event.total,
                file=sys.stderr,
                bar_format="{desc} {percentage:3.0f}%|{bar}| {postfix}",
                dynamic_ncols=True,
                leave=False,
                delay=0.5,
            )
        self._bar.total = event.total
        self._bar.set_description_str(event.what, refresh=False)
        self._bar.set_postfix_str(left(event.seconds_left), refresh=False)
        self._bar.update(event.done - self._bar.n)

    def _close(self) -> None:
        if self._bar is not None:
            self._bar.close()
            self._bar = None

    def __enter__(self) -> Console:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._close()


def epoch_line(e: EpochEnd) -> str:
    """Return the line that sums up an epoch."""
    mark = "  best so far, saved" if e.best else ""
    classes = ", ".join(f"{name} {dice:.4f}" for name, dice in e.class_dice.items())
    return (
        f"epoch {e.epoch:3d}  loss {e.loss:.4f}  val loss {e.val_loss:.4f}  "
        f"val Dice {e.val_dice:.4f}{f' ({classes})' if classes else ''}  "
        f"{e.images_per_second:.0f} images/s{mark}"
    )


def left(seconds: float) -> str:
    """Return "1:05 left", or nothing while unknown."""
    if seconds != seconds:
        return ""
    minutes, s = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{s:02d} left" if hours else f"{minutes}:{s:02d} left"

"""A job's bar in napari's activity dock."""

from __future__ import annotations

from collections.abc import Callable

from napari.utils.progress import cancelable_progress

from napari_unet.events import Progress

STEPS = 1000  # of a progress bar; napari's take whole numbers


class ActivityBar(cancelable_progress):  # type: ignore[misc]  # napari is untyped
    """A bar in napari's activity dock whose Cancel button stops the job at once."""

    def __init__(self, title: str, on_cancel: Callable[[], None]) -> None:
        self._on_cancel = on_cancel
        self._showing = self._over = False
        super().__init__(
            total=STEPS, desc=title, bar_format="{desc}|{bar}| {remaining} left", leave=False
        )

    def cancel(self) -> None:
        """Stop the job."""
        super().cancel()
        self._on_cancel()

    def show(self, progress: Progress) -> None:
        """Move to the state of ``progress``.

        napari handles pending events whenever its bars move, so the next event, even the last,
        may come while this runs; it must neither nest deeper nor close the bar under it.
        """
        if self._showing or self._over or not progress.total > 0:
            return
        self._showing = True
        try:
            self.update(round(STEPS * min(progress.done / progress.total, 1)) - self.n)
        finally:
            self._showing = False
        if self._over:
            self.close()

    def finish(self) -> None:
        """Take the bar away."""
        self._over = True
        if not self._showing:
            self.close()

"""Going from error to error, the largest first: camera and sliders follow."""

from __future__ import annotations

import numpy as np
from psygnal import Signal

from napari_unet.errors import readable
from napari_unet.mistakes import Mistake, find_mistakes
from napari_unet.session import is_time
from napari_unet.tally import ADDED, CONFUSED, MISSED
from napari_unet.widgets.background import Background
from napari_unet.widgets.correcting import Correcting
from napari_unet.widgets.counting import Counting

WORDS = {ADDED: "too much", MISSED: "missed", CONFUSED: "of a wrong class"}
AT_ONCE = 500_000  # pixels up to which regions are looked for without a thread
SMALL, WANTED = 1 / 16, 1 / 8  # of the view: a region smaller than that is enlarged to this


class Jumper:
    """Knows the regions of errors while they are unchanged, and goes from one to the next."""

    changed = Signal()  # what there is to say

    def __init__(self, correcting: Correcting) -> None:
        self.correcting = correcting
        self.mistakes: tuple[Mistake, ...] = ()
        self.number = 0  # all of them; only the largest are gone to
        self._at: Mistake | None = None  # the last one that was gone to
        self._of: tuple[Counting, int] | None = None  # what they are the mistakes of
        self._step = 0  # asked for, while regions are looked for
        self._thread = Background()
        correcting.scored.connect(self._check_fresh)

    def go(self, step: int) -> None:
        """Go to the next region (1) or the one before (-1)."""
        if self._known():
            self._go(step)
        elif self.correcting.counting is not None:
            self._step = step
            self.changed.emit()
            self._look()

    @property
    def text(self) -> str:
        """Which region is looked at, of how many, and what is wrong there."""
        if not self._known():
            asked = "Looking for errors …" if self._step else ""
            return asked or ("Changed since: N goes on to the next error." if self._of else "")
        if not self.mistakes:
            return "No errors left."
        if self._at in self.mistakes:
            place = self.mistakes.index(self._at) + 1
            return f"{place:,} of {self.number:,}: {_size(self._at)}"
        regions = f"{self.number:,} error region{'s' * (self.number != 1)}"
        return f"{regions}, the largest: {_size(self.mistakes[0])}"

    # --- inside -------------------------------------------------------------------------------

    def _known(self) -> bool:
        counting = self.correcting.counting
        return self._of is not None and self._of == (counting, counting and counting.tally.version)

    def _check_fresh(self) -> None:
        counting = self.correcting.counting
        if self._of is not None and self._of[0] is not counting:
            self._of = self._at = None
            self._step = 0
            self._thread.drop()
        self.changed.emit()

    def look(self) -> None:
        """Find the regions again after somebody painted, if they were of interest before."""
        if self._of is not None and not self._known():
            self._look()

    def _look(self) -> None:
        counting = self.correcting.counting
        if counting is None or not counting.ready:
            return
        tally, layer = counting.tally, counting.prediction
        version, whole = tally.version, (slice(None),) * layer.ndim
        in_time = layer.ndim > 2 and is_time(str(layer.axis_labels[-3]))
        apart = layer.ndim - 2 if in_time else max(layer.ndim - 3, 0)

        def take(found: tuple[tuple[Mistake, ...], int]) -> None:
            self._of = (counting, version)
            self.mistakes, self.number = found
            step, self._step = self._step, 0
            if step:
                self.go(step)  # or look again, if somebody painted meanwhile
            else:
                self.changed.emit()

        if tally.prediction.size <= AT_ONCE:
            take(find_mistakes(tally.outcomes(whole), apart))
            return
        self._thread.run(
            "looking for errors",
            lambda: find_mistakes(tally.outcomes(whole), apart),
            take,
            lambda error: self.correcting.session.fail("correct", readable(error)),
        )

    def _go(self, step: int) -> None:
        """Go on in the order of the regions, even if the last one is gone or smaller by now."""
        if not self.mistakes:
            self._at = None
        elif self._at is None:
            self._at = self.mistakes[0 if step > 0 else -1]
        elif step > 0:
            after = (m for m in self.mistakes if m > self._at)
            self._at = next(after, self.mistakes[0])
        else:
            before = (m for m in reversed(self.mistakes) if m < self._at)
            self._at = next(before, self.mistakes[-1])
        if self._at is not None:
            self._show(self._at)
        self.changed.emit()

    def _show(self, mistake: Mistake) -> None:
        """Move sliders and camera to a region; enlarge it if it could hardly be seen."""
        counting = self.correcting.counting
        viewer = self.correcting.layers.hand.viewer
        if counting is None or viewer is None:
            return
        layer = counting.prediction
        world = np.asarray(layer.data_to_world(mistake.at))
        offset = viewer.dims.ndim - layer.ndim
        for axis in viewer.dims.not_displayed:
            if axis >= offset:
                viewer.dims.set_point(axis, world[axis - offset])
        shown = [axis - offset for axis in viewer.dims.displayed]
        camera = getattr(viewer, "scene", viewer).camera  # napari is moving it
        center = [0.0] * (3 - len(shown)) + [float(world[axis]) for axis in shown]
        seen = np.ptp(np.asarray(layer.corner_pixels), axis=0)[shown]
        camera.center = tuple(center)
        share = np.max([(high - low) / max(n, 1) for (low, high), n in zip(
            (mistake.box[axis] for axis in shown), seen, strict=True)])  # fmt: skip
        if seen.min() > 0 and not SMALL <= share <= 1:
            most = seen.min() / 32  # so that at least these pixels are in view
            factor = WANTED / share if share < SMALL else 0.8 / share
            camera.zoom *= min(factor, max(most, 1))


def _size(mistake: Mistake) -> str:
    return f"{mistake.pixels:,} px {WORDS[mistake.outcome]}"

"""How smooth the viewer stays while a network trains, and what a busy viewer costs the training.

A real napari window with the workbench; a script drags the threshold slider, which relabels the
open scan at every step, 30 times a second (or as ``--rate`` says); first while nothing trains, then
while the engine process does. The difference is what training costs the viewer; the rest is
drawing.

A timer that should fire every 5 ms measures how long the event loop was held up. Run it as

    python benchmarks/responsiveness.py [--seconds 20] [--rate 30] [--size 1089x630]

with a display, or under ``xvfb-run -a``. The window has the size that napari gives a new one; where
OpenGL is done in software, every repaint takes time in proportion to it.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

os.environ["NAPARI_UNET_HOME"] = tempfile.mkdtemp(prefix="napari-unet-home-")

import napari
import numpy as np
from qtpy.QtCore import QEventLoop, Qt, QTimer

from napari_unet.data.sample import write_sample
from napari_unet.widgets.desk import desk_of

TICK = 0.005


class Loop:
    """Measures delays of the event loop while ``act`` is called again and again."""

    def __init__(self, act: Callable[[int], None]) -> None:
        self.delays: list[float] = []
        self.last = time.perf_counter()
        self.act, self.count = act, 0
        self.timer, self.drag = QTimer(), QTimer()
        self.timer.setTimerType(Qt.TimerType.PreciseTimer)
        self.timer.timeout.connect(self._tick)
        self.drag.timeout.connect(self._drag)

    def _tick(self) -> None:
        now = time.perf_counter()
        self.delays.append(max(now - self.last - TICK, 0.0))
        self.last = now

    def _drag(self) -> None:
        self.act(self.count)
        self.count += 1

    def run(self, seconds: float, rate: float) -> None:
        """Measure for some seconds, with so many drags a second."""
        self.last = time.perf_counter()
        self.timer.start(int(TICK * 1000))
        self.drag.start(round(1000 / rate))
        wait(lambda: False, seconds)
        self.timer.stop()
        self.drag.stop()

    def words(self) -> str:
        """Return percentiles of the delay."""
        p = 1e3 * np.percentile(self.delays, [50, 99, 100])
        return f"p50 {p[0]:5.1f} ms   p99 {p[1]:6.1f} ms   longest {p[2]:6.1f} ms"


def wait(until: Callable[[], bool], seconds: float) -> bool:
    """Let the event loop run until something is so, or for some seconds.

    The loop sleeps while nothing happens, as it does for a person: a loop that asked again and
    again would take the processor from the training.
    """
    loop, look, end = QEventLoop(), QTimer(), time.monotonic() + seconds
    look.timeout.connect(lambda: loop.quit() if until() or time.monotonic() >= end else None)
    look.start(20)
    loop.exec()
    return until()


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--seconds", type=float, default=20.0, help="per situation")
    parser.add_argument("--rate", type=float, default=30.0, help="steps of the slider a second")
    parser.add_argument("--size", default="1089x630", help="of the window, in pixels")
    args = parser.parse_args()
    folder = write_sample(Path(tempfile.mkdtemp()) / "sample", patients=12, slices=6, size=256)
    viewer = napari.Viewer()
    viewer.window._qt_window.resize(*map(int, args.size.split("x")))
    _, bench = viewer.window.add_plugin_dock_widget("napari-unet-workbench", "U-Net workbench")
    desk, session = desk_of(viewer), desk_of(viewer).session
    desk.folders.open(str(folder))
    assert wait(lambda: bool(session.subsets), 60), "the folder did not open"
    desk.loader.step(1)
    assert wait(lambda: session.case is not None, 60), "no case opened"

    start_training(bench, minutes=0.2)
    assert wait(lambda: session.model is not None and "train" not in session.busy, 120)
    bench.tabs.setCurrentWidget(bench.segment)
    bench.segment.view.segment.button.click()
    assert wait(lambda: bool(desk.segmenter.answers.found), 120), "nothing was segmented"

    def act(i: int) -> None:
        bench.segment.view.slider.setValue(10 + i * 3 % 80)

    idle = Loop(act)
    idle.run(args.seconds, args.rate)
    print(f"nothing trains        {idle.words()}", flush=True)
    alone, in_use, engine = with_engine(bench, session, act, args.seconds, args.rate)
    print(f"engine process        {engine.words()}", flush=True)
    print(
        f"training speed in the engine: {alone:.1f} images/s with the viewer at rest, "
        f"{in_use:.1f} with the slider dragged: {alone / in_use:.2f} times slower"
    )
    session.close()
    viewer.close()


def start_training(bench: object, minutes: float) -> None:
    """Click Train with a budget of minutes."""
    bench.tabs.setCurrentWidget(bench.train)
    budget = bench.train.view.form.budget
    budget.unit.combo.setCurrentText("minutes")
    budget.minutes.spin.setValue(minutes)
    bench.train.view.train.button.click()


def with_engine(
    bench: object, session: object, act: Callable[[int], None], seconds: float, rate: float
) -> tuple[float, float, Loop]:
    """Train in the engine: return images/s at rest and in use, and the delays in use."""
    start_training(bench, minutes=1 + 2 * seconds / 60)  # so short that epochs are, too
    assert wait(lambda: len(session.curve) >= 1, 180), "the training did not start"
    bench.tabs.setCurrentWidget(bench.segment)
    wait(lambda: False, seconds)
    rest = [e.images_per_second for e in session.curve]
    loop = Loop(act)
    loop.run(seconds, rate)
    used = [e.images_per_second for e in session.curve][len(rest) + 1 :]
    bench.tabs.setCurrentWidget(bench.train)
    bench.train.view.running.button.click()
    assert wait(lambda: "train" not in session.busy, 30), "the training did not stop"
    return float(np.median(rest[1:] or rest)), float(np.median(used)), loop


if __name__ == "__main__":
    main()

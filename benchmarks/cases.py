"""How fast one case after another opens in napari: files already read, and files to be read.

A real napari window with the Data dock; a script presses Next. A case counts as open when its
layers hold it and the canvas was drawn. Run it as

    python benchmarks/cases.py FOLDER [--cases 60]

with a display, or under ``xvfb-run -a``.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from collections.abc import Callable

os.environ["NAPARI_UNET_HOME"] = tempfile.mkdtemp(prefix="napari-unet-home-")

import napari
import numpy as np
from qtpy.QtWidgets import QApplication

from napari_unet.widgets.desk import desk_of
from napari_unet.widgets.shelf import shelf_key


def wait(until: Callable[[], bool], seconds: float) -> bool:
    """Let the event loop run until something is so, or for some seconds."""
    end = time.monotonic() + seconds
    while time.monotonic() < end and not until():
        QApplication.processEvents()
    return until()


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("folder")
    parser.add_argument("--cases", type=int, default=60)
    args = parser.parse_args()
    viewer = napari.Viewer()
    viewer.window._qt_window.resize(1250, 900)
    viewer.window.add_plugin_dock_widget("napari-unet-workbench", "Data")
    desk, session = desk_of(viewer), desk_of(viewer).session
    begun = time.perf_counter()
    desk.folders.open(args.folder)
    assert wait(lambda: session.case is not None, 300), "no case opened"
    print(f"{len(session.dataset)} cases; the first after {time.perf_counter() - begun:.1f} s")
    for name, ahead in (("read ahead", True), ("from its files", False)):
        wall, busy = steps(desk, session, args.cases, ahead)
        print(
            f"next case, {name}: {words(wall)}\n  of the viewer's thread: {words(busy)}", flush=True
        )
    layers = list(viewer.layers)
    desk.loader.step(-1)
    wait(lambda: False, 0.5)
    print("layers are reused" if list(viewer.layers) == layers else "layers were made anew")
    session.close()
    viewer.close()


def steps(
    desk: object, session: object, count: int, ahead: bool
) -> tuple[list[float], list[float]]:
    """Go from case to case and return how long each took to be drawn, in seconds.

    First by the clock, then by the time that the viewer's thread computed: what it would take if
    no other program wanted the processor.
    """
    took, computed = [], []
    for i in range(count):
        step = 1 if session.neighbour(1) is not None else -1
        wanted = session.neighbour(step)
        key = shelf_key(session.dataset, wanted)
        if ahead:
            assert wait(lambda key=key: desk.loader.shelf.get(key) is not None, 60), "not read"
        else:
            wait(lambda: False, 0.1)
            desk.loader.shelf.clear()
        begun, used = time.perf_counter(), time.thread_time()
        desk.loader.step(step)
        while session.case is not wanted:
            QApplication.processEvents()
        QApplication.processEvents()  # the canvas is drawn here
        if i > 0:  # the first may make layers
            took.append(time.perf_counter() - begun)
            computed.append(time.thread_time() - used)
    return took, computed


def words(seconds: list[float]) -> str:
    """Return percentiles."""
    p = 1e3 * np.percentile(seconds, [50, 95, 100])
    return f"p50 {p[0]:5.1f} ms   p95 {p[1]:5.1f} ms   longest {p[2]:5.1f} ms"


if __name__ == "__main__":
    main()

"""How soon scores and errors follow the brush, in a real napari window.

The Correct dock follows two Labels layers while strokes are drawn on one of them, as the mouse does
it. For each step of a stroke it is measured how long it takes from the call that paints until the
scores and the layer of errors are updated (``followed``), the same without anybody following
(``napari``: what painting takes by itself), and until the window has drawn it (``drawn``; where
OpenGL is done in software that depends on the window's size). ``CPU`` is what the processor worked
for the figure before. A count of the whole in the same run (``recount``: `metrics.count`, and the
errors) says what is saved. Run it as

    python benchmarks/painting.py [--steps 200] [--sizes 512x512 4096x4096 128x128x128]

with a display, or under ``xvfb-run -a``.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from typing import Any

os.environ["NAPARI_UNET_HOME"] = tempfile.mkdtemp(prefix="napari-unet-home-")

import napari
import numpy as np
from qtpy.QtWidgets import QApplication
from responsiveness import wait
from scipy.ndimage import gaussian_filter

from napari_unet.metrics import count
from napari_unet.tally import Tally
from napari_unet.widgets.desk import desk_of

GOALS = {4096: 100.0}  # milliseconds for a step, by the longest side
GOAL = 30.0
BRUSHES = (5, 20, 80)


def blobs(shape: tuple[int, ...], classes: int, seed: int) -> np.ndarray:
    """Return labels of about a fifth of an image, ``shape``."""
    rng = np.random.default_rng(seed)
    small = rng.standard_normal([max(n // 8, 8) for n in shape], dtype=np.float32)
    field = gaussian_filter(small, 2)
    for axis, n in enumerate(shape):
        field = np.repeat(field, -(-n // field.shape[axis]), axis).take(range(n), axis)
    levels = np.quantile(field[..., ::4, ::4], np.linspace(0.8, 1, classes + 1)[:-1])
    return np.digitize(field, levels).astype(np.uint8)


class Bench:
    """A window with the Correct dock, and two layers that are compared."""

    def __init__(self, viewer: napari.Viewer) -> None:
        self.viewer = viewer
        _, widget = viewer.window.add_plugin_dock_widget("napari-unet-workbench", "U-Net workbench")
        widget.tabs.setCurrentWidget(widget.correct)
        self.correcting = desk_of(viewer).correcting
        self.draw = viewer.window._qt_viewer.canvas._scene_canvas.native.repaint

    def show(self, shape: tuple[int, ...], classes: int) -> Any:
        """Open a prediction and a reference, and wait until they are followed."""
        self.viewer.layers.clear()
        reference = self.viewer.add_labels(blobs(shape, classes, 0), name="reference")
        layer = self.viewer.add_labels(blobs(shape, classes, 1), name="prediction")
        self.correcting.choose("reference", str(reference.unique_id))
        self.correcting.choose("prediction", str(layer.unique_id))
        ready = lambda: self.correcting.counting is not None and self.correcting.counting.ready  # noqa: E731
        assert wait(ready, 120), self.correcting.problem
        wait(lambda: False, 2)
        return layer

    def stroke(self, layer: Any, brush: int, steps: int, classes: int) -> list[np.ndarray]:
        """Draw strokes; return milliseconds of each step until it returned, and was drawn.

        The last ones are those that the processor worked until it returned: all that can be told
        of a machine that does other things, too.
        """
        layer.brush_size, layer.mode = brush, "paint"
        rng = np.random.default_rng(brush)
        shape = np.array(layer.data.shape[-2:])
        front = [int(i) for i in self.viewer.dims.current_step[: layer.ndim - 2]]
        painted, drawn, worked = [], [], []
        point = shape / 2
        with layer.block_history():
            for i in range(steps):
                last = point
                turn = rng.uniform(0, 2 * np.pi)
                away = max(brush / 2, 3) * np.array([np.sin(turn), np.cos(turn)])
                point = np.clip(last + away, 0, shape - 1)
                label = int(rng.integers(0, classes + 1))
                start, work = time.perf_counter(), time.thread_time()
                layer._draw(label, [*front, *last], [*front, *point])
                painted.append(time.perf_counter() - start)
                worked.append(time.thread_time() - work)
                self.draw()
                drawn.append(time.perf_counter() - start)
                if i % 10 == 0:
                    QApplication.processEvents()
        return [1e3 * np.array(times) for times in (painted, drawn, worked)]

    def check(self) -> None:
        """Fail unless the followed scores are those of the whole."""
        counting = self.correcting.counting
        assert counting is not None
        tally = counting.tally
        whole = count(tally.prediction, tally.reference, tally.classes)
        assert np.array_equal(tally.counts.tp, whole.tp), "tp"
        assert np.array_equal(tally.counts.fn, whole.fn), "fn"
        everywhere = (slice(None),) * tally.prediction.ndim
        assert np.array_equal(self.correcting.errors.layer.data, tally.outcomes(everywhere))


def recount(tally: Tally) -> float:
    """Return milliseconds of counting the whole and of finding all errors."""
    start = time.perf_counter()
    count(tally.prediction, tally.reference, tally.classes)
    tally.outcomes((slice(None),) * tally.prediction.ndim)
    return 1e3 * (time.perf_counter() - start)


def words(times: np.ndarray) -> str:
    """Return median, 99th percentile and maximum."""
    median, most, longest = np.percentile(times, [50, 99, 100])
    return f"{median:6.2f} / {most:6.2f} / {longest:6.2f}"


def measure(bench: Bench, shape: tuple[int, ...], classes: int, steps: int) -> None:
    """Print what following takes for one size of image, with each brush."""
    layer = bench.show(shape, classes)
    text = f"{' × '.join(map(str, shape))}, {classes} class{'es' * (classes > 1)}"
    assert bench.correcting.counting is not None
    again = np.median([recount(bench.correcting.counting.tally) for _ in range(5)])
    goal = GOALS.get(max(shape), GOAL)
    for brush in BRUSHES:
        followed, drawn, worked = bench.stroke(layer, brush, steps, classes)
        bench.check()
        counting = bench.correcting.counting
        counting.close()
        alone, _, itself = bench.stroke(layer, brush, steps, classes)
        bench.correcting._again()
        wait(lambda: bench.correcting.counting.ready, 60)
        met = "below" if followed.max() < goal else "NOT always below"
        print(
            f"{text:28s} brush {brush:3d}  followed {words(followed)}  CPU {words(worked)}  "
            f"napari {words(alone)}  CPU {words(itself)}  drawn {words(drawn)}  "
            f"recount {again:6.1f}  {met} {goal:.0f} ms",
            flush=True,
        )


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--steps", type=int, default=200)
    parser.add_argument("--sizes", nargs="+", default=["512x512", "4096x4096", "128x128x128"])
    parser.add_argument("--classes", type=int, nargs="+", default=[1, 3])
    args = parser.parse_args()
    viewer = napari.Viewer()
    viewer.window._qt_window.resize(1089, 630)
    bench = Bench(viewer)
    print("milliseconds for each step of a stroke: median / 99th percentile / longest")
    for size in args.sizes:
        for classes in args.classes:
            measure(bench, tuple(map(int, size.split("x"))), classes, args.steps)
    desk_of(viewer).close()
    viewer.close()


if __name__ == "__main__":
    main()

"""How soon labels follow the threshold, in a real napari window.

The slider of the Segment dock is moved step by step over a result that is kept, as if a person did
it; the network does not run. For each step it is measured how long it takes until the labels'
layer holds and has sliced the new labels (``layer``: what this program does, and napari's refresh),
and until the window has drawn them, too (``drawn``; where OpenGL is done in software that depends
on the window's size). Last, clean-up: where it is done in a thread, what counts is how soon the
labels are there and how long the window stood still meanwhile. Run it as

    python benchmarks/threshold.py [--moves 30] [--size 1089x630] [--skip-3d]

with a display, or under ``xvfb-run -a``.
"""

from __future__ import annotations

import argparse
import os
import struct
import tempfile
import time
from pathlib import Path

os.environ["NAPARI_UNET_HOME"] = tempfile.mkdtemp(prefix="napari-unet-home-")

import json

import napari
import numpy as np
from qtpy.QtWidgets import QApplication
from responsiveness import Loop, wait
from scipy.ndimage import gaussian_filter

from napari_unet import workspace
from napari_unet.card import KEY, SUFFIX, ModelCard
from napari_unet.config import CleanUp, PreprocessConfig, UNetConfig
from napari_unet.data.cases import LabelRule
from napari_unet.events import SegmentArrayFinished
from napari_unet.labelling import quantise
from napari_unet.widgets.desk import desk_of

GOALS = {2: 50.0, 3: 500.0}  # milliseconds


def write_model(classes: int, dims: int) -> Path:
    """Write a model file with a card and no weights: nothing here runs the network."""
    network = UNetConfig(dims=dims, out_channels=1 if classes == 1 else classes + 1)
    names = tuple("abcdef"[:classes])
    rule = LabelRule(names=names)
    card = ModelCard(f"m{classes}{dims}", network, PreprocessConfig(size=(64,) * dims), rule)
    header = json.dumps({"__metadata__": {KEY: card.dumps()}}).encode()
    path = workspace.models_dir() / f"{card.name}{SUFFIX}"
    path.write_bytes(struct.pack("<Q", len(header)) + header)
    return path


def probabilities(shape: tuple[int, ...], classes: int) -> np.ndarray:
    """Return blobs as a network sees them, ``(K, *shape)``."""
    rng = np.random.default_rng(0)
    fields = [rng.standard_normal(shape, dtype=np.float32) for _ in range(classes)]
    smooth = [gaussian_filter(f, 8 if len(shape) == 2 else 5) for f in fields]
    logits = [8 * f / f.std() - 8 for f in smooth]
    if classes == 1:
        return quantise(1 / (1 + np.exp(-logits[0])))[None]
    powers = np.stack([np.ones(shape, np.float32), *map(np.exp, logits)])
    return quantise(powers / powers.sum(axis=0))


class Bench:
    """A window with the Segment dock and one image that was segmented."""

    def __init__(self, viewer: napari.Viewer) -> None:
        self.viewer = viewer
        _, widget = viewer.window.add_plugin_dock_widget("napari-unet-workbench", "U-Net workbench")
        widget.tabs.setCurrentWidget(widget.segment)
        self.view, self.desk = widget.segment.view, desk_of(viewer)
        self.draw = viewer.window._qt_viewer.canvas._scene_canvas.native.repaint

    def show(self, shape: tuple[int, ...], classes: int) -> None:
        """Open an image, and have its result as if the engine had answered."""
        self.viewer.layers.clear()
        self.viewer.dims.ndisplay = 2
        planes = probabilities(shape, classes)
        self.viewer.add_image(planes[-1], name="scan")
        session, segmenter = self.desk.session, self.desk.segmenter
        session.select_model(write_model(classes, len(shape)))
        model, image = session.model, segmenter.request.image
        assert model is not None and model.card is not None and image is not None
        ticket = self.desk.layers.ticket(image.id)
        asked = segmenter.request.asked(ticket, model, model.card)
        names = model.card.classes
        segmenter.answers.take(asked, model, SegmentArrayFinished(planes, 0.5, 0.1, names))
        wait(lambda: False, 0.5)

    def move(self, moves: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Move the slider; return milliseconds until the layer is refreshed, and drawn.

        The last ones are those that the processor worked for the layer: all that can be told of a
        machine that does other things, too.
        """
        panel = self.view.thresholds
        slider = panel.rows[0].slider if panel.rows else panel.lone.slider
        layer, drawn, worked = [], [], []
        for i in range(moves):
            start, work = time.perf_counter(), time.thread_time()
            slider.setValue(20 + (i * 7) % 60)
            layer.append(time.perf_counter() - start)
            worked.append(time.thread_time() - work)
            self.draw()
            drawn.append(time.perf_counter() - start)
            QApplication.processEvents()
        return 1e3 * np.array(layer), 1e3 * np.array(drawn), 1e3 * np.array(worked)


def words(times: np.ndarray) -> str:
    """Return median and maximum."""
    return f"{np.median(times):6.1f} ms (at most {times.max():6.1f})"


def clean_up(bench: Bench, title: str, cleanup: CleanUp) -> None:
    """Clean up once; print when it was there and how long the window stood still."""
    answers = bench.desk.segmenter.answers
    bench.view.cleanup_changed.emit(CleanUp())
    wait(lambda: False, 0.5)
    result = bench.desk.segmenter.result()
    before, start, done = answers.on_screen.of(result), time.perf_counter(), []

    def there() -> bool:
        if answers.on_screen.of(result) is not before and not done:
            done.append(time.perf_counter() - start)
        return bool(done)

    def begin(i: int) -> None:
        if i == 0:
            bench.view.cleanup_changed.emit(cleanup)

    loop = Loop(begin)
    loop.timer.start(5)
    begin(0)
    assert wait(there, 300), "the labels were not cleaned up"
    wait(lambda: False, 0.3)
    loop.timer.stop()
    still = 1e3 * max(loop.delays, default=0.0)
    print(
        f"{title:34s} there after {done[0]:6.2f} s, longest standstill {still:6.1f} ms", flush=True
    )


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--moves", type=int, default=30)
    parser.add_argument("--size", default="1089x630", help="of the window, in pixels")
    parser.add_argument("--skip-3d", action="store_true", help="no view of volumes in 3D")
    args = parser.parse_args()
    viewer = napari.Viewer()
    viewer.window._qt_window.resize(*map(int, args.size.split("x")))
    bench = Bench(viewer)
    tidy = CleanUp(smooth=1.5, fill_holes=True, min_size=50)
    numbered = CleanUp(fill_holes=True, min_size=50, objects="components")
    parted = CleanUp(min_size=50, objects="watershed")
    for shape in ((1024, 1024), (256, 256, 256)):
        text = " × ".join(map(str, shape))
        for classes in (1, 3):
            bench.show(shape, classes)
            title = f"{text}, {classes} class{'es' * (classes > 1)}"
            report(title, len(shape), *bench.move(args.moves))
            if classes == 1:
                for what, cleanup in (("tidied", tidy), ("numbered", numbered), ("parted", parted)):
                    clean_up(bench, f"{text}, {what}", cleanup)
                bench.view.cleanup_changed.emit(CleanUp())
                if len(shape) == 3 and not args.skip_3d:
                    viewer.dims.ndisplay = 3
                    report(f"{title}, seen in 3D", 3, *bench.move(max(args.moves // 5, 3)))
    bench.desk.session.close()
    viewer.close()


def report(title: str, ndim: int, layer: np.ndarray, drawn: np.ndarray, worked: np.ndarray) -> None:
    """Print what the moves of one situation took."""
    goal = GOALS[ndim]
    met = "below" if np.median(layer) < goal else "NOT below"
    cpu = f"CPU {np.median(worked):6.1f} ms"
    found = f"layer {words(layer)}  {cpu}  drawn {words(drawn)}  {met} {goal:.0f} ms"
    print(f"{title:34s} {found}", flush=True)


if __name__ == "__main__":
    main()

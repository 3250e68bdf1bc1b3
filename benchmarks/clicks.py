"""How long from the click on Segment to labels, in a real napari window with the real engine.

A picture of 512² pixels and a model; first with a warm engine, again and again, then the first
click in a fresh napari, counted from the moment its window is shown and the picture is open, so
that opening the Segment dock, starting the engine and loading the model are all in it: the very
first one on a machine, where nobody has found out how to compute yet, and later ones. Run as

    python benchmarks/clicks.py [--model FILE] [--clicks 15] [--first 5]

with a display, or under ``xvfb-run -a``. Without ``--model`` the network of "auto" is used with
weights of chance: how long it takes does not depend on them.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

GOALS = {"warm": 0.3, "first": 5.0}
SIDE = 512


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--model", type=Path, default=None)
    parser.add_argument("--clicks", type=int, default=15, help="with a warm engine")
    parser.add_argument("--first", type=int, default=5, help="fresh viewers")
    parser.add_argument("--in-viewer", type=int, default=-1, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.in_viewer >= 0:
        print(json.dumps(clicks(args.model, args.in_viewer)), flush=True)
        os._exit(0)
    model = args.model or chance_model(Path(tempfile.mkdtemp()))
    used = workspace()
    warm = in_a_fresh_viewer(model, used, args.clicks)["again"]
    tell("warm", "click to labels, engine warm", warm)
    later = [in_a_fresh_viewer(model, used) for _ in range(args.first)]
    tell_first("first click after opening napari", later)
    ever = [in_a_fresh_viewer(model, workspace()) for _ in range(args.first)]
    tell_first("the very first, after installing", ever)


def tell_first(what: str, runs: list[dict[str, Any]]) -> None:
    """Print the times of first clicks, and of their parts."""
    tell("first", what, [run["first"] for run in runs])
    for part in runs[0]["parts"]:
        values = [run["parts"][part] for run in runs]
        print(f"    {part:<32} median {statistics.median(values):6.3f} s", flush=True)


def tell(goal: str, what: str, seconds: list[float]) -> None:
    """Print median, spread and whether the goal was reached."""
    median = statistics.median(seconds)
    reached = "reached" if median <= GOALS[goal] else "NOT reached"
    print(
        f"{what:<34} median {median:6.3f} s   {min(seconds):.3f} to {max(seconds):.3f} "
        f"in {len(seconds)}   goal {GOALS[goal]} s {reached}",
        flush=True,
    )


def workspace() -> str:
    """Return a new workspace."""
    return tempfile.mkdtemp(prefix="napari-unet-home-")


def in_a_fresh_viewer(model: Path, home: str, again: int = 0) -> dict[str, Any]:
    """Return the times of a first click, and of ``again`` more, in a process of its own."""
    command = [sys.executable, __file__, "--model", str(model), "--in-viewer", str(again)]
    done = subprocess.run(
        command, stdout=subprocess.PIPE, check=True, env={**os.environ, "NAPARI_UNET_HOME": home}
    )
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def clicks(model: Path, again: int) -> dict[str, Any]:
    """Open napari with a picture and click; return seconds."""
    import napari
    import numpy as np
    from skimage.filters import gaussian

    from napari_unet.workspace import models_dir

    if not (link := models_dir() / model.name).exists():
        link.symlink_to(model.absolute())
    picture = gaussian(np.random.default_rng(0).random((SIDE, SIDE)), 8).astype(np.float32)
    viewer = napari.Viewer()
    viewer.add_image(picture, name="scan")
    settle()
    start = time.perf_counter()
    _, dock = viewer.window.add_plugin_dock_widget("napari-unet-workbench", "Segment")
    settle()
    opened = time.perf_counter()
    click(dock)
    end = time.perf_counter()
    parts = {"opening the dock": opened - start, "click to labels": end - opened}
    times = []
    for _ in range(again):
        # As if it had never been segmented: making the layer is in the time.
        viewer.layers.remove(viewer.layers[-1])
        settle(0.3)
        times.append(click(dock))
    return {"first": end - start, "again": times, "parts": parts}


def click(dock: Any) -> float:
    """Click and wait for the labels to be seen; return seconds."""
    layers, before = dock.desk.layers.hand.layers, len(dock.desk.layers.hand.layers)
    start = time.perf_counter()
    dock.view.segment.button.click()
    wait(lambda: len(layers) > before and not dock.desk.session.busy)
    settle()
    end = time.perf_counter()
    message = dock.view.strip.text.plain
    assert not dock.view.strip.isVisible(), message
    return end - start


def wait(until: Callable[[], bool], seconds: float = 120.0) -> None:
    """Let the event loop run until something is so."""
    from qtpy.QtCore import QEventLoop, QTimer

    loop, look, end = QEventLoop(), QTimer(), time.monotonic() + seconds
    look.timeout.connect(lambda: loop.quit() if until() or time.monotonic() >= end else None)
    look.start(5)
    loop.exec()
    assert until(), "nothing came"


def settle(seconds: float = 0.0) -> None:
    """Let everything be drawn."""
    from qtpy.QtWidgets import QApplication

    end = time.monotonic() + seconds
    QApplication.processEvents()
    while time.monotonic() < end:
        time.sleep(0.01)
        QApplication.processEvents()


def chance_model(folder: Path) -> Path:
    """Write a model with the network of "auto" and weights of chance."""
    from napari_unet.card import SUFFIX, ModelCard
    from napari_unet.data.cases import LabelRule
    from napari_unet.presets import PRESETS
    from napari_unet.unet.file import save_model
    from napari_unet.unet.model import UNet

    recipe = PRESETS["auto"]
    path = folder / f"chance{SUFFIX}"
    card = ModelCard("chance", recipe.network, recipe.preprocess, LabelRule())
    save_model(path, UNet(recipe.network), card)
    return path


if __name__ == "__main__":
    main()

"""The demonstration: the whole path on a sample data set, in napari or without a display."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from napari_unet.api import evaluate, train
from napari_unet.console import Console
from napari_unet.data.sample import write_sample
from napari_unet.errors import UnetError
from napari_unet.pictures import write_picture
from napari_unet.report import table, write_csv


def run(out: str | Path, headless: bool = False, minutes: float = 1.0) -> None:
    """Make the sample data in ``out`` and open napari on it, or train, segment and score it."""
    folder = Path(out).absolute()
    sample = folder / "sample"
    if not sample.exists():
        write_sample(sample)
    if headless or not has_display():
        without_display(folder, sample, minutes)
    else:
        in_napari(sample)


def has_display() -> bool:
    """Whether a window can be opened."""
    if sys.platform in ("win32", "darwin"):
        return True
    return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


def without_display(folder: Path, sample: Path, minutes: float) -> None:
    """Train on the sample, score the test cases, and say where everything is."""
    model = folder / "demo.unet.safetensors"
    print(f"No display: training for {minutes:g} minutes on {sample}", file=sys.stderr)
    with Console() as console:
        train(sample, model, minutes=minutes, split="60:15:25", on_event=console)
        done = evaluate(sample, model, on_event=console)
    picture, csv = folder / "demo.png", folder / "demo.csv"
    write_picture(picture, sample, done)
    write_csv(csv, done.scores)
    print(table(done.scores, done.summary))
    print(f"\nPicture: {picture}\nTable:   {csv}\nModel:   {model}")


def in_napari(sample: Path) -> None:
    """Open napari with the sample data and the widgets docked."""
    try:
        import napari

        from napari_unet.widgets.demo import open_workbench
    except ImportError as e:
        raise UnetError(
            f"napari cannot be opened ({e}). Install it with a Qt binding: "
            'pip install "napari-unet-workbench[all]"'
        ) from e
    open_workbench(napari.Viewer(), sample)
    napari.run()

"""A large picture beside MONAI's sliding window, with one model, and how memory grows.

The same network of "auto" (batch norm, random weights) and the same 8-bit picture, on the CPU.
MONAI does it as people write it: the whole picture as a float32 tensor, windows as in training, a
quarter of overlap, Gaussian weights, four windows at a time. Each run is a fresh process; memory is
the peak while it segments, above what was resident before. Then this program alone, from one Zarr
array on the disk to another, at growing sizes::

    pip install monai        # for this comparison only: the program does not use it
    python benchmarks/tiles.py [--side 8192] [--sides 4096,8192,16384] [--rounds 1]
"""

from __future__ import annotations

import argparse
import importlib.util
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

import numpy as np
import psutil

from napari_unet.environment import prepare

PATCH = 192
SEED = 0


def main() -> None:
    """Run every measurement in a process of its own; print a line for each."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--side", type=int, default=8192, help="of the picture for both")
    parser.add_argument("--sides", default="4096,8192,16384", help="from store to store")
    parser.add_argument("--rounds", type=int, default=1, help="of both, in turns")
    parser.add_argument("--one", choices=RUNS, help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.one:
        print(json.dumps(measured(RUNS[args.one](args.side, args.folder))))
        return
    with tempfile.TemporaryDirectory(prefix="napari-unet-tiles-") as name:
        folder = Path(name)
        save_network(folder)
        compare(args.side, args.rounds, folder)
        for side in filter(None, args.sides.split(",")):
            tell(f"store to store, {side}²", child("stores", int(side), folder))


def compare(side: int, rounds: int, folder: Path) -> None:
    """Run both in turns; print the medians and their ratios."""
    if importlib.util.find_spec("monai") is None:
        print("MONAI is not installed, so there is no comparison: pip install monai")
        return
    found: dict[str, list[dict[str, float]]] = {"ours": [], "monai": []}
    for _ in range(rounds):
        for name, results in found.items():
            results.append(child(name, side, folder))
            tell(f"{name}, {side}²", results[-1])
    for what in ("seconds", "cpu", "bytes"):
        mine, others = (statistics.median(r[what] for r in results) for results in found.values())
        print(f"MONAI / this program, {what}: {others / mine:.2f}")


def tell(name: str, found: dict[str, float]) -> None:
    """Print one result."""
    print(
        f"{name:<24}{found['seconds']:8.1f} s{found['cpu']:8.1f} s of processors"
        f"{found['bytes'] / 1e6:8.0f} MB",
        flush=True,
    )


def child(name: str, side: int, folder: Path) -> dict[str, float]:
    """Measure in a fresh process."""
    command = [sys.executable, __file__, "--one", name, "--side", str(side)]
    done = subprocess.run(
        [*command, "--folder", str(folder)],
        stdout=subprocess.PIPE,
        check=True,
        text=True,
        env=prepare(dict(os.environ), sparing=True),  # as in the viewer; for both
    )
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return found


def measured(run: Callable[[], Any]) -> dict[str, float]:
    """Return the time of a run, by the clock and of the processors, and its peak of memory."""
    before, reset = psutil.Process().memory_info().rss, reset_peak()
    start, cpu = time.perf_counter(), time.process_time()
    run()
    seconds, cpu = time.perf_counter() - start, time.process_time() - cpu
    assert reset, "the peak of memory can be told on Linux only"
    return {"seconds": seconds, "cpu": cpu, "bytes": peak() - before}


def reset_peak() -> bool:
    """Forget the process's peak of memory so far."""
    try:
        Path("/proc/self/clear_refs").write_text("5")
    except OSError:
        return False
    return True


def peak() -> int:
    """Return the process's peak of memory in bytes since `reset_peak`."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) << 10 for line in lines if line.startswith("VmHWM"))


def picture(side: int) -> np.ndarray:
    """Return smooth blobs in noise, uint8 ``(side, side)``."""
    rng = np.random.default_rng(SEED)
    coarse = rng.integers(0, 200, (side // 64, side // 64), np.uint8)
    image = np.repeat(np.repeat(coarse, 64, axis=0), 64, axis=1)
    for rows in np.split(image, 16):
        rows += rng.integers(0, 55, rows.shape, np.uint8)
    return image


def save_network(folder: Path) -> None:
    """Write the model file that all use."""
    import torch

    from napari_unet.card import ModelCard
    from napari_unet.config import PreprocessConfig
    from napari_unet.data.cases import LabelRule
    from napari_unet.presets import RUNGS
    from napari_unet.unet.file import save_model
    from napari_unet.unet.model import UNet

    torch.manual_seed(SEED)
    config = PreprocessConfig("patch", (PATCH, PATCH))
    net = UNet(RUNGS[1].network)
    save_model(folder / "m.unet.safetensors", net, ModelCard("m", net.config, config, LabelRule()))


def ours(side: int, folder: Path) -> Callable[[], Any]:
    """Return a run of this program, the model being warm."""
    from napari_unet.jobs import SegmentArrayJob

    image = picture(side)
    model = warm(folder)
    return lambda: finish(SegmentArrayJob(model, image, device="cpu"))


def stores(side: int, folder: Path) -> Callable[[], Any]:
    """Return a run of this program from a Zarr array to another."""
    import zarr

    from napari_unet.jobs import SegmentArrayJob

    stored = folder / f"{side}.zarr"
    array = zarr.create_array(stored, shape=(side, side), chunks=(1024, 1024), dtype=np.uint8)
    array[...] = picture(side)
    model = warm(folder)
    job = SegmentArrayJob(
        model, np.zeros(0), device="cpu", store=str(stored), out=str(folder / f"{side}.out.zarr")
    )
    return lambda: finish(job)


def warm(folder: Path) -> str:
    """Load the model and segment something small."""
    from napari_unet.jobs import SegmentArrayJob

    model = str(folder / "m.unet.safetensors")
    finish(SegmentArrayJob(model, picture(512), device="cpu"))
    return model


def finish(job: Any) -> None:
    from napari_unet.inference import segment_array

    for _ in segment_array(job):
        pass


def monai(side: int, folder: Path) -> Callable[[], Any]:
    """Return a run of MONAI's sliding window with its usual settings."""
    import torch
    from monai.inferers import sliding_window_inference

    from napari_unet.unet.file import load_model

    net, _ = load_model(folder / "m.unet.safetensors")

    def run(stored: np.ndarray) -> torch.Tensor:
        x = torch.from_numpy(stored).float()[None, None]
        x = (x - x.mean()) / x.std()
        with torch.inference_mode():
            logits = sliding_window_inference(
                x, (PATCH, PATCH), sw_batch_size=4, predictor=net, overlap=0.25, mode="gaussian"
            )
            return logits.sigmoid()

    run(picture(512))
    image = picture(side)
    return lambda: run(image)


RUNS = {"ours": ours, "stores": stores, "monai": monai}

if __name__ == "__main__":
    main()

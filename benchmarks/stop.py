"""Stop trainings at random moments: how long until the engine says so, and until it is done.

Two trainings in the real engine process: a small network, which is mostly between steps, and a
large one, whose single steps take longer than a stop may. The moments lie anywhere from the first
look into the folder on, or from the first step on. Run it as

    python benchmarks/stop.py [--stops 20] [--within 20] [--in-training]
"""

from __future__ import annotations

import argparse
import queue
import random
import tempfile
import threading
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

from napari_unet.data.sample import write_sample
from napari_unet.engine import client
from napari_unet.events import Event, Progress
from napari_unet.jobs import TrainJob
from napari_unet.presets import preset

heard: dict[str, float] = {}  # when each kind of message came last


class Tap(queue.SimpleQueue[Any]):
    """An inbox that notes when messages come."""

    def put(self, item: Any, block: bool = True, timeout: float | None = None) -> None:
        """Note the time, and put the message in."""
        if item is not None:
            heard[item["did"]] = time.monotonic()
        super().put(item, block, timeout)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--stops", type=int, default=20, help="of each training")
    parser.add_argument("--within", type=float, default=20.0, help="seconds after its beginning")
    parser.add_argument("--in-training", action="store_true", help="count from the first step on")
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    random.seed(args.seed)
    client.queue.SimpleQueue = Tap  # type: ignore[misc]
    with tempfile.TemporaryDirectory() as place:
        folder = write_sample(Path(place) / "data", patients=12, slices=8, size=256)
        for name, job in jobs(folder, Path(place)).items():
            engine = client.Engine()
            engine.warm()
            moments = [random.uniform(0, args.within) for _ in range(args.stops)]
            found = [stop(engine, job, after, args.in_training) for after in moments]
            engine.close()
            report(name, found)


def jobs(folder: Path, place: Path) -> dict[str, TrainJob]:
    """Return the trainings to stop."""
    job = TrainJob(str(folder), str(place / "m.unet.safetensors"), minutes=10, device="cpu")
    plain = preset("plain")
    large = replace(
        plain,
        preprocess=replace(plain.preprocess, size=(512, 512)),
        optim=replace(plain.optim, batch=16),
    )
    return {"small (auto)": job, "large (plain, 512×512, batch 16)": replace(job, recipe=large)}


def stop(
    engine: client.Engine, job: TrainJob, after: float, in_training: bool
) -> tuple[float, float, str]:
    """Return seconds until a stop is acknowledged and until it is done, and what it interrupted."""
    heard.clear()
    asked: list[float] = []

    def ask() -> None:
        asked.append(time.monotonic())
        engine.stop()

    timer = threading.Timer(after, ask)
    last: Event | None = None
    for event in engine.run(job):
        if isinstance(event, Progress):
            last = event
            began = not in_training or event.what.startswith("training")
            if began and timer.ident is None:
                timer.start()
    what = last.what.partition(",")[0] if isinstance(last, Progress) else "the beginning"
    return heard["stopping"] - asked[0], heard["stopped"] - asked[0], what


def report(name: str, found: list[tuple[float, float, str]]) -> None:
    """Print medians and largest values, and what was interrupted how often."""
    print(f"{name}: {len(found)} stops")
    for label, values in (
        ("acknowledged", sorted(f[0] for f in found)),
        ("done", sorted(f[1] for f in found)),
    ):
        print(f"  {label:12} median {values[len(values) // 2]:.3f} s, largest {values[-1]:.3f} s")
    moments = [f[2] for f in found]
    print("  during " + ", ".join(f"{m} ({moments.count(m)})" for m in dict.fromkeys(moments)))


if __name__ == "__main__":
    main()

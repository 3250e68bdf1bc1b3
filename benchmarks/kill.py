"""Kill the engine at random moments of one training, and see what is lost.

The real engine process trains a small network on made data; after a random time it is ended with
SIGKILL and the training is resumed, again and again, to the end. Nothing may be damaged, no epoch
that was reported may be lost, and the curve must equal, bit for bit, that of a training which
nobody disturbed. Run it as

    python benchmarks/kill.py [--kills 20] [--epochs 120]
"""

from __future__ import annotations

import argparse
import contextlib
import os
import random
import signal
import tempfile
import threading
import time
from pathlib import Path

from napari_unet.card import read_card
from napari_unet.config import OptimConfig, PreprocessConfig, Recipe, UNetConfig
from napari_unet.data.sample import write_sample
from napari_unet.engine.client import Engine
from napari_unet.errors import JobError
from napari_unet.events import EpochEnd, TrainFinished
from napari_unet.jobs import Job, ResumeJob, TrainJob
from napari_unet.resumable import read_resumable
from napari_unet.unet.file import load_model


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--epochs", type=int, default=120)
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    random.seed(args.seed)
    with tempfile.TemporaryDirectory() as place:
        folder = write_sample(Path(place) / "data", patients=6, slices=3, size=64)
        calm, killed = (Path(place) / f"{n}.unet.safetensors" for n in ("calm", "killed"))
        start = time.monotonic()
        run(train_job(folder, calm, args.epochs), calm, after=None)
        seconds = time.monotonic() - start
        # Spread over the run, which loses a start of the engine to each kill.
        wait = 0.7 * read_card(calm).training["seconds"] / args.kills
        job: Job = train_job(folder, killed, args.epochs)
        lost, done = [], 0
        while True:
            reported, alive = run(job, killed, random.uniform(0, 2 * wait))
            if alive:
                break
            kept = check(killed)
            lost.append(reported - kept)
            done += 1
            print(f"kill {done}: epoch {reported} reported, {kept} kept", flush=True)
            if done >= args.kills:
                run(ResumeJob(str(killed)), killed, after=None)
                break
            job = ResumeJob(str(killed)) if kept >= 0 else job
        same = curve(calm) == curve(killed)
        size = read_resumable(calm)
        weights = sum(p.numel() for p in load_model(calm)[0].parameters())
        print(
            f"{done} kills in a training of {args.epochs} epochs ({seconds:.0f} s undisturbed)\n"
            f"reported epochs lost: {max(lost, default=0)} at the most\n"
            f"curve equal to the undisturbed one: {same}\n"
            f"state: {size.size / 1e3 if size else 0:.0f} kB for {weights} parameters"
        )


def train_job(folder: Path, model: Path, epochs: int) -> TrainJob:
    """Return a small training that a seed decides completely."""
    recipe = Recipe(
        name="small",
        network=UNetConfig(depth=2, base_channels=8, norm="batch", dropout=0.1),
        preprocess=PreprocessConfig(size=(64, 64)),
        optim=OptimConfig(
            epochs=epochs, batch=4, ema=0.9, precision="float32", channels_last="no", lanes=1
        ),
    )
    return TrainJob(str(folder), str(model), recipe=recipe, device="cpu")


def run(job: Job, model: Path, after: float | None) -> tuple[int, bool]:
    """Run a job in an engine that is killed ``after`` so many seconds of training.

    Returns the last epoch that was reported, and whether the job came to its end.
    """
    engine, last, killer = Engine(), 0, None
    if isinstance(job, ResumeJob) and (found := read_resumable(model)):
        last = found.epochs
    try:
        with contextlib.suppress(JobError):
            for event in engine.run(job):
                training = getattr(event, "what", "").startswith("training")
                if training and killer is None and after is not None:
                    assert engine.pid is not None
                    killer = threading.Timer(after, os.kill, (engine.pid, signal.SIGKILL))
                    killer.start()
                if isinstance(event, EpochEnd):
                    last = event.epoch
                if isinstance(event, TrainFinished):
                    return last, True
        return last, False
    finally:
        if killer is not None:
            killer.cancel()
        engine.close()


def check(model: Path) -> int:
    """Return how many epochs are kept (-1: none yet); fail if any file is damaged."""
    found = read_resumable(model)
    for path in (model, model.with_name(model.name.replace(".unet", ".last.unet"))):
        if path.exists():
            load_model(path)
    return found.epochs if found else -1


def curve(model: Path) -> list[tuple[float, ...]]:
    """Return what was measured after every epoch."""
    names = ("epoch", "loss", "val_loss", "val_dice", "lr")
    return [tuple(e[n] for n in names) for e in read_card(model).training["history"]]


if __name__ == "__main__":
    main()

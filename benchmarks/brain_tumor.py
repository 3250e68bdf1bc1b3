"""Five minutes of training on the brain tumour MRI set, then the scores on unseen patients.

Runs the commands a user would type::

    python benchmarks/brain_tumor.py [--minutes 5] [--seed 0] [--data FOLDER] [--out FOLDER]

The data set is J. Cheng's (figshare article 1512427), as PNG files with ``metadata.csv``.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
from pathlib import Path

import torch

HERE = Path(__file__).parent
DATA = Path(os.environ.get("NAPARI_UNET_DATA") or HERE.parent.parent / "shared" / "data")
ARTICLE = 0.67  # Dice after 40 epochs, as the article that this follows reports


def main() -> None:
    """Train, evaluate, print one line for docs/benchmarks.md."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--minutes", type=float, default=5.0)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--data", type=Path, default=DATA / "brain_tumor")
    parser.add_argument("--preset", default="auto")
    parser.add_argument("--out", type=Path, default=None)
    args = parser.parse_args()
    out = args.out or Path(tempfile.mkdtemp(prefix="napari-unet-benchmark-"))
    out.mkdir(parents=True, exist_ok=True)
    model = out / "brain.unet.safetensors"

    trained = napari_unet(
        "train",
        args.data,
        *("--model", model, "--minutes", args.minutes),
        *("--seed", args.seed, "--preset", args.preset),
    )
    scored = napari_unet(
        "evaluate",
        args.data,
        "--model",
        model,
        "--csv",
        out / "test.csv",
        "--picture",
        out / "t.png",
    )
    mean, std, patients = scored["mean"], scored["std"], scored["patients"]
    print(
        f"machine    {os.cpu_count()} cores, {platform.machine()}, "
        f"{torch.backends.cpu.get_cpu_capability()}, torch {torch.__version__}"
    )
    print(
        f"training   {trained['seconds']:.0f} s, {trained['epochs']} epochs: {trained['stopped']}"
    )
    print(f"validation Dice {trained['val_dice']:.4f} (epoch {trained['best_epoch']})")
    print(
        f"test       {scored['images']} images of {patients['count']} unseen patients: "
        f"Dice {mean['dice']:.4f} ± {std['dice']:.4f} (median {scored['median']['dice']:.4f}), "
        f"IoU {mean['iou']:.4f}, pixel accuracy {mean['pixel_accuracy']:.4f}; "
        f"over patients Dice {patients['mean']['dice']:.4f} ± {patients['std']['dice']:.4f}"
    )
    print(f"article    Dice {ARTICLE}: {'reached' if mean['dice'] >= ARTICLE else 'NOT reached'}")
    print(f"files      {out}")


def napari_unet(*args: object) -> dict:
    """Run the command line with ``--json``; return its object."""
    command = [sys.executable, "-m", "napari_unet.cli", *map(str, args), "--json"]
    done = subprocess.run(command, stdout=subprocess.PIPE, check=True, text=True)
    return json.loads(done.stdout)


if __name__ == "__main__":
    main()

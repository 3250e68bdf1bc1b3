"""What the benchmarks share: where the data are, the command line, and how results are told."""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import torch

HERE = Path(__file__).parent
DATA = Path(os.environ.get("NAPARI_UNET_DATA") or HERE.parent.parent / "shared" / "data")


def arguments(text: str, data: str, minutes: float) -> argparse.Namespace:
    """Read the options that every benchmark of training has.

    ``text`` is the script's documentation, ``data`` the folder of its data set in `DATA`.
    """
    parser = argparse.ArgumentParser(description=text.splitlines()[0])
    budget = parser.add_mutually_exclusive_group()
    budget.add_argument("--minutes", type=float, default=minutes)
    budget.add_argument("--epochs", type=int, default=0, help="count epochs, not minutes")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--data", type=Path, default=DATA / data)
    parser.add_argument("--preset", default="auto")
    parser.add_argument("--out", type=Path, default=None)
    return parser.parse_args()


def train_and_evaluate(args: argparse.Namespace) -> dict[str, Any]:
    """Run the two commands; tell about machine, training and files; return the scores."""
    out = args.out or Path(tempfile.mkdtemp(prefix="napari-unet-benchmark-"))
    out.mkdir(parents=True, exist_ok=True)
    model = out / f"{args.data.name}.unet.safetensors"
    budget = ("--epochs", args.epochs) if args.epochs else ("--minutes", args.minutes)
    trained = napari_unet(
        *("train", args.data, "--model", model, *budget),
        *("--seed", args.seed, "--preset", args.preset),
    )
    scored = napari_unet(
        *("evaluate", args.data, "--model", model),
        *("--csv", out / "test.csv", "--picture", out / "test.png"),
    )
    print(
        f"machine    {os.cpu_count()} cores, {platform.machine()}, "
        f"{torch.backends.cpu.get_cpu_capability()}, torch {torch.__version__}"
    )
    print(
        f"training   {trained['seconds']:.0f} s, {trained['epochs']} epochs: {trained['stopped']}"
    )
    print(f"validation Dice {trained['val_dice']:.4f} (epoch {trained['best_epoch']})")
    print(f"test       {test_line(scored)}")
    print(f"files      {out}")
    return scored


def test_line(scored: dict[str, Any]) -> str:
    """Return the scores of unseen patients in a line."""
    mean, std, patients = scored["mean"], scored["std"], scored["patients"]
    return (
        f"{scored['images']} images of {patients['count']} unseen patients: "
        f"Dice {mean['dice']:.4f} ± {std['dice']:.4f} (median {scored['median']['dice']:.4f}), "
        f"IoU {mean['iou']:.4f}, pixel accuracy {mean['pixel_accuracy']:.4f}; "
        f"over patients Dice {patients['mean']['dice']:.4f} ± {patients['std']['dice']:.4f}"
    )


def reached(dice: float, goal: float) -> str:
    """Say whether a goal was reached."""
    return "reached" if dice >= goal else "NOT reached"


def napari_unet(*args: object) -> dict[str, Any]:
    """Run the command line with ``--json``; return its object."""
    command = [sys.executable, "-m", "napari_unet.cli", *map(str, args), "--json"]
    done = subprocess.run(command, stdout=subprocess.PIPE, check=True, text=True)
    found: dict[str, Any] = json.loads(done.stdout)
    return found

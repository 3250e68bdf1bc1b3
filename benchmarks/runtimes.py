"""How long a network takes in torch, in ONNX Runtime and in OpenVINO, side by side.

The same batches go through each in turn, again and again, so that whatever else the machine does
falls on all of them alike; processor time is told beside elapsed time for the same reason. Run as

    python benchmarks/runtimes.py [--model FILE] [--threads 2] [--rounds 15] [--side 512]

First a batch as one click makes it of a picture (its mirror images at the working size), then a
picture of ``--side`` pixels as it is. Without ``--model`` the network of "auto" is used with
weights of chance. A runtime that is not installed is left out.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import torch
from clicks import chance_model

from napari_unet.unet.aside import own_threads
from napari_unet.unet.file import load_model
from napari_unet.unet.forward import Forward
from napari_unet.unet.fuse import fuse
from napari_unet.unet.graph import IMAGE
from napari_unet.unet.mirror import views
from napari_unet.unet.model import UNet, probabilities
from napari_unet.unet.onnx_forward import OnnxForward, installed
from napari_unet.unet.onnx_graph import onnx_model
from napari_unet.unet.speed import Speed, candidates, choose

Run = Callable[[torch.Tensor], torch.Tensor]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--model", type=Path, default=None)
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--side", type=int, default=512)
    args = parser.parse_args()
    own_threads(args.threads)
    model, card = load_model(args.model or chance_model(Path(tempfile.mkdtemp())))
    fuse(model)
    many = len(views(model.config.dims)) if card.preprocess.mirror else 1
    sides = (args.side,) * model.config.dims
    for title, batch, size in (
        ("one click", many, card.preprocess.size),
        (f"{args.side} pixels", 1, sides),
    ):
        images = torch.randn(batch, model.config.in_channels, *size)
        print(f"{title}: {tuple(images.shape)}, {args.threads} threads")
        compare(runs(model, args.threads, tuple(images.shape)), images, args.rounds)


def runs(model: UNet, threads: int, shape: tuple[int, ...]) -> dict[str, Run]:
    """Return what is compared; torch as the program uses it comes first."""
    chosen = choose(model, (1, *shape[1:]), candidates("cpu", "auto", "auto"), training=False)
    found: dict[str, Run] = {}
    for lanes in sorted({1, threads}, reverse=True):
        speed = Speed("cpu", chosen.precision, chosen.channels_last, lanes=lanes)
        twin = speed.place(model)
        found[f"torch, {speed.words()}"] = Forward(twin, speed)
    if installed():
        found[f"ONNX Runtime, {threads} threads as in napari-unet"] = OnnxForward(model, threads)
    data = onnx_model(model, "logits").SerializeToString()
    for name, make in (("ONNX Runtime", onnx_runtime), ("OpenVINO", openvino)):
        for lanes in sorted({1, threads}, reverse=True):
            try:
                found[f"{name}, {lanes} × {threads // lanes} threads"] = make(
                    data, threads // lanes, lanes
                )
            except ImportError as e:
                print(f"    {name} is left out: {e}")
    return found


def onnx_runtime(data: bytes, each: int, lanes: int) -> Run:
    """Return ONNX Runtime, with so many threads of its own for each lane."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = each
    session = onnxruntime.InferenceSession(data, options, ["CPUExecutionProvider"])
    return in_lanes(lambda x: session.run(None, {IMAGE: x})[0], lanes)


def openvino(data: bytes, each: int, lanes: int) -> Run:
    """Return OpenVINO, with so many threads in all, and float32 as elsewhere."""
    import openvino

    core = openvino.Core()
    settings: dict[str, Any] = {
        "INFERENCE_NUM_THREADS": each * lanes,
        "NUM_STREAMS": lanes,
        "INFERENCE_PRECISION_HINT": "f32",
    }
    compiled = core.compile_model(core.read_model(data), "CPU", settings)

    def answer(x: np.ndarray) -> np.ndarray:
        return compiled.create_infer_request().infer({IMAGE: x})[0]

    return in_lanes(answer, lanes)


def in_lanes(answer: Callable[[np.ndarray], np.ndarray], lanes: int) -> Run:
    """Share batches among so many threads."""
    pool = ThreadPoolExecutor(lanes)

    def run(images: torch.Tensor) -> torch.Tensor:
        found = pool.map(answer, [part.numpy() for part in images.chunk(lanes)])
        return torch.from_numpy(np.concatenate(list(found)))

    return run


def compare(found: dict[str, Run], images: torch.Tensor, rounds: int) -> None:
    """Time all of them, in turns, and print how each does and how far its answers are."""
    first, *_ = found.values()
    wanted = probabilities(first(images))
    apart = {n: float((probabilities(r(images)) - wanted).abs().max()) for n, r in found.items()}
    times: dict[str, list[tuple[float, float]]] = {name: [] for name in found}
    for _ in range(rounds):
        for name, run in found.items():
            wall, busy = time.perf_counter(), time.process_time()
            run(images)
            times[name].append((time.perf_counter() - wall, time.process_time() - busy))
    for name, pairs in times.items():
        walls, busy = ([p[i] for p in pairs] for i in (0, 1))
        print(
            f"    {name:<56} median {statistics.median(walls):7.4f} s, "
            f"{min(walls):.4f} to {max(walls):.4f}; processor {statistics.median(busy):7.4f} s, "
            f"least {min(busy):.4f}; apart {apart[name]:.1e}",
            flush=True,
        )


if __name__ == "__main__":
    main()

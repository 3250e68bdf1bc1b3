"""Images per second of this trainer beside a plain PyTorch loop, alternating in one run.

Both train the same network on the same images with the same random changes. The plain loop is what
people write first: float32, the default memory layout, one thread pool, each image changed by
itself, the optimiser as it is::

    python benchmarks/against_plain.py [--rounds 5] [--images 64] [--device cpu] [--data FOLDER]
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import torch
from common import DATA

from napari_unet.config import Recipe
from napari_unet.data.dataset import open_dataset
from napari_unet.data.formats import read_case
from napari_unet.environment import prepare
from napari_unet.presets import RUNGS, preset
from napari_unet.unet import speed
from napari_unet.unet.aside import finished
from napari_unet.unet.augment import augment
from napari_unet.unet.losses import make_loss, supervised
from napari_unet.unet.model import UNet
from napari_unet.unet.plan import fit_recipe
from napari_unet.unet.store import Store, fill
from napari_unet.unet.trainer import Trainer


def main() -> None:
    """Measure both, in turns; print the medians and their ratio."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--images", type=int, default=64, help="in each round")
    parser.add_argument("--preset", default="auto")
    parser.add_argument("--rung", type=int, default=1, help="of auto: which of its networks")
    parser.add_argument("--device", default="auto")
    parser.add_argument("--data", type=Path, default=DATA / "brain_tumor")
    args = parser.parse_args()
    prepare()
    device = speed.pick_device(args.device)
    recipe, store = prepared(args)
    runs = {
        "plain loop": plain_loop(recipe, store, device),
        "this trainer": ours(recipe, store, device),
    }
    found: dict[str, list[float]] = {name: [] for name in runs}
    for number in range(args.rounds + 1):
        for name, run in runs.items():
            rate = run()
            if number:  # the first round warms up
                found[name].append(rate)
    for name, rates in found.items():
        spread = f"{min(rates):.1f} to {max(rates):.1f}"
        print(f"{name:<14}{statistics.median(rates):8.1f} images/s (of {len(rates)}: {spread})")
    plain, mine = (statistics.median(rates) for rates in found.values())
    print(f"{'ratio':<14}{mine / plain:8.2f} times")


def prepared(args: argparse.Namespace) -> tuple[Recipe, Store]:
    """Return the recipe and as many prepared images as a round takes."""
    dataset = open_dataset(args.data, limit=args.images)
    recipe = preset(args.preset)
    if args.preset == "auto":
        size = (RUNGS[args.rung].side,) * 2
        images = replace(recipe.preprocess, size=size)
        recipe = replace(recipe, network=RUNGS[args.rung].network, preprocess=images)
    recipe = fit_recipe(recipe, dataset.channels, dataset.labels)
    recipe = replace(recipe, optim=replace(recipe.optim, epochs=1000, minutes=0.0))
    store = Store(recipe.preprocess)
    read = lambda case: read_case(case, dataset.labels, dataset.channels)  # noqa: E731
    for _ in fill(store, dataset.cases[: args.images], read, "reading"):
        pass
    return recipe, store


def ours(recipe: Recipe, store: Store, device: str) -> Callable[[], float]:
    """Return a function that trains one epoch as the program does; it returns images per second."""
    net = UNet(recipe.network)
    shape = (recipe.optim.batch, recipe.network.in_channels, *recipe.preprocess.size)
    how = speed.choose(net, shape, speed.candidates(device, "auto", "auto"), training=True)
    how = speed.with_lanes(net, shape, how)
    size = "×".join(map(str, recipe.preprocess.size))
    print(f"{size}, batch {recipe.optim.batch}; this trainer computes with {how.words()}")
    trainer = Trainer(net, recipe, how, store, store)
    epochs = iter(range(1, 1000))

    def run() -> float:
        trainer.begun = trainer.budget.elapsed  # its clock went on while the other one worked
        return float(finished(trainer.epoch(next(epochs))).images_per_second)

    return run


def plain_loop(recipe: Recipe, store: Store, device: str) -> Callable[[], float]:
    """Return a function that trains one epoch in the plain way; it returns images per second."""
    optim = recipe.optim
    net = UNet(recipe.network).to(device).train()
    loss = make_loss(optim.loss)
    rng = torch.Generator().manual_seed(0)
    optimizer = torch.optim.AdamW(net.parameters(), lr=optim.lr, foreach=False, fused=False)

    def one(i: int) -> tuple[torch.Tensor, torch.Tensor]:
        image, labels = store.batch([i], rng)
        image, labels = augment(image, labels, recipe.augment, rng)
        return image[0], labels[0]

    def step(indices: list[int]) -> None:
        pairs = [one(i) for i in indices]
        images = torch.stack([image for image, _ in pairs]).to(device)
        labels = torch.stack([label for _, label in pairs]).to(device)
        optimizer.zero_grad()
        value = supervised(loss, net.answers(images), labels)
        value.backward()
        optimizer.step()
        value.item()  # as everybody does, to print it; waits for a GPU

    def run() -> float:
        order = torch.randperm(len(store), generator=rng).tolist()
        steps = max(round(len(order) / optim.batch), 1)
        start = time.perf_counter()
        for n in range(steps):
            step(order[n * optim.batch : (n + 1) * optim.batch])
        return min(steps * optim.batch, len(order)) / (time.perf_counter() - start)

    return run


if __name__ == "__main__":
    main()

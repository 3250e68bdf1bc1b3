"""What share of corrected cases a batch should hold when a model is improved.

A model learns two kinds of brain tumour; then a few slices of the third kind are "corrected" (their
masks are used), and training goes on with several shares of them in every batch. Both kinds are
then tested on people whom no model has seen::

    python benchmarks/improving.py [--shares 0.1,0.25,0.5,0.75,1] [--cases 16] [--seed 0]
"""

from __future__ import annotations

import argparse
import csv
import random
import tempfile
from collections import defaultdict
from dataclasses import replace
from pathlib import Path

from common import DATA

from napari_unet import api
from napari_unet.data.splits.split import Split, split_path
from napari_unet.engine.dispatch import start
from napari_unet.environment import prepare
from napari_unet.events import EvaluateFinished, Improved, TrainFinished
from napari_unet.jobs import EvaluateJob, ImproveJob, TrainJob
from napari_unet.presets import RUNGS, preset

KINDS, OTHER = ("meningioma", "glioma"), "pituitary"
PEOPLE = {"train": 36, "val": 8, "test": 20}  # of the known kinds
NEW = 20  # of the other kind, for the test
SLICES = 5  # of a person


def main() -> None:
    """Train once, improve with each share, print a table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--shares", default="0.1,0.25,0.5,0.75,1")
    parser.add_argument("--cases", type=int, default=16)
    parser.add_argument("--epochs", type=int, default=40)
    parser.add_argument("--more", type=int, default=12, help="epochs of improving")
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    prepare()
    out = Path(tempfile.mkdtemp(prefix="napari-unet-improving-"))
    parts = choose(args.cases, args.seed)
    folder = link(out / "data", [name for names in parts.values() for name in names])
    model = out / "old.unet.safetensors"
    known = {s: parts[s] for s in ("train", "val", "test")}
    write(split_path(model), known)
    write(out / "other.split.json", {"test": parts["other"]})
    write(out / "learned.split.json", {"test": parts["corrected"]})
    learn(folder, model, args.epochs, args.seed)
    print("| share | known kinds | other kind | the corrected cases |\n|---|---|---|---|")
    print(row("before", folder, model), flush=True)
    names = tuple(f"images/{n}" for n in parts["corrected"])
    for share in map(float, args.shares.split(",")):
        new = out / f"{share:g}.unet.safetensors"
        job = ImproveJob(str(model), str(folder), str(new), names, epochs=args.more, share=share)
        api.pull(start(replace(job, surfaces=False)), Improved, None)
        print(row(f"{share:.0%}", folder, new), flush=True)


def choose(corrected: int, seed: int) -> dict[str, list[str]]:
    """Draw people for each part; return the numbers of their slices."""
    people: dict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    with (DATA / "brain_tumor" / "metadata.csv").open(encoding="utf-8") as file:
        for line in csv.DictReader(file):
            kind = "other" if line["tumor_type"] == OTHER else "known"
            people[kind][line["patient_id"].rstrip("ABCDEFGHIJKLMNOPQRSTUVWXYZ")].append(
                line["index"]
            )
    rng = random.Random(seed)
    both = set(people["known"]) & set(people["other"])
    drawn = {}
    for kind, theirs in people.items():
        order = sorted(set(theirs) - both)
        rng.shuffle(order)
        drawn[kind] = iter([rng.sample(theirs[p], min(SLICES, len(theirs[p]))) for p in order])
    parts = {
        part: [n for _ in range(number) for n in next(drawn["known"])]
        for part, number in PEOPLE.items()
    }
    parts["other"] = [n for _ in range(NEW) for n in next(drawn["other"])]
    parts["corrected"] = [n for theirs in drawn["other"] for n in theirs[:2]][:corrected]
    return parts


def link(folder: Path, names: list[str]) -> Path:
    """Make a folder of these slices alone."""
    source, wanted = DATA / "brain_tumor", set(names)
    for part in ("images", "masks"):
        (folder / part).mkdir(parents=True)
        for name in wanted:
            (folder / part / f"{name}.png").symlink_to(source / part / f"{name}.png")
    lines = (source / "metadata.csv").read_text(encoding="utf-8").splitlines()
    kept = [lines[0], *(line for line in lines[1:] if line.split(",")[0] in wanted)]
    (folder / "metadata.csv").write_text("\n".join(kept) + "\n", encoding="utf-8")
    return folder


def write(path: Path, parts: dict[str, list[str]]) -> None:
    """Write a split of these slices."""
    subsets = {f"images/{n}": part for part, names in parts.items() for n in names}
    Split(subsets, (100.0, 0.0, 0.0), 0).save(path)


def learn(folder: Path, model: Path, epochs: int, seed: int) -> None:
    """Train the small network of "auto" on the known kinds."""
    recipe = preset("auto")
    recipe = replace(
        recipe,
        name="small",
        network=RUNGS[-1].network,
        preprocess=replace(recipe.preprocess, size=(128, 128)),
        optim=replace(recipe.optim, epochs=epochs, minutes=0.0, seed=seed),
    )
    job = TrainJob(str(folder), str(model), recipe=recipe)
    split = split_path(model).rename(model.with_name("known.split.json"))
    job = replace(job, split=replace(job.split, file=str(split)))
    api.pull(start(job), TrainFinished, None)


def row(title: str, folder: Path, model: Path) -> str:
    """Return the mean Dice on the known kinds, on the other, and on what was corrected."""
    cells = [title]
    for split in ("old", "other", "learned"):
        path = str(model.with_name(f"{split}.unet.safetensors"))
        job = EvaluateJob(str(folder), str(model), "test", split=path, surfaces=False)
        done = api.pull(start(job), EvaluateFinished, None)
        cells.append(f"{done.summary['mean']['dice']:.3f}")
    return f"| {' | '.join(cells)} |"


if __name__ == "__main__":
    main()

"""What "auto" gives in a few minutes on data sets of many kinds, on cases that it never saw.

One row of a table a data set, as it stands in docs/benchmarks.md::

    python benchmarks/auto_table.py [--minutes 5] [--sets brain_tumor,lgg] [--seed 0] [--out FOLDER]

The data sets are folders of that name where ``NAPARI_UNET_DATA`` points, else in ``shared/data``
beside the checkout. A folder that is not there is named and passed over.
"""

from __future__ import annotations

import argparse
import os
import tempfile
from pathlib import Path

from common import DATA

from napari_unet import api
from napari_unet.data.dataset import open_dataset
from napari_unet.environment import prepare
from napari_unet.events import Event, Planned

SETS = ("brain_tumor", "isbi2012", "dsb2018", "pratheepan", "lgg", "hippocampus")
HEAD = (
    "| data set | cases (patients) | tested on | Dice | IoU | epochs | plan |",
    "|---|---|---|---|---|---|---|",
)


def main() -> None:
    """Train and evaluate on each set; print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--minutes", type=float, default=5.0)
    parser.add_argument("--sets", default=",".join(SETS))
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--limit", type=int, default=0, help="use at most so many cases of each")
    parser.add_argument("--out", type=Path, default=None)
    args = parser.parse_args()
    out = args.out or Path(tempfile.mkdtemp(prefix="napari-unet-benchmark-"))
    prepare()
    print(f"{args.minutes:g} minutes each, {os.cpu_count()} cores; models in {out}")
    print("\n".join(HEAD), flush=True)
    for name in args.sets.split(","):
        if (DATA / name).is_dir():
            print(row(name, args, out), flush=True)
        else:
            print(f"| {name} | not found in {DATA} |", flush=True)


def row(name: str, args: argparse.Namespace, out: Path) -> str:
    """Return the table's row for one data set."""
    folder, model = DATA / name, out / f"{name}.unet.safetensors"
    plans = []

    def watch(event: Event) -> None:
        if isinstance(event, Planned):
            plans.append(event.plan)

    options = {"minutes": args.minutes, "seed": args.seed, "limit": args.limit}
    trained = api.train(folder, model, **options, on_event=watch)
    scored = api.evaluate(folder, model).summary
    dataset = open_dataset(folder, limit=args.limit)
    mean, std = scored["mean"], scored["std"]
    cells = (
        name,
        f"{len(dataset)} ({dataset.patients})",
        f"{scored['images']} ({scored['patients']['count']})",
        f"{mean['dice']:.3f} ± {std['dice']:.3f}",
        f"{mean['iou']:.3f}",
        f"{trained.epochs}",
        plans[0].words,
    )
    return f"| {' | '.join(cells)} |"


if __name__ == "__main__":
    main()

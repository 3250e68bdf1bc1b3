"""What distances between surfaces cost in an evaluation.

Evaluates the same cases with and without them, in turns, and tells the processor's time, which a
busy machine does not change much::

    python benchmarks/evaluating.py MODEL [--folder FOLDER] [--limit N] [--rounds 3]
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

from common import DATA

from napari_unet import api
from napari_unet.environment import prepare


def main() -> None:
    """Evaluate in turns, and print the shortest times."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("model", type=Path)
    parser.add_argument("--folder", type=Path, default=DATA / "brain_tumor")
    parser.add_argument("--limit", type=int, default=257)
    parser.add_argument("--rounds", type=int, default=3)
    args = parser.parse_args()
    prepare()
    api.evaluate(args.folder, args.model, subset="all", limit=min(args.limit, 8))
    spent: dict[bool, list[float]] = {True: [], False: []}
    waited: dict[bool, list[float]] = {True: [], False: []}
    for _ in range(args.rounds):
        for surfaces in (True, False):
            wall, work = time.perf_counter(), time.process_time()
            done = api.evaluate(
                args.folder, args.model, subset="all", limit=args.limit, surfaces=surfaces
            )
            spent[surfaces].append(time.process_time() - work)
            waited[surfaces].append(time.perf_counter() - wall)
    print(f"{len(done.scores)} cases of {args.folder.name}, the shortest of {args.rounds} rounds")
    for what, times in (("processor", spent), ("wall", waited)):
        with_, without = min(times[True]), min(times[False])
        print(f"{what:10s} {with_:.2f} s with distances, {without:.2f} s without")


if __name__ == "__main__":
    main()

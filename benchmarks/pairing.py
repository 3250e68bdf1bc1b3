"""How long pairing takes as the number of files grows, and opening a folder of real small files.

python benchmarks/pairing.py [--most 100000] [--small 3000]

Times are seconds of processor time (reading folders included), the shortest of three: other work on
the machine then counts little.
"""

from __future__ import annotations

import argparse
import math
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from napari_unet.data.dataset import open_dataset
from napari_unet.data.overview import describe_text
from napari_unet.data.pairing.find import find_pairs

REPEATS = 3


def equal_names(count: int) -> Iterator[str]:
    """Yield two folders with equal names."""
    for i in range(count // 2):
        yield from (f"images/{i}.png", f"masks/{i}.png")


def beside(count: int) -> Iterator[str]:
    """Yield a folder per patient, twenty slices in each, the mask beside its image."""
    for i in range(count // 2):
        stem = f"TCGA_CS_{i // 20:04}/TCGA_CS_{i // 20:04}_{i % 20}"
        yield from (f"{stem}.tif", f"{stem}_mask.tif")


def objects(count: int) -> Iterator[str]:
    """Yield a folder per image, with nine masks, one for each object."""
    for i in range(count // 10):
        yield f"train/id{i}/images/id{i}.png"
        yield from (f"train/id{i}/masks/{i * 9 + k:032x}.png" for k in range(9))


def unpaired(count: int) -> Iterator[str]:
    """Yield names that agree nowhere, so that every rule is tried on every file."""
    for i in range(count // 2):
        yield from (f"images/a{i}.png", f"masks/b{2 * i}.png")
    yield "masks/c.png"


LAYOUTS: tuple[Callable[[int], Iterator[str]], ...] = (equal_names, beside, objects, unpaired)


def main() -> None:
    """Print a table of times and the exponent of their growth."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--most", type=int, default=100_000, help="largest number of files")
    parser.add_argument("--small", type=int, default=3_000, help="pairs of small files to open")
    args = parser.parse_args()
    counts = [args.most // 100, args.most // 10, args.most]
    print("| layout | " + " | ".join(f"{n:,} files" for n in counts) + " | growth |")
    print("|---|" + "---|" * (len(counts) + 1))
    for layout in LAYOUTS:
        times = [measure(layout, count) for count in counts]
        growth = math.log(times[-1] / times[-2], counts[-1] / counts[-2])
        cells = " | ".join(f"{t:.2f} s" for t in times)
        print(f"| {layout.__name__.replace('_', ' ')} | {cells} | n^{growth:.2f} |", flush=True)
    open_small(args.small)


def measure(layout: Callable[[int], Iterator[str]], count: int) -> float:
    """Return the shortest of several times to list and pair so many files."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        for name in layout(count):
            path = root / name
            if not path.parent.is_dir():
                path.parent.mkdir(parents=True)
            path.touch()
        return min(timed(lambda: find_pairs(root)) for _ in range(REPEATS))


def open_small(count: int) -> None:
    """Print how long `inspect` works on so many pairs of real PNG files."""
    import numpy as np
    from PIL import Image

    image = Image.fromarray(np.random.default_rng(0).integers(0, 255, (64, 64), np.uint8))
    mask = Image.fromarray(np.pad(np.full((32, 32), 255, np.uint8), 16))
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        for kind, picture in (("images", image), ("masks", mask)):
            (root / kind).mkdir()
            for i in range(count):
                picture.save(root / kind / f"patient{i // 10}_{i}.png")
        seconds = min(timed(lambda: describe_text(open_dataset(root))) for _ in range(REPEATS))
    print(f"\ninspect on {count:,} pairs of small PNG files: {seconds:.2f} s")


def timed(work: Callable[[], object]) -> float:
    """Return how many seconds of processor time something takes."""
    start = time.process_time()
    work()
    return time.process_time() - start


if __name__ == "__main__":
    main()

"""Finding the same image twice: pixel for pixel, and as a copy that was scaled, saved or turned.

Exact copies share a hash of their decoded pixels. Near copies share a look: every image is reduced
to 32 × 32 means without its brightness and contrast, and two looks are compared by correlation. On
MRI of different people this stays below 0.97; a copy saved as JPEG or of another size or contrast
is above 0.99. So that not every pair need be compared, only neighbours in a tree of low frequencies
are; their absolute values are the same for an image, its mirror images and its quarter turns.

Libraries for this (ImageHash, imagededup) take 8-bit pictures only and bring PyWavelets or torch;
the transform and the tree are SciPy's, and what remains is the reduction.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from hashlib import blake2b

import numpy as np
from numpy.typing import NDArray

SIDE = 32  # of a look
SAME = 0.985  # correlation from which on two looks are one image
LOW = 6  # frequencies along each axis that the tree is made of
NEAR = 0.08  # distance in the tree; looks that correlate by SAME lie within 0.07
CHUNK = 1024  # looks that are worked on at once
MOST_NEIGHBOURS = 64  # looked at per image: enough for copies, and a bound for blank slides

Look = NDArray[np.int8]


def digest(pixels: NDArray[np.generic]) -> bytes:
    """Return a hash of an array's shape, type and values."""
    pixels = np.ascontiguousarray(pixels)
    head = f"{pixels.shape} {pixels.dtype.str}".encode()
    return blake2b(pixels.view(np.uint8).data, digest_size=16, key=head[:64]).digest()


def look(image: NDArray[np.floating]) -> Look | None:
    """Reduce an image ``(H, W)`` or volume ``(..., H, W)`` to ``(32, 32)``; None if it is flat.

    Four blocks of slices of a volume stand side by side.
    """
    if image.ndim > 2:
        slices = image.reshape(-1, *image.shape[-2:])
        blocks = [_means(b.mean(axis=0), SIDE // 2) for b in np.array_split(slices, 4) if len(b)]
        blocks += [blocks[-1]] * (4 - len(blocks))
        small = np.block([blocks[:2], blocks[2:]])
    else:
        small = _means(image, SIDE)
    small = small - small.mean()
    largest = np.abs(small).max()
    if not largest > 1e-6 * (np.abs(image).max() or 1):
        return None
    found: Look = np.rint(127 * small / largest).astype(np.int8)
    return found


def _means(image: NDArray[np.floating], side: int) -> NDArray[np.float64]:
    """Return the means of ``side × side`` blocks; a smaller image repeats its pixels."""
    for axis in (0, 1):
        size = image.shape[axis]
        if size < side:
            image = np.take(image, np.arange(side) * size // side, axis=axis)
            continue
        starts = np.arange(side) * size // side
        sums = np.add.reduceat(image, starts, axis=axis, dtype=np.float64)
        counts = np.diff(starts, append=size)
        image = sums / (counts[:, None] if axis == 0 else counts)
    return np.asarray(image, np.float64)


def equal(digests: Sequence[bytes]) -> list[list[int]]:
    """Return the groups of two or more equal hashes, as positions; empty hashes are left out."""
    groups: dict[bytes, list[int]] = defaultdict(list)
    for i, found in enumerate(digests):
        if found:
            groups[found].append(i)
    return [group for group in groups.values() if len(group) > 1]


def similar(looks: Sequence[Look | None]) -> list[tuple[int, int, float]]:
    """Return pairs of positions ``i < j`` that look the same, and their correlation.

    Mirror images and quarter turns are found too. The time grows a little faster than the number
    of images; the memory by about 2 kB an image.
    """
    from scipy.spatial import cKDTree

    there = {i: found for i, found in enumerate(looks) if found is not None}
    if len(there) < 2:
        return []
    known, stack = list(there), np.stack(list(there.values()))
    points = np.concatenate([_keys(_unit(stack[i : i + CHUNK])) for i in _starts(stack)])
    tree, reach = cKDTree(points), min(MOST_NEIGHBOURS, len(known) - 1) + 1
    pairs: dict[tuple[int, int], float] = {}
    for start in _starts(stack):
        part = points[start : start + CHUNK]
        _, near = tree.query(part, k=reach, distance_upper_bound=NEAR)
        for i, found in enumerate(near, start):
            others = found[(found != i) & (found < len(known))]
            best = _correlation(_unit(stack[[i]])[0], _unit(stack[others]))
            for j, c in zip(others.tolist(), best, strict=True):
                if c >= SAME:
                    pairs[known[min(i, j)], known[max(i, j)]] = float(c)
    return [(i, j, c) for (i, j), c in sorted(pairs.items())]


def _starts(stack: NDArray[np.int8]) -> range:
    return range(0, len(stack), CHUNK)


def _unit(looks: NDArray[np.int8]) -> NDArray[np.float32]:
    """Return looks ``(n, 32, 32)`` of length one, so that their products are correlations."""
    unit = looks.astype(np.float32)
    unit /= np.linalg.norm(unit, axis=(1, 2), keepdims=True)
    return unit


def _keys(unit: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return what is the same for ``(n, 32, 32)`` however mirrored or turned by quarters."""
    from scipy.fft import dctn

    low = np.abs(dctn(unit, axes=(1, 2), norm="ortho")[:, :LOW, :LOW])
    turned = low.transpose(0, 2, 1)
    row, column = np.triu_indices(LOW)
    both = np.stack([np.maximum(low, turned), np.minimum(low, turned)], axis=1)
    keys: NDArray[np.float32] = both[:, :, row, column].reshape(len(unit), -1)
    return keys


def _correlation(one: NDArray[np.float32], others: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the best correlation of ``(32, 32)`` with each of ``(n, 32, 32)``, however turned."""
    turns = [np.rot90(one, k) for k in range(4)]
    every = np.stack([*turns, *(t.T for t in turns)]).reshape(8, -1)
    best: NDArray[np.float32] = (others.reshape(len(others), SIDE * SIDE) @ every.T).max(axis=1)
    return best

"""Cases of one size as a single stack that is read slice by slice, when a slice is looked at."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_unet.data.cases import Case, Dataset
from napari_unet.data.scan import Header, Scan
from napari_unet.errors import DataError, UnetError
from napari_unet.widgets.case_layers import Shown
from napari_unet.widgets.reading import Opened, read
from napari_unet.widgets.shelf import Shelf, shelf_key

UNEQUAL = 3  # cases named that differ from the first


@dataclass(frozen=True)
class Stack:
    """Cases that can be gone through with one slider.

    ``errors`` says by a case's name why its slice is black; it grows as slices are read.
    """

    shown: Shown
    cases: tuple[Case, ...]
    errors: dict[str, str] = field(default_factory=dict)


def make_stack(cases: Sequence[Case], dataset: Dataset, shelf: Shelf) -> Stack:
    """Prepare a stack (in a thread): only headers are read.

    Raises
    ------
    DataError
        If there are no cases, or they differ in size, type or axes.
    """
    header = _common_header(cases)
    stack = Stack(Shown("", "", Scan(np.zeros((0, 0)), "yx", dataset.root)), tuple(cases), {})
    slices = _Slices(stack, dataset, shelf, header)
    scan = Scan(
        _lazy(slices.image, len(cases), header.shape, np.dtype(header.dtype)),
        f"t{header.axes}",
        dataset.root,
        spacing=(1.0, *header.spacing) if header.spacing else None,
        units=("pixel", *header.units) if header.units else (),
        colour=header.axes.endswith("c"),
    )
    reference = _lazy(slices.reference, len(cases), header.spatial, np.dtype(np.uint8))
    name = f"{len(cases)} cases of {dataset.root.name}"
    key = f"{dataset.root}::stack of {len(cases)} from {cases[0].name}"
    labels = ("case", *header.axes.removesuffix("c"))
    binary = dataset.labels.classes == 1
    colours = dataset.labels.colours
    shown = Shown(key, name, scan, reference, binary, axis_labels=labels, colours=colours)
    return replace(stack, shown=shown)


class _Slices:
    """Reads the slices of a stack, through the shelf on which cases are kept."""

    def __init__(self, stack: Stack, dataset: Dataset, shelf: Shelf, header: Header) -> None:
        self.stack, self.dataset, self.shelf, self.header = stack, dataset, shelf, header

    def image(self, i: int) -> NDArray[Any]:
        """Return the image of one case; black if it cannot be read."""
        opened = self._opened(i)
        if opened is None or opened.shown.scan.array.shape != self.header.shape:
            return np.zeros(self.header.shape, self.header.dtype)
        return np.asarray(opened.shown.scan.array)

    def reference(self, i: int) -> NDArray[Any]:
        """Return the reference of one case; empty if it cannot be used."""
        opened = self._opened(i)
        if opened is None or opened.shown.reference is None:
            return np.zeros(self.header.spatial, np.uint8)
        return np.asarray(opened.shown.reference, np.uint8)

    def _opened(self, i: int) -> Opened | None:
        case = self.stack.cases[i]
        key = shelf_key(self.dataset, case)
        if (opened := self.shelf.get(key)) is not None:
            return opened
        try:
            opened = read(case, self.dataset)
        except UnetError as error:
            self.stack.errors[case.name] = str(error)
            return None
        if opened.warning:
            self.stack.errors[case.name] = opened.warning
        self.shelf.put(key, opened)
        return opened


def _lazy(
    read_one: Callable[[int], NDArray[Any]], count: int, shape: tuple[int, ...], dtype: Any
) -> Any:
    """Return a dask array of so many slices, each of which is read when it is asked for."""
    import dask.array as da

    def block(block_id: tuple[int, ...]) -> NDArray[Any]:
        return read_one(block_id[0])[None]

    chunks = ((1,) * count, *((n,) for n in shape))
    blocks: Any = da.map_blocks
    return blocks(block, chunks=chunks, dtype=dtype, meta=np.empty((0,) * len(chunks), dtype))


def _common_header(cases: Sequence[Case]) -> Header:
    """Return what the files of all cases say alike.

    Raises
    ------
    DataError
        With some of those that differ, if they do.
    """
    from napari_unet.data.formats import describe_scan

    if not cases:
        raise DataError("There are no cases to stack: show more of them.")
    first = describe_scan(cases[0])
    others = []
    for case in cases[1:]:
        header = describe_scan(case)
        if (header.shape, header.axes, header.dtype) != (first.shape, first.axes, first.dtype):
            others.append(f"{case.name} ({_size(header)})")
            if len(others) > UNEQUAL:
                break
    if others:
        listed = ", ".join(others[:UNEQUAL]) + (", …" if len(others) > UNEQUAL else "")
        raise DataError(
            f"Only cases of one size can be opened as a stack: {cases[0].name} is "
            f"{_size(first)}, but {listed}. Filter the table to cases of one size."
        )
    return first


def _size(header: Header) -> str:
    channels = f", {header.channels} channels" if header.channels > 1 else ""
    return f"{' × '.join(map(str, header.spatial))} {header.dtype}{channels}"

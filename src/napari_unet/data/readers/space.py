"""Where a volume lies: from a file's own axes to those of the viewer, and back.

Files of NIfTI count right, anterior, superior as positive (RAS), those of DICOM and ITK left,
posterior, superior (LPS). In the viewer a volume has the axes z, y, x of LPS: heads up, faces up,
a patient's left to the right, as radiologists look at them. A volume comes there by flips and
transpositions alone, which are views; what is left of its rotation is an affine that napari draws.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_unet.data.scan import Array

Matrix = NDArray[np.float64]

# From x, y, z of RAS to z, y, x of LPS.
TO_VIEWER: Matrix = np.array(
    [[0.0, 0.0, 1.0, 0.0], [0.0, -1.0, 0.0, 0.0], [-1.0, 0.0, 0.0, 0.0], [0.0, 0.0, 0.0, 1.0]]
)


@dataclass(frozen=True, eq=False)
class Geometry:
    """How a file lays out a volume.

    Attributes
    ----------
    shape : tuple of int
        The volume's three sizes in the file's own order.
    affine : numpy.ndarray
        ``(4, 4)``, from the file's indices to millimetres of RAS.
    order : tuple of int
        For z, y and x of the viewer the file's axis.
    flips : tuple of bool
        For z, y and x, whether the file counts the other way.
    header : object
        The NIfTI header, for files that have one; what is written keeps its codes.
    """

    shape: tuple[int, int, int]
    affine: Matrix
    order: tuple[int, int, int]
    flips: tuple[bool, bool, bool]
    header: Any = None

    def upright(self, array: Array) -> Array:
        """Return a view ``(z, y, x, …)`` of an array ``(i, j, k, …)`` of the file."""
        rest = range(3, array.ndim)
        turned = array.transpose([*self.order, *rest])
        return turned[tuple(slice(None, None, -1 if f else None) for f in self.flips)]

    def stored(self, array: NDArray[Any]) -> NDArray[Any]:
        """Return a view ``(i, j, k)`` of an array ``(z, y, x)``: `upright` undone."""
        turned = array[tuple(slice(None, None, -1 if f else None) for f in self.flips)]
        return turned.transpose(np.argsort(self.order))

    def placement(self) -> tuple[dict[str, float], Matrix]:
        """Return the sizes of a voxel by axis, and the ``(4, 4)`` affine to apply after them."""
        matrix = TO_VIEWER @ self.affine @ self._indices()
        sizes = np.sqrt((matrix[:3, :3] ** 2).sum(axis=0))
        sizes[sizes == 0] = 1.0
        rest = matrix.copy()
        rest[:3, :3] /= sizes
        return dict(zip("zyx", map(float, sizes), strict=True)), rest

    def _indices(self) -> Matrix:
        """Return the matrix from indices z, y, x of the viewer to the file's i, j, k."""
        matrix = np.zeros((4, 4))
        matrix[3, 3] = 1.0
        for row, (axis, flip) in enumerate(zip(self.order, self.flips, strict=True)):
            matrix[axis, row] = -1.0 if flip else 1.0
            matrix[axis, 3] = self.shape[axis] - 1 if flip else 0.0
        return matrix


def find_geometry(shape: tuple[int, ...], affine: Matrix, header: Any = None) -> Geometry:
    """Find the flips and transpositions that bring a volume nearest to the viewer's axes.

    Parameters
    ----------
    shape : tuple of int
        The volume's sizes in the file's order; only the first three count.
    affine : numpy.ndarray
        ``(4, 4)``, from indices to millimetres of RAS.
    header : object
        Kept in the result.
    """
    affine = np.asarray(affine, np.float64)
    directions = (TO_VIEWER @ affine)[:3, :3]
    lengths = np.sqrt((directions**2).sum(axis=0))
    order = _nearest(np.abs(directions) / np.where(lengths > 0, lengths, 1.0))
    flips = tuple(bool(directions[row, axis] < 0) for row, axis in enumerate(order))
    assert len(flips) == 3
    return Geometry((int(shape[0]), int(shape[1]), int(shape[2])), affine, order, flips, header)


def _nearest(weights: Matrix) -> tuple[int, int, int]:
    """Return for each row its own column, so that the largest entries are chosen first."""
    left, order = weights.copy(), [-1, -1, -1]
    for _ in range(3):
        row, column = np.unravel_index(int(left.argmax()), left.shape)
        order[int(row)] = int(column)
        left[row, :] = left[:, column] = -1.0
    return order[0], order[1], order[2]


def over_axes(affine: Matrix, axes: str) -> Matrix:
    """Spread or cut a ``(4, 4)`` affine over z, y, x to the axes of a scan, channels left out.

    Time is not touched. A single plane keeps what the affine says of its two axes.
    """
    letters = axes.removesuffix("c")
    full = np.eye(len(letters) + 1)
    inside = {a: i for i, a in enumerate(letters) if a in "zyx"}
    for a, row in inside.items():
        for b, column in inside.items():
            full[row, column] = affine["zyx".index(a), "zyx".index(b)]
        full[row, -1] = affine["zyx".index(a), 3]
    return full


def within(matrix: Matrix, axes: str) -> Matrix:
    """Return the ``(4, 4)`` part over z, y, x of a matrix over the axes of a scan."""
    letters = axes.removesuffix("c")
    full = np.eye(4)
    inside = [(letters.index(a), "zyx".index(a)) for a in letters if a in "zyx"]
    for i, row in inside:
        for j, column in inside:
            full[row, column] = matrix[i, j]
        full[row, 3] = matrix[i, -1]
    return full


def from_viewer(shape: tuple[int, ...], matrix: Matrix) -> Geometry:
    """Return how a volume ``(z, y, x)`` of the viewer is laid out as a file's x, y, z.

    Parameters
    ----------
    shape : tuple of int
        Of z, y and x.
    matrix : numpy.ndarray
        ``(4, 4)``, from indices z, y, x to the viewer's world.
    """
    swap = np.eye(4)[[2, 1, 0, 3]]
    affine = np.linalg.inv(TO_VIEWER) @ matrix @ swap
    return Geometry((shape[2], shape[1], shape[0]), affine, (2, 1, 0), (False, False, False))

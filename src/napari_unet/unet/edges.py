"""How much a window of an image needs around it at every level of the network, and no more.

A window is shown with all that its pixels can depend on, but only the first layers need all of it:
each convolution makes the outermost pixels worthless, and what is not needed any more is cut off.
The right of the U, where most of the time goes, works on little more than the window itself.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from torch import Tensor

from napari_unet.config import UNetConfig

BLOCK = 2  # pixels that a `DoubleConv` makes worthless at each edge
FIRST = 3  # axis of (N, C, rows, …) along which the first edges lie


@dataclass(frozen=True)
class Needs:
    """Pixels of a level beyond each edge of a window.

    ``down`` is what its encoder, or the bottleneck, has to see; ``below`` what the level below has
    to give, in pixels of that one; ``up`` what comes out of the level itself.
    """

    down: int
    below: int
    up: int


def needs(config: UNetConfig) -> list[Needs]:
    """Return them for every level, the bottleneck last.

    They hold for windows that begin and end at multiples of what the network divides by.
    """
    # To enlarge linearly, a neighbour is needed as well.
    blurs = int(config.upsampling != "transposed" or config.attention)
    below, wanted = [], 0
    for _ in range(config.depth):
        wanted = -(-(wanted + BLOCK + blurs) // 2)
        below.append(wanted)
    down = wanted + BLOCK
    found = [Needs(down, 0, down)]
    for wanted in below[::-1]:
        down = 2 * down + BLOCK
        found.insert(0, Needs(down, wanted, 2 * wanted))
    return found


@dataclass(frozen=True)
class Edges:
    """Where a window ends within its image.

    Attributes
    ----------
    inner
        For every axis but the rows', whether the image goes on before and after the window.
    margin
        How many pixels of it are shown there: enough, and a multiple of what the network divides
        by.
    """

    inner: Sequence[tuple[bool, bool]] = ()
    margin: int = 0

    def cut(self, have: int, wanted: int) -> Callable[[Tensor], Tensor]:
        """Return what cuts off all but ``wanted`` of the pixels beyond the edges."""
        by = have - wanted
        cuts = [slice(by * before, -by if after else None) for before, after in self.inner]

        def narrowed(x: Tensor) -> Tensor:
            return x[(slice(None),) * FIRST + tuple(cuts)].clone()  # a view would keep all of it

        return narrowed if by and any(map(any, self.inner)) else lambda x: x


WITHOUT = Edges()

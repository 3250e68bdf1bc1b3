"""Which sides a network can take, and how far an image is mirrored to have them."""

from __future__ import annotations

from dataclasses import dataclass

from napari_unet.config import UNetConfig


@dataclass(frozen=True)
class Grid:
    """The lengths that a network can take along one axis: multiples of ``step``, and ``more``.

    Attributes
    ----------
    step
        What the network divides by.
    least
        How many steps it needs at least.
    lost
        Pixels of the steps that do not come out again: convolutions without padding lose them.
    more
        What these need around the steps.
    before
        Pixels of what an image lacks that lie before it; the others lie after it.
    """

    step: int
    least: int = 1
    lost: int = 0
    more: int = 0
    before: int = 0

    def margins(self, n: int) -> tuple[int, int]:
        """Return how many pixels go before and after a side of ``n``."""
        steps = max(-(-(n + self.lost) // self.step), self.least)
        return self.before, steps * self.step + self.more - n - self.before


def grids(config: UNetConfig, training: bool = False) -> list[Grid]:
    """Return the grid of every axis of a network, in evaluation mode unless in ``training``."""
    if config.padding == "valid":
        return [_valid(halvings) for halvings in config.halvings]
    # A norm over one image's pixels needs more than one of them at the bottleneck; of a batch,
    # too, a lane may be given one image.
    least = 1 if config.norm == "none" and not config.encoder else 2
    if config.padding == "zeros" and config.norm == "batch" and not training:
        least = 1  # as such networks are elsewhere
    fewest = (1,) * (config.dims - 2) + (least, least)
    found = []
    for halvings, stride, few in zip(config.halvings, config.strides, fewest, strict=True):
        step = 2**halvings * stride
        # Networks that fill up with zeros themselves take any side that leaves something below.
        found.append(Grid(1, few * step) if config.padding == "zeros" else Grid(step, few))
    return found


def _valid(halvings: int) -> Grid:
    """Return the grid with which unpadded convolutions leave at least the image.

    With ``d`` halvings, a bottleneck output of b pixels leaves 2^d b - 4 (2^d - 1) after the
    decoder and needs 2^d (b + 4) + 4 (2^d - 1) at the input; 28 gives the paper's 388 from 572.
    Flat levels lose nothing along z, so only those that halve it count there.
    """
    step = 2**halvings
    lost = 4 * (step - 1)
    return Grid(step, lost=lost, more=4 * step + lost, before=lost + 2 * step)

"""Whether a model is what it says it is: whole, fitting its card, finite, and able to run."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from napari_unet.card import checksum
from napari_unet.library.names import find, name_of


@dataclass(frozen=True)
class Verified:
    """A model that was found to be sound.

    ``checksum`` is the SHA-256 of its weights, ``weights`` their number, ``ran`` the shape of the
    image that it was run on, and ``gave`` that of its answer.
    """

    name: str
    path: str
    checksum: str
    weights: int
    ran: tuple[int, ...]
    gave: tuple[int, ...]

    @property
    def text(self) -> str:
        """What was looked at, in a sentence."""
        size, classes = "×".join(map(str, self.ran[1:])), self.gave[0]
        outputs = f"{classes} output{'' if classes == 1 else 's'}"
        return (
            f"{self.name} is sound: the file is whole, its {self.weights:,} weights are finite and "
            f"fit the card, and it runs ({size} pixels, {outputs}). SHA-256 of the weights: "
            f"{self.checksum}"
        )


def verify(model: str | Path) -> Verified:
    """Read all of a model and run it once, on an image as small as it takes.

    Raises
    ------
    ModelError
        If something is wrong with it.
    """
    from napari_unet.unet.trying import tried

    path = find(model)
    digest = checksum(path)
    weights, ran, gave = tried(path)
    return Verified(name_of(path), str(path), digest, weights, ran, gave)

"""Whether a model is what it says it is: whole, fitting its card, finite, and able to run."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from napari_unet.card import ModelCard, checksum
from napari_unet.errors import ModelError
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
    path = find(model)
    digest = checksum(path)
    weights, ran, gave = _run(path)
    return Verified(name_of(path), str(path), digest, weights, ran, gave)


def _run(path: Path) -> tuple[int, tuple[int, ...], tuple[int, ...]]:
    """Return the number of weights, and the shapes ``(C, *S)`` of an image and of its answer."""
    import torch

    from napari_unet.unet.file import load_model

    network, card = load_model(path)
    wrong = [k for k, v in network.state_dict().items() if not bool(torch.isfinite(v).all())]
    if wrong:
        raise ModelError(
            f"{path.name} is damaged: {len(wrong)} of its weights are no finite numbers "
            f"(e.g. {wrong[0]})."
        )
    image = torch.zeros(1, card.network.in_channels, *_least(card))
    with torch.inference_mode():
        answer = network(image)
    if not bool(torch.isfinite(answer).all()):
        raise ModelError(f"{path.name} runs, but what it says of an empty image is no number.")
    weights = sum(p.numel() for p in network.parameters())
    return weights, tuple(image.shape[1:]), tuple(answer.shape[1:])


def _least(card: ModelCard) -> tuple[int, ...]:
    """Return the sides of the smallest image that a network takes, and is defined on."""
    from napari_unet.unet.grid import grids

    return tuple(sum(grid.margins(1)) + 1 for grid in grids(card.network))

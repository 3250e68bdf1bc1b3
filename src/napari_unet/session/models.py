"""The models there are, which one is worked with, and which one fits an image."""

from __future__ import annotations

from pathlib import Path

from psygnal import Signal

from napari_unet.card import ModelCard
from napari_unet.errors import ModelError
from napari_unet.library import Entry, entries, read_entry
from napari_unet.session.values import ImageFacts

_KINDS = {1: "grey", 3: "colour", 4: "colour"}
_CHANNEL = ("c", "ch", "channel", "channels")
_TIME = ("t", "time")


class ModelState:
    """The part of a session that knows the models."""

    models_changed = Signal()
    model_changed = Signal()

    def __init__(self) -> None:
        self.models: tuple[Entry, ...] = ()
        self.model: Entry | None = None
        self.picked = False
        self.threshold = 0.5

    def refresh_models(self) -> None:
        """Read the library again; browsed models from elsewhere stay listed, before the boxed."""
        listed = entries()
        elsewhere = {m.path for m in self.models} - {m.path for m in listed}
        browsed = [read_entry(m.path) for m in self.models if m.path in elsewhere]
        own = [m for m in listed if not m.boxed]
        boxed = [m for m in listed if m.boxed]
        self.models = (*own, *(m for m in browsed if Path(m.path).exists()), *boxed)
        if self.model is not None:
            same = [m for m in self.models if m.path == self.model.path]
            self.model = same[0] if same else None
        self.models_changed.emit()
        self.model_changed.emit()

    def select_model(self, path: str | Path, picked: bool = True) -> None:
        """Work with the model at ``path``.

        A model that was ``picked`` by a person (or was just trained) is not replaced when
        another image becomes active.

        Raises
        ------
        ModelError
            If the file is no usable model; the selection then stays as it was.
        """
        entry = read_entry(Path(path))
        if entry.card is None:
            raise ModelError(entry.error)
        others = [m for m in self.models if m.path != entry.path]
        known = any(m.path == entry.path for m in self.models)
        self.models = (
            tuple(entry if m.path == entry.path else m for m in self.models)
            if known
            else (entry, *others)
        )
        self.model, self.picked = entry, picked
        self.threshold = entry.card.threshold
        self.models_changed.emit()
        self.model_changed.emit()

    def misfit(self, image: ImageFacts) -> str:
        """Say why the selected model cannot segment an image, and which of those listed can."""
        if self.model is None or self.model.card is None:
            return ""
        why, wanted = _mismatch(self.model.card, image)
        fits = [m.name for m in self.models if m.card and not _mismatch(m.card, image)[0]]
        text = f"{why} {_listing(fits)} would do." if wanted and fits else ""
        text = text or misfit(self.model.card, image)
        channels = self.model.card.image_channels
        if wanted and channels > 1 and image.channels == 1 and len(image.shape) > 1:
            text += f" Or select {channels} layers of one size, which are then its channels."
        return text

    def suggest_model(self, image: ImageFacts | None) -> None:
        """Select the newest model that fits ``image``, unless a person picked one.

        One that learned from images of as many channels comes before one to which they can be fed.
        A model that came with the program was made for one kind of images: it is suggested for
        those of its channels only, and not kept for others.
        """
        if self.picked and self.model is not None:
            return
        fitting = [
            (entry, entry.card)
            for entry in self.models
            if entry.card is not None and (image is None or not misfit(entry.card, image))
        ]
        exact = [entry for entry, card in fitting if image and _exact(card, image)]
        fed = [entry for entry, _ in fitting if image is None or not entry.boxed]
        best = next(iter(exact or fed), None)
        if best is not None and best != self.model:
            self.select_model(best.path, picked=False)
        elif best is None and self.model is not None and self.model.boxed:
            self.model = None
            self.model_changed.emit()


def misfit(card: ModelCard, image: ImageFacts) -> str:
    """Say why a model cannot segment an image, and what could; empty if it can."""
    why, wanted = _mismatch(card, image)
    return f"{why} Choose a model for {wanted}, or train one." if wanted else why


def channel_axis(card: ModelCard, image: ImageFacts) -> int | None:
    """Return the axis of ``image.shape`` that holds the channels a model takes; None if none does.

    That is the one called so, if it is as long as the model has channels; else, for a model of as
    many channels as no colour has, the only axis before rows and columns that is of that length.
    """
    wanted = card.image_channels
    if image.channels > 1 or wanted == 1:
        return None
    leading = range(len(image.shape) - 2)
    named = [i for i, name in enumerate(image.axes) if name.lower() in _CHANNEL]
    if named:
        return named[0] if image.shape[named[0]] == wanted and len(image.shape) > 2 else None
    long = [i for i in leading if image.shape[i] == wanted]
    return long[0] if len(long) == 1 and wanted not in _KINDS else None


def is_time(axis: str) -> bool:
    """Say whether an axis of this name goes through points in time."""
    return axis.lower() in _TIME


def _exact(card: ModelCard, image: ImageFacts) -> bool:
    """Say whether an image has the very channels that a model learned from."""
    return card.image_channels == image.channels or channel_axis(card, image) is not None


def _mismatch(card: ModelCard, image: ImageFacts) -> tuple[str, str]:
    """Return why a model does not fit an image, and for what one should be that does."""
    axis = channel_axis(card, image)
    channels = image.channels if axis is None else image.shape[axis]
    sides = tuple(n for i, n in enumerate(image.shape) if i != axis)
    names = [name for i, name in enumerate(image.axes) if i != axis]
    if len(sides) < 2 or 0 in sides:
        return f"{image.name} is no image: its shape is {image.shape}.", ""
    if card.network.dims == 3 and len(sides) < 3:
        return (
            f"This model learned from volumes, but {image.name} is a single picture.",
            "pictures",
        )
    if card.network.dims == 3 and names and is_time(names[-3]):
        return (
            f"This model learned from volumes, but {image.name} shows pictures at points in time.",
            "pictures",
        )
    wanted = card.image_channels
    # Grey is shown to a colour model three times; of colour a grey model sees the brightness.
    if wanted == channels or (channels in _KINDS and wanted in (1, 3)):
        return "", ""
    learned, given = (_KINDS.get(n, f"{n}-channel") for n in (wanted, channels))
    return (
        f"This model learned from {learned} images, but {image.name} is {given}.",
        f"{given} images",
    )


def _listing(names: list[str]) -> str:
    shown = names[:3]
    return " or ".join([", ".join(shown[:-1]), shown[-1]] if len(shown) > 1 else shown)

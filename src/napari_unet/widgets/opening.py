"""What napari does with a model file that is dropped on it: the model is added and selected."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import napari
from napari.utils.notifications import show_error, show_info

from napari_unet.card import SUFFIX, read_card
from napari_unet.errors import UnetError
from napari_unet.library import name_of
from napari_unet.widgets.commands import show_segment_dock
from napari_unet.widgets.desk import desk_of

NO_LAYERS: list[tuple[None]] = [(None,)]  # what napari takes for a file without any


def get_reader(path: str | Path | Sequence[str]) -> Callable[[Any], list[tuple[None]]] | None:
    """Return what opens model files, or None to leave others to others."""
    paths = [path] if isinstance(path, str | Path) else list(path)
    return open_models if all(str(p).endswith(SUFFIX) for p in paths) else None


def open_models(path: str | Path | Sequence[str]) -> list[tuple[None]]:
    """Add models to the library of the viewer that is in front; no layers come of it.

    What is wrong with a file is said in a notification: napari would show a traceback.
    """
    viewer = napari.current_viewer()
    for file in [path] if isinstance(path, str | Path) else path:
        try:
            read_card(file)
        except UnetError as error:
            show_error(str(error))
            continue
        if viewer is not None:
            _add(viewer, str(file))
    return NO_LAYERS


def _add(viewer: Any, file: str) -> None:
    desk = desk_of(viewer)

    def added(path: str) -> None:
        desk.use_model(path, "segment")
        show_segment_dock(viewer)
        show_info(f"The model {name_of(path)} is in the library, and selected under Segment.")

    desk.librarian.add(file, added, failed=show_error)

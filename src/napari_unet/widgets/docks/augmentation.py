"""The dialog that shows the augmentation, bound to the Train dock's settings while it is open."""

from __future__ import annotations

from collections.abc import Callable

from napari_unet.jobs import TrainJob
from napari_unet.session import Message
from napari_unet.widgets.docks.dock import Dock
from napari_unet.widgets.views.augmentation import AugmentationDialog


def augmentation_dialog(
    dock: Dock, settings: Callable[[], TrainJob], changed: object
) -> AugmentationDialog:
    """Return the dialog; it follows ``settings`` at the signal ``changed`` while open."""
    session, augmenter = dock.desk.session, dock.desk.augmenter
    dialog = AugmentationDialog(dock)
    seed = 0

    def ask() -> None:
        session.set_message("augment", Message())
        augmenter.ask(settings(), seed)
        show_busy()

    def other() -> None:
        nonlocal seed
        seed += 1
        ask()

    def show() -> None:
        dialog.set_augmented(session.augmented)

    def show_busy() -> None:
        busy = session.busy.get("interactive")
        words = f"Waits: {busy.title}." if busy is not None else ""
        dialog.set_busy("Drawing …" if busy is not None and busy.place == "augment" else words)

    def show_message(place: str) -> None:
        if place == "augment":
            message = session.messages.get("augment", Message())
            dialog.set_message(message.text, message.kind)

    heard = (
        (session.augmented_changed, show),
        (session.busy_changed, show_busy),
        (session.message_changed, show_message),
    )
    for signal, slot in heard:
        dock.listen(signal, slot)
    changed.connect(ask)  # type: ignore[attr-defined]  # a Qt signal

    def closed() -> None:
        changed.disconnect(ask)  # type: ignore[attr-defined]
        dock.unlisten(heard)
        augmenter.forget()
        dialog.deleteLater()

    dialog.closed.connect(closed)
    dialog.again_wanted.connect(other)
    session.take_augmented(None)
    ask()
    return dialog

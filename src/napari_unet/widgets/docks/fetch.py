"""The dialog that gets data sets from the network, bound to a dock's desk while it is open."""

from __future__ import annotations

from napari_unet.session import Message
from napari_unet.widgets.docks.dock import Dock, words
from napari_unet.widgets.views.fetch import FetchDialog, Known


def fetch_dialog(dock: Dock) -> FetchDialog:
    """Return the dialog; it hears of what runs until it is closed."""
    from napari_unet.downloads.catalog import catalog

    session, fetcher = dock.desk.session, dock.desk.fetcher
    known = [Known(e.name, e.title, e.holds, e.licence, e.size) for e in catalog()]
    dialog = FetchDialog(known, dock)
    dialog.look_up_wanted.connect(fetcher.look_up)
    dialog.fetch_wanted.connect(fetcher.fetch)
    dialog.cancel_wanted.connect(fetcher.stop)

    def show_busy() -> None:
        running = dock.busy()
        if running is None:
            dialog.set_idle(fetcher.reason())
        else:
            text, share = words(running[1])
            dialog.set_running(text, share, running[1].stopping)

    def show_message(place: str) -> None:
        if place == dock.place:
            message = session.messages.get(dock.place, Message())
            dialog.set_message(message.text, message.kind)

    def done() -> None:
        dialog.accept()

    heard = (
        (session.busy_changed, show_busy),
        (session.message_changed, show_message),
        (fetcher.offered, dialog.set_offer),
        (fetcher.fetched, done),
    )
    for signal, slot in heard:
        signal.connect(slot)

    def end() -> None:
        for signal, slot in heard:
            signal.disconnect(slot)

    dialog.finished.connect(end)
    show_busy()
    return dialog

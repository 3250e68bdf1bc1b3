"""What belongs to one viewer: its session, its layers, and what runs for it.

napari gives every dock widget a proxy of its own, so the desk is found by the viewer behind it.
The desk ends with the viewer: its engine processes do, too.
"""

from __future__ import annotations

import contextlib
import weakref
from collections.abc import Callable
from typing import Any

from qtpy.QtWidgets import QApplication

from napari_unet.data.cases import Case
from napari_unet.errors import UnetError
from napari_unet.session import LANES, Lane, Place, Session
from napari_unet.widgets.amending import Amender
from napari_unet.widgets.auditing import Auditor
from napari_unet.widgets.augmenting import Augmenter
from napari_unet.widgets.batching import Batcher
from napari_unet.widgets.catalogue import Catalogue
from napari_unet.widgets.closing import CloseGuard, SaveGuard
from napari_unet.widgets.comparing import Comparer
from napari_unet.widgets.correcting import Correcting
from napari_unet.widgets.curating import Curator
from napari_unet.widgets.dividing import Divider
from napari_unet.widgets.exporting import Exporter
from napari_unet.widgets.fetching import Fetcher
from napari_unet.widgets.folders import Folders
from napari_unet.widgets.from_layers import FromLayers
from napari_unet.widgets.improving import Improver, Ranker
from napari_unet.widgets.jumping import Jumper
from napari_unet.widgets.keeping import Keeper
from napari_unet.widgets.layer_pairs import LayerPairs
from napari_unet.widgets.layers import Layers
from napari_unet.widgets.librarian import Librarian
from napari_unet.widgets.live import Live
from napari_unet.widgets.live_layer import LiveLayer
from napari_unet.widgets.loading import Loader
from napari_unet.widgets.measuring import Measurer
from napari_unet.widgets.registering import Register
from napari_unet.widgets.reporting import Reporter
from napari_unet.widgets.resuming import Resumer
from napari_unet.widgets.runner import Runner
from napari_unet.widgets.scoring import Scorer
from napari_unet.widgets.segmenting import Segmenter
from napari_unet.widgets.thumbnails import Thumbnails
from napari_unet.widgets.training import Trainer
from napari_unet.widgets.versioning import Versioner


class Desk:
    """One viewer's session, with those who work on it."""

    def __init__(self, session: Session, layers: Layers) -> None:
        self.session, self.layers = session, layers
        self.docks: weakref.WeakSet[Any] = weakref.WeakSet()  # those that are open
        self.runners: dict[Lane, Runner] = {lane: Runner(session, lane) for lane in LANES}
        self.loader = Loader(session, layers)
        self.divider = Divider(session)
        self.folders = Folders(session, self.loader, self.divider)
        self.curator = Curator(session, Amender(session, self.folders), self.divider)
        self.auditor = Auditor(session, self.divider, self.runners["interactive"])
        self.fetcher = Fetcher(session, self.folders, self.runners["interactive"])
        self.thumbnails = Thumbnails(self.loader.shelf)
        session.dataset_changed.connect(self._show_dataset)
        self.trainer = Trainer(session, layers, self.runners["train"])
        self.resumer = Resumer(session, self.trainer)
        self.exporter = Exporter(session)
        self.from_layers = FromLayers(session, LayerPairs(layers.hand))
        self.register = Register(session, self.exporter)
        self.catalogue = Catalogue(session)
        self.librarian = Librarian(session, self.runners["interactive"])
        self.augmenter = Augmenter(session, self.runners["interactive"])
        self.live = Live(
            session, self.loader, self.trainer, self.runners["train"], LiveLayer(layers.hand)
        )
        self.segmenter = Segmenter(session, layers, self.runners["interactive"])
        self.keeper = Keeper(session, layers, self.loader, self.segmenter.answers)
        self.versioner = Versioner(session, self.keeper)
        self.keeper.recaller.back_to_network.connect(self.segmenter.show_again)
        self.measurer = Measurer(session, layers, self.segmenter.answers)
        self.batcher = Batcher(session, layers, self.loader, self.exporter, self.runners)
        self.scorer = Scorer(session, layers, self.runners)
        self.correcting = Correcting(session, layers, self.segmenter)
        self.jumper = Jumper(self.correcting)
        self.comparer = Comparer(session, self.runners)
        self.reporter = Reporter(session, self.runners)
        self.improver = Improver(session, self.trainer, self.resumer)
        self.ranker = Ranker(session, self.loader, self.segmenter, self.runners)

    def _show_dataset(self) -> None:
        self.thumbnails.set_dataset(self.session.dataset)

    def look(self) -> None:
        """Bring the list of models up to date and suggest one for the active image."""
        self.session.refresh_models()
        self.session.suggest_model(self.layers.active_image())

    def use_model(self, path: str, place: Place) -> None:
        """Select a model that a person chose; what is wrong with it is said in ``place``."""
        try:
            self.session.select_model(path)
        except UnetError as error:
            self.session.fail(place, error)
            self.session.models_changed.emit()

    def open_scored(self, name: str) -> None:
        """Open the case of a score, and segment it with the model that was scored."""
        sheet, model = self.session.sheet, self.session.model
        known = self._case_of(name) is not None
        if known and sheet is not None and (model is None or model.path != sheet.model):
            self.use_model(sheet.model, "evaluate")
        self.open_case_named(name)

    def open_case_named(self, name: str) -> None:
        """Open a case of the data set, and segment it with the selected model."""
        case = self._case_of(name)
        if case is None:
            text = f"{name} is not in the open dataset. Open its folder first."
            self.session.fail("evaluate", text)
            return
        self.loader.open_case(case, then=self.segmenter.segment_again)

    def _case_of(self, name: str) -> Case | None:
        dataset = self.session.dataset
        cases = dataset.cases if dataset is not None else ()
        return next((case for case in cases if case.name == name), None)

    def close(self) -> None:
        """Save what was painted and stop everything; called when the viewer is gone."""
        self.keeper.finish()
        self.session.close()


_desks: weakref.WeakKeyDictionary[Any, Desk] = weakref.WeakKeyDictionary()


def desk_of(viewer: Any, make_session: Callable[[], Session] = Session) -> Desk:
    """Return the desk of a viewer (or of a proxy of one), setting it up when first asked."""
    viewer = getattr(viewer, "__wrapped__", viewer)
    desk = _desks.get(viewer)
    if desk is None:
        desk = _desks[viewer] = Desk(make_session(), Layers(viewer))
        _close_with(viewer, desk)
        desk.look()
    return desk


def _close_with(viewer: Any, desk: Desk) -> None:
    """Close the desk when the viewer's window is destroyed or the program ends."""
    # Only what knows the viewer weakly: the window's signal must not keep it alive.
    session, keeper = desk.session, desk.keeper

    app = QApplication.instance()
    assert app is not None
    ending = app.aboutToQuit

    def close(*_: object) -> None:
        keeper.finish()
        session.close()
        with contextlib.suppress(TypeError, RuntimeError):  # once is enough
            ending.disconnect(close)

    # There is no public signal for a closing viewer; a model without a window ends with Python.
    window = getattr(getattr(viewer, "window", None), "_qt_window", None)
    if window is not None:
        window.destroyed.connect(close)
        SaveGuard(window, keeper.keep)
        CloseGuard(window, desk.trainer)  # belongs to the window, which it must not outlive
    ending.connect(close)

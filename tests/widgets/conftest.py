"""An engine that plays a script instead of computing, and checks that hold for every widget."""

from __future__ import annotations

import gc
import json
import struct
import threading
from collections.abc import Callable, Generator, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from qtpy.QtCore import QCoreApplication, QEvent
from qtpy.QtWidgets import QApplication

from answers import MODEL
from napari_unet import workspace
from napari_unet.card import KEY, SUFFIX, ModelCard
from napari_unet.config import PreprocessConfig, UNetConfig
from napari_unet.data.cases import Case, Dataset, LabelRule
from napari_unet.data.sample import write_sample
from napari_unet.events import Event
from napari_unet.jobs import Job


@pytest.fixture(autouse=True, scope="module")
def quick_collection() -> None:
    """Let `gc.collect` after a test look at what tests made, and not at all that is imported."""
    gc.collect()
    gc.freeze()


@pytest.fixture(autouse=True)
def no_leaks(qapp: QApplication, owned: list[Any]) -> Iterator[None]:
    """Fail a test that leaves a top-level widget behind."""
    before = set(QApplication.topLevelWidgets())
    yield
    for widget in owned:
        widget.close()
        widget.deleteLater()
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    gc.collect()  # widgets that only a test's own closures still hold are no leak
    left = [w for w in QApplication.topLevelWidgets() if w not in before]
    assert not left, f"left open: {left}"


@pytest.fixture
def owned() -> list[Any]:
    """Return the list of widgets to be closed after the test."""
    return []


@pytest.fixture
def show(owned: list[Any], qtbot: Any) -> Callable[[Any], Any]:
    """Return a function that shows a widget at the narrowest width that must do."""

    def shown(widget: Any, width: int = 300, height: int = 800) -> Any:
        owned.append(widget)
        widget.resize(width, height)
        widget.show()
        qtbot.waitExposed(widget)
        return widget

    return shown


class FakeEngine:
    """Yields a list of events; one that is an exception is raised; a function waits for stop."""

    def __init__(self, script: list[Any]) -> None:
        self.script = script
        self.jobs: list[Job] = []
        self.told: list[Any] = []
        self.closed = self.warmed = 0
        self._stop = threading.Event()

    def run(self, job: Job) -> Generator[Event, None, None]:
        self.jobs.append(job)
        self._stop.clear()
        try:
            for item in self.script:
                if item is WAIT:
                    self._stop.wait(10)
                elif isinstance(item, BaseException):
                    raise item
                elif not self._stop.is_set():
                    yield item
        finally:
            self.closed += 1

    def stop(self) -> None:
        self._stop.set()

    def tell(self, command: Any) -> None:
        self.told.append(command)

    def warm(self, model: str = "") -> None:
        self.warmed += 1


WAIT = object()


class FakeEngines:
    """Two engines with scripts."""

    def __init__(self) -> None:
        self.train, self.interactive = FakeEngine([]), FakeEngine([])
        self.ended = False

    def close(self) -> None:
        self.ended = True
        for engine in (self.train, self.interactive):
            engine.stop()


@pytest.fixture
def engines() -> FakeEngines:
    return FakeEngines()


@pytest.fixture
def wait() -> object:
    """Return what makes a fake engine wait until it is stopped."""
    return WAIT


@pytest.fixture
def write_model(own_workspace: Path) -> Callable[..., Path]:
    """Return a function that writes a model file with a card and no weights."""

    def write(name: str = "m", channels: int = 1, classes: tuple[str, ...] = ("tumour",)) -> Path:
        outputs = 1 if len(classes) == 1 else len(classes) + 1
        network = UNetConfig(in_channels=channels, out_channels=outputs)
        data = {"folder": "brains", "cases": 40}
        card = ModelCard(
            name,
            network,
            PreprocessConfig(),
            LabelRule(names=classes),
            data=data,
            scores={"val_dice": 0.873},
        )
        header = json.dumps({"__metadata__": {KEY: card.dumps()}}).encode()
        path = workspace.models_dir() / f"{name}{SUFFIX}"
        path.write_bytes(struct.pack("<Q", len(header)) + header)
        return path

    return write


@pytest.fixture
def dataset() -> Dataset:
    """Return a dataset of which no file exists."""
    root = Path("/data/a/folder/with/a/long/path/to/it/brain_tumour_collection")
    cases = tuple(
        Case(
            f"images/case_{i:03d}",
            root / f"images/case_{i:03d}.png",
            root / f"masks/case_{i:03d}_mask.png",
            f"patient-{i // 3}",
            "the image's name with _mask, in masks",
        )
        for i in range(12)
    )
    rule = "the image's name with _mask"
    return Dataset(root, cases, (), rule, "from the table", LabelRule(), 1, ("a note",))


@pytest.fixture
def viewer() -> Iterator[Any]:
    """Return a viewer without a window, closed after the test."""
    from napari.components import ViewerModel

    viewer = ViewerModel()
    yield viewer
    viewer.layers.clear()


@pytest.fixture
def desk(viewer: Any, engines: FakeEngines, qapp: QApplication) -> Iterator[Any]:
    """Return the desk of the viewer, whose engines play scripts."""
    from napari_unet.session import Session
    from napari_unet.widgets.desk import desk_of

    desk = desk_of(viewer, lambda: Session(lambda: engines))
    yield desk
    desk.close()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder of images and masks of ten people."""
    return write_sample(tmp_path_factory.mktemp("data") / "brains", 10, 2, 32)


@pytest.fixture
def opened(viewer: Any, desk: Any, folder: Path, qtbot: Any) -> Any:
    """Return the desk with that folder open, and its first case in the viewer."""
    desk.folders.open(str(folder))
    session = desk.session
    qtbot.waitUntil(lambda: bool(session.subsets), timeout=20_000)
    # Otherwise it comes while a test works on another image, and takes its place.
    case = session.dataset.cases[0].name
    qtbot.waitUntil(lambda: case in viewer.layers, timeout=20_000)
    return desk


@pytest.fixture
def scan(viewer: Any, desk: Any) -> Any:
    """Return the desk with an image open."""
    viewer.add_image(np.zeros((8, 8)), name="scan")
    return desk


@pytest.fixture
def layers(viewer: Any) -> Any:
    """Return the segmentations of the viewer."""
    from napari_unet.widgets.hand import Hand
    from napari_unet.widgets.segmentations import Segmentations

    return Segmentations(Hand(viewer))


@pytest.fixture
def whose(viewer: Any) -> Any:
    """Return whose labels they are: those of an open volume, by a model."""
    from napari_unet.widgets.layer_tags import Whose, facts

    image = viewer.add_image(np.zeros((4, 6, 8)), name="scan", scale=(3, 1, 1))
    return Whose(facts(image).id, MODEL, "m")

"""Training on layers of the viewer: they become a data set in the workspace, as any folder."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from pathlib import Path

from napari_unet import workspace
from napari_unet.errors import readable
from napari_unet.session import Session
from napari_unet.widgets.background import Background
from napari_unet.widgets.layer_pairs import LayerPairs


class FromLayers:
    """Writes pairs of layers into a folder of the workspace."""

    def __init__(self, session: Session, pairs: LayerPairs) -> None:
        self.session, self.pairs = session, pairs
        self.writing = False
        self._thread = Background()

    def write(
        self,
        chosen: Mapping[str, str],
        classes: Sequence[str],
        sparse: bool,
        then: Callable[[Path], None],
    ) -> None:
        """Write layers (image id → labels id), then do something with the folder.

        With ``sparse``, 0 in the labels means that nobody said what a pixel is, 1 is background,
        and from 2 on come the ``classes``.
        """
        if self.writing:
            return
        pairs = [self.pairs.pair(image, labels) for image, labels in chosen.items()]
        there = [pair for pair in pairs if pair is not None]
        folder = _new_folder()

        def work() -> Path:
            from napari_unet.data.from_arrays import write_pairs
            from napari_unet.data.masks.meaning import save_rule, scribble_rule

            write_pairs(folder, there)
            if sparse:
                save_rule(folder, scribble_rule(classes))
            return folder

        def done(folder: Path) -> None:
            self.writing = False
            if not self.session.closed:
                then(folder)

        self.writing = True
        self._thread.run("writing layers", work, done, self._failed)

    def _failed(self, error: Exception) -> None:
        self.writing = False
        self.session.fail("train", readable(error))


def _new_folder() -> Path:
    stamp = datetime.now().strftime("%Y%m%d-%H%M%S")
    base = workspace.home() / "layers"
    names = [f"layers-{stamp}", *(f"layers-{stamp}-{n}" for n in range(2, 1000))]
    return next(base / name for name in names if not (base / name).exists())

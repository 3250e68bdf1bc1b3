"""Trainings that can be gone on with: found in the workspace, offered, dismissed."""

from __future__ import annotations

import json
from contextlib import suppress
from pathlib import Path

from psygnal import Signal

from napari_unet import workspace
from napari_unet.resumable import Resumable, list_resumable
from napari_unet.session import Session
from napari_unet.widgets.background import Background
from napari_unet.widgets.training import Trainer


class Resumer:
    """Knows which trainings can go on, and which of them a person wants to hear of."""

    changed = Signal()

    def __init__(self, session: Session, trainer: Trainer) -> None:
        self.session, self.trainer = session, trainer
        self.found: tuple[Resumable, ...] = ()
        self._dismissed = _read_dismissed()
        self._thread = Background()
        trainer.started.connect(self.changed.emit)
        trainer.over.connect(self.look)

    def look(self) -> None:
        """Look for trainings in the workspace, in a thread."""
        folder = workspace.models_dir()
        self._thread.run(
            "looking for trainings", lambda: list_resumable(folder), self._take, self._failed
        )

    def of(self, model: str) -> Resumable | None:
        """Return what can be gone on with of a model, unless it is being trained or waits."""
        found = next((r for r in self.found if Path(r.model) == Path(model)), None)
        return found if found is not None and not self.trainer.has(found.model) else None

    @property
    def interrupted(self) -> Resumable | None:
        """The latest training that did not reach its end, unless this session has stopped it."""
        last = self.session.run
        return next(
            (
                r
                for r in self.found
                if not r.finished
                and self._dismissed.get(r.model) != r.epochs
                and not self.trainer.has(r.model)
                and (last is None or Path(last.writes) != Path(r.model))
            ),
            None,
        )

    def resume(self, resumable: Resumable, more_minutes: float = 0.0) -> None:
        """Go on with a training; with ``more_minutes``, longer than it was meant to."""
        self.trainer.resume(resumable.model, resumable.seconds, more_minutes)
        self.changed.emit()

    def dismiss(self, resumable: Resumable) -> None:
        """Offer this training no more, unless it gets further."""
        self._dismissed[resumable.model] = resumable.epochs
        # Not to be reminded is a comfort: that it cannot be kept must not stop anybody.
        with suppress(OSError), workspace.atomic(_dismissed_path()) as temporary:
            temporary.write_text(json.dumps(self._dismissed, indent=1), encoding="utf-8")
        self.changed.emit()

    def _take(self, found: tuple[Resumable, ...]) -> None:
        self.found = found
        self.changed.emit()

    def _failed(self, error: Exception) -> None:
        raise error  # damaged records are left out by the search: this is a fault of ours


def _dismissed_path() -> Path:
    return workspace.home() / "dismissed.json"


def _read_dismissed() -> dict[str, int]:
    try:
        found = json.loads(_dismissed_path().read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}

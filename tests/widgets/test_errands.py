"""Errands: jobs that wait for one engine."""

from __future__ import annotations

import pytest

from napari_unet.errors import ModelError
from napari_unet.events import ModelVerified
from napari_unet.jobs import VerifyModelJob
from napari_unet.session import Message
from napari_unet.widgets.errands import Errand, Errands


@pytest.fixture
def errands(desk):
    return Errands(desk.session, desk.runners["interactive"])


def said(event):
    return event.text if isinstance(event, ModelVerified) else ""


def errand(name, place="models", failed=lambda _: None):
    return Errand(VerifyModelJob(name), f"verifying {name}", place, said, failed)


def test_what_became_of_each_is_said_until_there_is_something_else(errands, desk, engines, qtbot):
    session, engine = desk.session, engines.interactive
    engine.script = [ModelError("a is damaged.")]

    def failed(_):
        engine.script = [ModelVerified("", "sound.")]

    errands.add(errand("a", failed=failed))
    errands.add(errand("b", "segment"))
    errands.add(errand("c"))
    qtbot.waitUntil(lambda: len(engine.jobs) == 3 and not session.busy)
    assert session.messages["models"] == Message("a is damaged.\nsound.", "error")
    assert session.messages["segment"] == Message("sound.", "info")
    errands.add(errand("d"))
    qtbot.waitUntil(lambda: len(engine.jobs) == 4 and not session.busy)
    assert session.messages["models"] == Message("sound.", "info")


def test_to_stop_is_to_forget_what_waits(errands, desk, engines, wait, qtbot):
    engines.interactive.script = [wait]
    for name in ("a", "b"):
        errands.add(errand(name))
    qtbot.waitUntil(lambda: bool(engines.interactive.jobs))
    errands.stop()
    qtbot.waitUntil(lambda: not desk.session.busy)
    assert [job.model for job in engines.interactive.jobs] == ["a"]
    assert not desk.session.messages["models"].text

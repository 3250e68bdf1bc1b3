"""The engines of a session."""

from __future__ import annotations

from napari_unet.session import Session
from sessions import FakeEngines


def test_engines_are_made_once_and_only_when_needed():
    made = []

    def make() -> FakeEngines:
        made.append(FakeEngines())
        return made[-1]

    session = Session(make)
    assert not made
    assert session.engine("train") is made[0].train
    assert session.engine("interactive") is made[0].interactive
    assert len(made) == 1
    session.close()
    session.close()
    assert made[0].closed == 1
    assert session.closed


def test_why_nothing_can_be_started_is_said_by_what_runs():
    session = Session(FakeEngines)
    assert session.lane_reason("train") == session.place_reason("evaluate") == ""
    assert session.engines_reason() == ""
    session.start("train", None, "evaluating m", "evaluate")
    assert session.lane_reason("train") == session.place_reason("evaluate") == "Busy: evaluating m."
    assert session.lane_reason("interactive") == session.place_reason("train") == ""
    assert session.engines_reason() == ""
    session.start("interactive", None, "segmenting", "segment")
    assert session.engines_reason() == "Both engines are busy; wait for one, or stop it."

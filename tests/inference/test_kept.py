from dataclasses import dataclass

import pytest

from napari_unet.inference import kept
from napari_unet.inference.kept import Kept
from napari_unet.schema import check


@dataclass(frozen=True)
class Time:
    seconds: float

    def __post_init__(self):
        check(self)


@pytest.mark.parametrize("text", ["", "[]", '{"a": 1}', '{"a": {"seconds": "x"}}'])
def test_measurements_that_cannot_be_read_are_none(own_workspace, text):
    own_workspace.mkdir()
    times = Kept("times.json", Time)
    times.path.write_text(text)
    assert times.read() == {}
    times.keep("a", Time(1.0))
    assert times.read() == {"a": Time(1.0)}


def test_the_last_ones_are_kept(own_workspace, monkeypatch):
    monkeypatch.setattr(kept, "MOST", 2)
    times = Kept("times.json", Time)
    for key in "abac":
        times.keep(key, Time(2.0))
    assert list(times.read()) == ["a", "c"]


def test_a_workspace_that_cannot_be_written_is_no_fault(own_workspace):
    own_workspace.write_text("a file, where the folder should be")
    times = Kept("times.json", Time)
    times.keep("a", Time(1.0))
    assert times.read() == {}
    assert own_workspace.read_text().startswith("a file")

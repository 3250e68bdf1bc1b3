"""Short work in a thread."""

from __future__ import annotations

from napari_unet.widgets.background import Background


def test_only_the_newest_request_is_answered(qtbot):
    background, got = Background(), []
    for n in range(5):
        background.run("reading", lambda n=n: n, got.append, got.append)
    qtbot.waitUntil(lambda: 4 in got)
    assert got == [4]


def test_a_failed_request_says_so(qtbot):
    background, got = Background(), []

    def work():
        raise RuntimeError("no such thing")

    background.run("reading", work, got.append, lambda e: got.append(str(e)))
    qtbot.waitUntil(lambda: bool(got))
    assert got == ["no such thing"]

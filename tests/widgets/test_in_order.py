"""One thing after the other, in a thread."""

import threading

from napari_unet.widgets.in_order import InOrder


def test_all_is_done_in_order_and_told_here(qtbot):
    thread, told, done = InOrder(), [], []
    here = threading.get_ident()

    def work(i):
        done.append(i)
        assert threading.get_ident() != here
        if i == 1:
            raise ValueError("one")
        return i

    for i in range(4):
        thread.run(
            lambda i=i: work(i),
            lambda value: told.append((value, threading.get_ident())),
            lambda error: told.append((str(error), threading.get_ident())),
        )
    qtbot.waitUntil(lambda: len(told) == 4)
    assert done == [0, 1, 2, 3]
    assert told == [(value, here) for value in (0, "one", 2, 3)]


def test_its_end_waits_for_the_last(qapp):
    thread, done = InOrder(), []
    go = threading.Event()
    thread.run(lambda: go.wait(30), done.append, done.append)
    thread.run(lambda: done.append("last"), lambda _: None, lambda _: None)
    go.set()
    thread.finish()
    assert "last" in done
    thread.run(lambda: done.append("later"), lambda _: None, lambda _: None)
    assert done[-1] == "later"

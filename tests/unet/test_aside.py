import threading
import time

import pytest
import torch

from napari_unet.unet.aside import AbandonedError, aside, checkpoint, finished


def test_gives_the_result_and_tells_meanwhile():
    go_on = threading.Event()
    work = aside(lambda: go_on.wait(10) and 42, lambda: "waiting")
    assert next(work) == "waiting"
    assert next(work) == "waiting"
    go_on.set()
    assert finished(work) == 42


def test_quick_work_needs_no_waiting():
    with pytest.raises(StopIteration) as end:
        next(aside(lambda: 42, lambda: None))
    assert end.value.value == 42


def test_what_fails_there_fails_here():
    def fail():
        raise TimeoutError("no")

    with pytest.raises(TimeoutError, match="no"):
        finished(aside(fail, lambda: None))


def test_abandoned_work_ends_at_its_next_checkpoint():
    ended = threading.Event()

    def work():
        try:
            while True:
                checkpoint()
                time.sleep(0.01)
        except AbandonedError:
            ended.set()

    waiting = aside(work, lambda: None)
    next(waiting)
    start = time.monotonic()
    waiting.close()
    assert time.monotonic() - start < 1
    assert ended.wait(5)


def test_a_checkpoint_elsewhere_does_nothing():
    checkpoint()


def test_has_as_many_threads_as_the_caller():
    before = torch.get_num_threads()
    try:
        torch.set_num_threads(2)
        assert finished(aside(torch.get_num_threads, lambda: None)) == 2
    finally:
        torch.set_num_threads(before)

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
import torch

from napari_unet.unet.aside import AbandonedError, aside, checkpoint, finished, own_threads


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


def test_a_thread_keeps_its_share_whatever_others_set_before_it_computes():
    all_of_them = torch.get_num_threads()
    try:
        with ThreadPoolExecutor(1, initializer=own_threads, initargs=(3,)) as pool:
            pool.submit(int).result()
            torch.set_num_threads(5)
            assert pool.submit(torch.get_num_threads).result() == 3
        assert torch.get_num_threads() == 5
    finally:
        torch.set_num_threads(all_of_them)

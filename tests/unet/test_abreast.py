import threading

import pytest
import torch

from napari_unet.unet.abreast import Abreast
from napari_unet.unet.aside import AbandonedError, aside, checkpoint


def counting(n, seen):
    for i in range(n):
        seen.add((threading.get_ident(), torch.get_num_threads()))
        yield i


def test_each_work_goes_on_in_order_until_all_have_ended():
    threads, seen = torch.get_num_threads(), set()
    with Abreast(2) as abreast:
        found = list(abreast.steps([counting(2, seen), counting(4, seen)]))
    assert found == [(0, 0), (1, 0), (0, 1), (1, 1), (1, 2), (1, 3)]
    assert {share for _, share in seen} == {max(threads // 2, 1)}
    assert torch.get_num_threads() == threads


def test_one_alone_has_all_threads_of_the_caller():
    seen = set()
    with Abreast(2) as abreast:
        assert list(abreast.steps([counting(2, seen)])) == [(0, 0), (0, 1)]
    assert seen == {(threading.get_ident(), torch.get_num_threads())}


def test_both_go_on_at_the_same_time():
    meet = threading.Barrier(2, timeout=10)

    def meeting():
        meet.wait()
        yield 1

    with Abreast(2) as abreast:
        assert list(abreast.steps([meeting(), meeting()])) == [(0, 1), (1, 1)]


def test_an_error_comes_through_when_no_step_is_being_taken():
    taken = threading.Event()

    def fails():
        yield 0
        raise MemoryError("no more")

    def slow():
        yield 0
        threading.Event().wait(0.2)
        taken.set()
        yield 1

    with Abreast(2) as abreast, pytest.raises(MemoryError, match="no more"):
        for _ in abreast.steps([fails(), slow()]):
            pass
    assert taken.is_set()


def test_threads_stop_where_their_work_was_abandoned():
    stopped, begun = threading.Event(), threading.Event()

    def endless():
        try:
            while True:
                begun.set()
                checkpoint()
        except AbandonedError:
            stopped.set()
            raise
        yield

    def work():
        with Abreast(2) as abreast:
            list(abreast.steps([endless(), endless()]))

    waiting = aside(work, lambda: None)
    next(waiting)
    assert begun.wait(10)
    waiting.close()
    assert stopped.wait(10)


def test_one_of_the_threads_may_be_the_one_that_drops_them():
    dropped, done = threading.Event(), threading.Event()

    def works():
        with Abreast(2) as abreast:
            yield from abreast.steps([dropping(), iter(range(3))])

    def dropping():
        yield 0
        assert dropped.wait(10)
        made.clear()  # as when garbage is collected in this thread
        done.set()
        yield 1

    made = [works()]
    assert next(made[0]) == (0, 0)
    dropped.set()
    assert done.wait(10)

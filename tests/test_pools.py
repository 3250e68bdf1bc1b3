import threading

from napari_unet.pools import threads


def test_threads_begin_as_asked_and_are_not_waited_for():
    let, begun = threading.Event(), []
    with threads(2, "read", begun.append, ("begun",)) as pool:
        running = [pool.submit(let.wait, 10) for _ in range(2)]
        waiting = pool.submit(int)
    assert begun == ["begun", "begun"]
    assert not any(one.done() for one in running)
    assert waiting.cancelled()
    let.set()
    assert all(one.result(10) for one in running)

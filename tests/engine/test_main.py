import sys
from types import SimpleNamespace

from napari_unet.engine import __main__ as engine


def test_time_without_a_job_is_used_until_one_comes(monkeypatch):
    server = engine.Server(None, None, None)
    waits = []

    def settle(stop):
        waits.append(stop())
        server.todo.put({"do": "run"})
        waits.append(stop())

    monkeypatch.setattr(engine, "REST", 0.01)
    predictors = SimpleNamespace(settle=settle)
    monkeypatch.setitem(sys.modules, "napari_unet.inference.predictors", predictors)
    assert server._next() == {"do": "run"}
    assert waits == [False, True]


def test_what_waits_already_comes_first(monkeypatch):
    server = engine.Server(None, None, None)
    server.todo.put({"do": "warm"})
    monkeypatch.setitem(sys.modules, "napari_unet.inference.predictors", None)
    assert server._next() == {"do": "warm"}


def test_an_engine_that_has_not_segmented_loads_nothing(monkeypatch):
    server = engine.Server(None, None, None)
    monkeypatch.setattr(engine, "REST", 0.01)
    monkeypatch.delitem(sys.modules, "napari_unet.inference.predictors", raising=False)
    later = engine.threading.Timer(0.2, server.todo.put, [{"do": "run"}])
    later.start()
    assert server._next() == {"do": "run"}
    later.join()
    assert "napari_unet.inference.predictors" not in sys.modules

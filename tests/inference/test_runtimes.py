from importlib.util import find_spec
from itertools import count
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from models import random_model
from napari_unet.config import SegmentConfig
from napari_unet.errors import ModelError
from napari_unet.inference import predictors, runtimes
from napari_unet.inference.predictors import Predictor
from napari_unet.inference.runtimes import Runtimes
from napari_unet.unet.file import load_model
from napari_unet.unet.forward import Forward
from napari_unet.unet.onnx_forward import OnnxForward, installed
from napari_unet.unet.speed import Speed

needs_onnx = pytest.mark.skipif(not installed(), reason="the extra 'onnx' is not installed")
IMAGES = torch.randn(2, 1, 16, 16, generator=torch.Generator().manual_seed(0))


class Counting(OnnxForward):
    """ONNX Runtime that counts how often it was asked, and can do harm."""

    asked = 0
    fails = False
    adds = 0.0

    def __call__(self, images):
        Counting.asked += 1
        if Counting.fails:
            raise ValueError("a node\nis broken")
        return super().__call__(images) + Counting.adds


@pytest.fixture
def counting(monkeypatch):
    for name, value in (("asked", 0), ("fails", False), ("adds", 0.0)):
        monkeypatch.setattr(Counting, name, value)
    monkeypatch.setattr(runtimes, "OnnxForward", Counting)
    return Counting


@pytest.fixture(autouse=True)
def full_precision(monkeypatch):
    """Let torch compute in float32: what is measured may choose bfloat16, which is less exact."""
    monkeypatch.setattr(predictors.speed, "candidates", lambda device, *_: [Speed(device)])


@pytest.fixture
def path(tmp_path):
    return random_model(tmp_path / "m.unet.safetensors")


def made(path, **speed):
    net, _ = load_model(path)
    return Runtimes(Forward(net, Speed(**{"device": "cpu", **speed})), path)


def pace(monkeypatch, torch_seconds, onnx_seconds):
    """Have measurements find what is wanted."""

    def seconds(answers, images):
        answers(images)
        return onnx_seconds if isinstance(answers, OnnxForward) else torch_seconds

    monkeypatch.setattr(runtimes, "_seconds", seconds)


@needs_onnx
def test_onnx_runtime_gives_what_torch_gives_if_it_is_asked_for(path, counting):
    ready = Predictor(path, "cpu")
    image = np.random.default_rng(0).integers(0, 255, (3, 40, 37), np.uint8)
    for average in ("none", "flips"):
        wanted = ready.volume(image, "zyx", SegmentConfig(average, runtime="torch"))
        assert not counting.asked
        found = ready.volume(image, "zyx", SegmentConfig(average, runtime="onnx"))
        assert counting.asked
        counting.asked = 0
        assert np.abs(found.astype(int) - wanted).max() <= 1
        assert wanted.std() > 1


@needs_onnx
@pytest.mark.parametrize("norm", ["instance", "batch"])
@pytest.mark.parametrize("size", [(16, 16), (4, 16, 16)], ids=str)
def test_windows_and_volumes_go_the_same_way(tmp_path, norm, size, counting):
    path = random_model(tmp_path / "v.unet.safetensors", "patch", size, norm)
    ready = Predictor(path, "cpu")
    image = np.random.default_rng(0).integers(0, 255, (5, 33, 20), np.uint8)
    wanted = ready.volume(image, "zyx", SegmentConfig(runtime="torch"))
    found = ready.volume(image, "zyx", SegmentConfig(runtime="onnx"))
    assert counting.asked
    assert np.abs(found.astype(int) - wanted).max() <= 1


@needs_onnx
def test_what_is_quicker_is_used_from_then_on_and_remembered(path, counting, monkeypatch):
    pace(monkeypatch, 1.0, 0.8)
    asked = made(path).asked("auto", pytest.fail)
    first = asked(IMAGES)
    assert not counting.asked, "nobody waits for a measurement at the first answer"
    asked._runtimes.settle()
    before = counting.asked
    assert torch.allclose(asked(IMAGES), first, atol=1e-4)
    assert counting.asked == before + 1
    again = made(path)
    again.prepare(IMAGES.shape[1:])
    assert again._onnx is not None, "made ready before the first click"
    assert again.known((1, 16, 16)).wins


@needs_onnx
@pytest.mark.parametrize("seconds", [0.95, 2.0])
def test_what_is_hardly_quicker_or_slower_is_not_used(path, counting, monkeypatch, seconds):
    pace(monkeypatch, 1.0, seconds)
    asked = made(path).asked("auto", pytest.fail)
    asked(IMAGES)
    asked._runtimes.settle()
    counting.asked = 0
    asked(IMAGES)
    assert not counting.asked
    assert not made(path).known((1, 16, 16)).wins


@needs_onnx
def test_a_measurement_is_of_one_model_on_one_machine(tmp_path, path, counting, monkeypatch):
    pace(monkeypatch, 1.0, 0.5)
    one = made(path)
    one.asked("auto", pytest.fail)(IMAGES)
    one.settle()
    other = random_model(tmp_path / "other.unet.safetensors", norm="none")
    assert made(other).known((1, 16, 16)) is None
    assert made(path, lanes=2).known((1, 16, 16)) is None
    assert made(path).known((1, 16, 24)) is None
    monkeypatch.setattr(runtimes.torch, "__version__", "9.9")
    assert made(path).known((1, 16, 16)) is None


@needs_onnx
def test_long_work_is_measured_while_it_goes_on(path, counting, monkeypatch):
    pace(monkeypatch, 1.0, 0.5)
    asked = made(path).asked("auto", pytest.fail)
    asked(IMAGES)
    assert not counting.asked
    monkeypatch.setattr(runtimes, "LONG", 0.0)
    monkeypatch.setattr(runtimes, "SEVERAL", 0)
    asked(IMAGES)
    assert asked._runtimes.known((1, 16, 16)).wins


@needs_onnx
def test_short_jobs_are_not_added_up_to_long_work(path, monkeypatch):
    runs, seconds, measured = made(path), count(), []
    clock = SimpleNamespace(perf_counter=lambda: float(next(seconds)))  # each batch takes one
    monkeypatch.setattr(runtimes, "time", clock)
    monkeypatch.setattr(runtimes, "LONG", 0.0)
    monkeypatch.setattr(runtimes, "SEVERAL", 1.5)
    monkeypatch.setattr(runs, "_measure", measured.append)
    for _ in range(3):
        runs.asked("auto", pytest.fail)(IMAGES)
    assert not measured
    long = runs.asked("auto", pytest.fail)
    long(IMAGES)
    long(IMAGES)
    assert len(measured) == 1


@needs_onnx
def test_a_measurement_makes_room_for_work(path, counting, monkeypatch):
    runs = made(path)
    runs.asked("auto", pytest.fail)(IMAGES)
    stops = iter([False, True])
    runs.settle(lambda: next(stops))
    assert runs.known((1, 16, 16)) is None
    assert counting.asked == 1


@needs_onnx
@pytest.mark.parametrize("wanted", ["auto", "onnx"])
def test_other_answers_are_not_used_however_quick(path, counting, monkeypatch, wanted):
    pace(monkeypatch, 1.0, 0.1)
    counting.adds = 0.1
    notes = []
    asked = made(path).asked(wanted, notes.append)
    exact = asked(IMAGES)
    asked._runtimes.settle()
    assert torch.equal(asked(IMAGES), exact)
    assert not asked._runtimes.known((1, 16, 16)).wins
    assert [note.split(":")[0] for note in notes] == (
        ["ONNX Runtime answers otherwise than torch for this model"] * (wanted == "onnx")
    )


@needs_onnx
def test_torch_goes_on_where_the_runtime_fails(path, counting, monkeypatch):
    notes = []
    asked = made(path).asked("onnx", notes.append)
    exact = asked(IMAGES)
    counting.fails = True
    assert torch.allclose(asked(IMAGES), exact, atol=1e-4)
    assert notes == ["ONNX Runtime failed: going on with torch (ValueError: a node)."]
    counting.asked = 0
    asked(IMAGES)
    assert not counting.asked, "it is not tried again"


@needs_onnx
def test_a_gpu_always_uses_torch(path):
    notes = []
    gpu = made(path, device="cuda")
    assert isinstance(gpu.asked("onnx", notes.append), Forward)
    assert isinstance(gpu.asked("auto", pytest.fail), Forward)
    assert notes == ["ONNX Runtime is used on the CPU only: torch computes on the GPU."]


def test_without_it_torch_computes_unless_it_is_asked_for(path, monkeypatch):
    monkeypatch.setattr(runtimes, "installed", lambda: False)
    without = made(path)
    assert isinstance(without.asked("auto", pytest.fail), Forward)
    without.settle()
    with pytest.raises(ModelError, match=r"napari-unet-workbench\[onnx\]"):
        without.asked("onnx", pytest.fail)


def test_who_computes_makes_no_other_result():
    assert SegmentConfig(runtime="onnx") == SegmentConfig(runtime="torch")


def test_models_that_are_warm_find_out_what_is_quicker(path, monkeypatch):
    told = []
    monkeypatch.setattr(Runtimes, "settle", lambda self, stop: told.append(self._path))
    ready = predictors.predictor(path, "cpu")
    predictors.settle(lambda: False)
    assert path in told
    assert ready is predictors.predictor(path, "cpu")


def test_both_packages_are_needed(monkeypatch):
    assert installed() == all(find_spec(name) for name in ("onnx", "onnxruntime"))

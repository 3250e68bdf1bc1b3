import numpy as np
import pytest
import torch

from napari_unet.config import PreprocessConfig, UNetConfig
from napari_unet.unet import edges
from napari_unet.unet import windows as module
from napari_unet.unet.mirror import AS_IT_IS, Consensus, views
from napari_unet.unet.source import sources
from napari_unet.unet.speed import Speed
from napari_unet.unet.summary import context
from napari_unet.unet.windows import Windows
from nets import random_net

CPU = Speed("cpu")


def source_of(image, net, size):
    config = PreprocessConfig(mode="patch", size=size, intensity="zscore")
    step = module.total_stride(net.config)
    ((_, source),) = sources(image, "zyx"[-image.ndim :], (), 1, config, step)
    return source


def gathered(made, source):
    """Put the boxes together; none may be missing, none come twice."""
    found = None
    count = torch.zeros(source.shape)
    for box, logits in made:
        if found is None:
            found = torch.full((len(logits), *source.shape), torch.nan)
        found[:, *box] = logits
        count[box] += 1
    assert (count == 1).all()
    return found


def whole(net, source, seen=AS_IT_IS, disagreement=False):
    """What the network says when it is shown all of the image at once."""
    x = source.read(tuple(map(slice, source.padded)))[None]
    found = Consensus(disagreement)
    for view in seen:
        found.add(view.back(net(view.of(x))))
    return found.mean()[0][:, *map(slice, source.shape)]


@pytest.mark.parametrize(
    ("sides", "shape"),
    [
        ((133, 187), {"norm": "batch", "residual": True, "stem_stride": 2}),
        ((187, 133), {"attention": True, "upsampling": "bilinear"}),
        ((13, 31, 27), {"dims": 3, "norm": "batch", "depth": 1}),
        ((7, 47, 39), {"dims": 3, "flat_levels": 1}),
    ],
    ids=["strided", "attention", "3D", "flat"],
)
@pytest.mark.parametrize("seen", [AS_IT_IS, "flips", "turns"])
def test_windows_give_what_the_whole_image_does(sides, shape, seen, monkeypatch):
    monkeypatch.setattr(module, "STRIP", 8)
    net = random_net(UNetConfig(**{"depth": 2, "base_channels": 2, "out_channels": 2, **shape}))
    image = np.random.default_rng(0).normal(size=sides).astype(np.float32)
    source = source_of(image, net, (8,) * len(sides))
    if isinstance(seen, str):
        seen = views(len(sides), turns=seen == "turns")
    made = Windows(net, CPU, seen)
    divide(made, source)
    with torch.inference_mode():
        wanted = whole(net, source, seen)
        found = gathered(made.answers(source), source)
    assert (found.softmax(0) - wanted.softmax(0)).abs().max() < 1e-3  # at the borders, too
    assert wanted.softmax(0).std() > 0.05


def divide(made, source):
    """Leave so little memory that the image does not fit."""
    while len(made.divided(tuple(slice(0, n) for n in source.padded))) < 2:
        made.budget //= 2


def test_with_less_context_windows_would_differ(monkeypatch):
    """What the test above can see: less kept around a window than the network looks at."""
    monkeypatch.setattr(edges, "BLOCK", 0)
    net = random_net(UNetConfig(depth=2, base_channels=2))
    image = np.random.default_rng(0).normal(size=(64, 200)).astype(np.float32)
    source = source_of(image, net, (8, 8))
    made = Windows(net, CPU, AS_IT_IS)
    divide(made, source)
    with torch.inference_mode():
        apart = (gathered(made.answers(source), source) - whole(net, source)).abs()
    assert apart.max() > 1e-2


def test_disagreement_comes_with_the_logits():
    net = random_net(UNetConfig(depth=1, base_channels=2))
    image = np.random.default_rng(0).normal(size=(40, 90)).astype(np.float32)
    source = source_of(image, net, (8, 8))
    made = Windows(net, CPU, views(2), disagreement=True)
    divide(made, source)
    with torch.inference_mode():
        found = gathered(made.answers(source), source)
        wanted = whole(net, source, views(2), disagreement=True)
    assert found.shape == (2, 40, 90)
    torch.testing.assert_close(found, wanted, atol=2e-3, rtol=1e-3)
    assert found[1].max() > 0.05


@pytest.mark.parametrize("seen", [AS_IT_IS, views(2)])
def test_where_memory_runs_out_smaller_windows_go_on(seen, monkeypatch):
    monkeypatch.setattr(module, "STRIP", 8)
    net = random_net(UNetConfig(depth=1, base_channels=2))
    image = np.random.default_rng(0).normal(size=(300, 200)).astype(np.float32)
    source = source_of(image, net, (8, 8))
    calls, told = iter(range(1000)), []

    class Scarce(module.Stream):
        def __call__(self, strips):
            return super().__call__(map(self.counted, strips))

        def counted(self, rows):
            if rows.shape[-1] > 100 and next(calls) > 5:
                raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2 GiB")
            return rows

    monkeypatch.setattr(module, "Stream", Scarce)
    made = Windows(net, CPU, seen)
    made.budget = 32 << 20
    monkeypatch.setattr(module, "LEAST", 1 << 10)
    with torch.inference_mode():
        found = gathered(made.answers(source, told.append), source)
        torch.testing.assert_close(found, whole(net, source, seen), atol=1e-4, rtol=1e-4)
    assert told
    assert "memory was not enough" in told[0]
    assert made.budget < 32 << 20


def test_where_no_memory_is_left_it_is_an_error(monkeypatch):
    net = random_net(UNetConfig(depth=1, base_channels=2))
    source = source_of(np.zeros((64, 64), np.uint8), net, (8, 8))

    def never(*_, **__):
        raise MemoryError

    monkeypatch.setattr(module.Stream, "__call__", never)
    with pytest.raises(MemoryError):
        list(Windows(net, CPU, AS_IT_IS).answers(source))


def test_other_errors_are_passed_on(monkeypatch):
    net = random_net(UNetConfig(depth=1, base_channels=2))
    source = source_of(np.zeros((64, 64), np.uint8), net, (8, 8))

    def broken(*_, **__):
        raise RuntimeError("shape mismatch")

    monkeypatch.setattr(module.Stream, "__call__", broken)
    with pytest.raises(RuntimeError, match="shape mismatch"):
        list(Windows(net, CPU, AS_IT_IS).answers(source))


def test_the_halo_holds_all_that_the_network_looks_at():
    config = UNetConfig(depth=2, base_channels=2, stem_stride=2)
    made = Windows(random_net(config), CPU, AS_IT_IS)
    for halo, step, needed in zip(made.halo, made.step, context(config), strict=True):
        assert halo >= needed > halo - step
        assert halo % step == 0


def test_windows_are_few_and_multiples_of_what_is_written_together():
    made = Windows(random_net(UNetConfig(depth=2, base_channels=8)), CPU, AS_IT_IS)
    box = (slice(0, 16384), slice(0, 16384))
    parts = made.divided(box)
    assert len(parts) > 1
    assert all(rows == slice(0, 16384) for rows, _ in parts)
    assert all(columns.start % 512 == 0 for _, columns in parts)
    small = (slice(0, 64), slice(0, 64))
    assert made.divided(small) == [small]

import os
import subprocess
import sys

import pytest
import torch

from napari_unet.environment import prepare
from napari_unet.unet import faults
from napari_unet.unet.faults import give_back, out_of_memory

CPU = (
    "[enforce fail at alloc_cpu.cpp:124] err == 0. DefaultCPUAllocator: can't allocate memory: "
    "you tried to allocate 400000000000 bytes. Error code 12 (Cannot allocate memory)"
)


@pytest.mark.parametrize(
    "error",
    [
        MemoryError(),
        torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2 GiB"),
        RuntimeError(CPU),
        RuntimeError("MPS backend out of memory"),
        RuntimeError("cuDNN error: CUDNN_STATUS_ALLOC_FAILED"),
    ],
)
def test_knows_when_memory_ran_out(error):
    assert out_of_memory(error)


def test_knows_the_words_that_torch_uses():
    with pytest.raises(RuntimeError) as caught:
        torch.empty(10**15)
    assert out_of_memory(caught.value)


@pytest.mark.parametrize("error", [RuntimeError("shapes differ"), ValueError("out of memory")])
def test_other_errors_are_no_lack_of_memory(error):
    assert not out_of_memory(error)


# Every second piece of 200 MB is freed, so that the last one in use keeps all below it.
GAPS = """
import psutil
from napari_unet.unet.faults import give_back
pieces = [bytearray(b"x" * 2**16) for _ in range(3200)]
del pieces[:-1:2]
before = psutil.Process().memory_info().rss
give_back()
print((before - psutil.Process().memory_info().rss) >> 20)
"""


@pytest.mark.skipif(faults._trim() is None, reason="only GNU's malloc can be told to")
def test_gives_back_the_gaps_between_what_is_in_use():
    done = subprocess.run(
        [sys.executable, "-c", GAPS],
        stdout=subprocess.PIPE,
        check=True,
        env=prepare(dict(os.environ), sparing=True),
    )
    assert int(done.stdout) > 60


def test_other_libraries_have_nothing_to_give_back(monkeypatch):
    monkeypatch.setattr(faults, "_trim", lambda: None)
    give_back()

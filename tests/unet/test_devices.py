"""Two processes that train together give what one gives."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from napari_unet.card import read_card
from napari_unet.config import UNetConfig
from napari_unet.data.sample import write_sample
from napari_unet.unet.devices import Devices, join
from napari_unet.unet.model import UNet

SCRIPT = """
import sys
from dataclasses import replace

from napari_unet import train
from napari_unet.config import AugmentConfig, UNetConfig
from napari_unet.environment import prepare
from trainings import OPTIM, TINY

prepare()
folder, model, batch = sys.argv[1:]
still = AugmentConfig(flip=False, rotation=0.0, scale=0.0, elastic=0.0, intensity=0.0)
recipe = replace(
    TINY,
    network=UNetConfig(depth=2, base_channels=4, norm="instance"),
    augment=still,
    optim=replace(OPTIM, epochs=2, batch=int(batch), ema=0.9),
)
done = train(folder, model, recipe=recipe, device="cpu")
print("done", done.epochs, flush=True)
"""


def test_alone_there_is_nothing_to_share(monkeypatch):
    devices = join()
    batch = torch.arange(6)
    assert devices.share(batch) is batch
    assert devices.same(1.5, 2.0) == (1.5, 2.0)
    assert devices.add(3.0) == 3.0
    assert devices.any(True)
    assert not devices.any(False)
    assert devices.device("cuda:1") == "cuda:1"
    assert devices.agreed("text") == "text"
    net = UNet(UNetConfig(depth=1, base_channels=2))
    Devices().add_gradients(net)
    assert all(p.grad is None for p in net.parameters())


def test_without_a_launcher_fabric_is_not_loaded():
    code = (
        "import sys, napari_unet.training.job as j; j.join(); "
        "print('lightning_fabric' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


@pytest.mark.skipif(sys.platform != "linux", reason="gloo and torchrun, as tested on Linux")
@pytest.mark.parametrize("batch", [5])
def test_two_processes_give_the_result_of_one(tmp_path, batch):
    pytest.importorskip("lightning_fabric")
    folder = write_sample(tmp_path / "d", patients=4, slices=3, size=64)
    script = tmp_path / "script.py"
    script.write_text(SCRIPT)
    alone, several = (tmp_path / f"{n}.unet.safetensors" for n in ("alone", "several"))
    launch = ["-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
    for model, start in ((alone, []), (several, launch)):
        run(script, folder, model, batch, start)
    a, b = (read_card(m).training["history"] for m in (alone, several))
    for x, y in zip(a, b, strict=True):
        for name in ("loss", "val_loss", "val_dice", "lr"):
            assert x[name] == pytest.approx(y[name], rel=1e-3, abs=1e-4), name
    record = json.loads((tmp_path / "several.resume.json").read_text())
    assert record["finished"]


def run(script, folder, model, batch, launch):
    here = str(Path(__file__).parent.parent)
    path = os.pathsep.join(filter(None, [here, os.environ.get("PYTHONPATH", "")]))
    command = [sys.executable, *launch, str(script), str(folder), str(model), str(batch)]
    done = subprocess.run(
        command,
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
        env={**os.environ, "PYTHONPATH": path, "OMP_NUM_THREADS": "1"},
    )
    assert done.returncode == 0, done.stderr[-3000:]
    assert "done 2" in done.stdout

"""What brief spinning of OpenMP's threads costs at rest, and saves when a core is wanted.

Times training steps of a small U-Net in fresh processes: with the default and with what
`napari_unet.environment` sets, on a machine at rest and beside a process that keeps one core busy::

    python benchmarks/waiting.py
"""

from __future__ import annotations

import os
import subprocess
import sys

from napari_unet.environment import VARIABLES

STEPS = """
import time, torch
from napari_unet.presets import RUNGS
from napari_unet.unet.model import UNet
net = UNet(RUNGS[-1].network).to(memory_format=torch.channels_last)
x = torch.randn(8, 1, 128, 128).to(memory_format=torch.channels_last)
net(x).mean().backward()
start = time.perf_counter()
for _ in range(30):
    net(x).mean().backward()
print((time.perf_counter() - start) / 240 * 1e3)
"""


def main() -> None:
    """Measure the four combinations and print a line for each."""
    plain = {k: v for k, v in os.environ.items() if k not in VARIABLES}
    for situation in ("at rest", "one core busy"):
        busy = None
        if situation != "at rest":
            busy = subprocess.Popen([sys.executable, "-c", "while True: pass"])
        for name, environment in (("default", plain), ("brief", {**plain, **VARIABLES})):
            times = [measure(environment) for _ in range(3)]
            print(f"{situation:<14} {name:<8} {min(times):7.1f} ms/image", flush=True)
        if busy is not None:
            busy.kill()
            busy.wait()


def measure(environment: dict[str, str]) -> float:
    """Return milliseconds per image in a fresh process."""
    command = [sys.executable, "-c", STEPS]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    return float(done.stdout)


if __name__ == "__main__":
    main()

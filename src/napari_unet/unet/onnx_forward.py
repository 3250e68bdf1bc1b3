"""The network's answer to a batch, from ONNX Runtime instead of torch.

On CPUs it can be quicker (benchmarks/runtimes.py): it joins each convolution with what follows it.
Whether it is on a machine, `napari_unet.inference.runtimes` finds out.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from functools import partial
from importlib.util import find_spec
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from napari_unet.unet.graph import IMAGE
from napari_unet.unet.model import UNet
from napari_unet.unet.onnx_graph import onnx_model
from napari_unet.unet.speed import Speed

SILENT = 4  # what goes wrong is raised; it need not be printed as well


def installed() -> bool:
    """Say whether what is needed is installed: the extra ``onnx``."""
    return all(map(find_spec, ("onnx", "onnxruntime")))


class OnnxForward:
    """Gives a network's logits; call it with a batch. It does what `Forward` does.

    As there, threads that each take images of their own wait less for each other than threads that
    share every convolution, which they do where there are fewer images than threads.

    Parameters
    ----------
    model
        The network, in evaluation mode.
    threads
        How many it computes with.

    Raises
    ------
    ModelError
        If the network cannot be written as ONNX.
    """

    def __init__(self, model: UNet, threads: int) -> None:
        self.speed, self._threads = Speed("cpu"), threads
        self._data = onnx_model(model, "logits").SerializeToString()
        self._sessions: dict[int, Any] = {}
        self._pool = ThreadPoolExecutor(threads, "onnx")

    def __call__(self, images: Tensor) -> Tensor:
        """Return float32 logits ``(N, K, *S)`` for images ``(N, C, *S)`` on the CPU."""
        given = np.ascontiguousarray(images.numpy(), np.float32)
        if len(given) < self._threads:
            return torch.from_numpy(self._answer(self._session(self._threads), given))
        answer = partial(self._answer, self._session(1))
        found = list(self._pool.map(answer, np.array_split(given, self._threads)))
        return torch.from_numpy(found[0] if len(found) == 1 else np.concatenate(found))

    def _answer(self, session: Any, images: NDArray[np.float32]) -> NDArray[np.float32]:
        found: NDArray[np.float32] = session.run(None, {IMAGE: images})[0]
        return found

    def _session(self, threads: int) -> Any:
        """Return the network, ready for runs that each take so many threads, one the caller's."""
        if threads not in self._sessions:
            import onnxruntime

            options = onnxruntime.SessionOptions()
            options.intra_op_num_threads = threads
            options.inter_op_num_threads = 1
            options.log_severity_level = SILENT
            # Threads would wait by spinning, as OpenMP's do: see `napari_unet.environment`.
            options.add_session_config_entry("session.intra_op.allow_spinning", "0")
            # All memory that was ever taken would be kept; giving it back costs 2 % of the time.
            options.enable_cpu_mem_arena = False
            providers = ["CPUExecutionProvider"]
            made = onnxruntime.InferenceSession(self._data, options, providers)
            self._sessions[threads] = made
        return self._sessions[threads]

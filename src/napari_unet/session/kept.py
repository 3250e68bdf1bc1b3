"""Arrays that are kept compressed while nobody works with them."""

from __future__ import annotations

from threading import Thread

import numpy as np
from numpy.typing import NDArray

PIECE = 1 << 28  # bytes that are compressed at once; Blosc takes no more than 2 GB


class Kept:
    """Probabilities, or the like: at hand as they are, and compressed in a fraction of the memory.

    Compressing begins at once, in a thread, so that nobody waits for it.

    Parameters
    ----------
    array
        uint8; not to be written into from now on.
    """

    def __init__(self, array: NDArray[np.uint8]) -> None:
        self.shape = array.shape
        self._plain: NDArray[np.uint8] | None = array
        self._packed: list[bytes] = []
        self._thread = Thread(target=self._pack, args=(array,), daemon=True)
        self._thread.start()

    @property
    def array(self) -> NDArray[np.uint8]:
        """The array, which is at hand from then on."""
        plain = self._plain  # once: another thread may let go of it
        if plain is None:
            plain = self._plain = self._unpacked()
        return plain

    @property
    def nbytes(self) -> int:
        """How many bytes it takes compressed."""
        self._thread.join()
        return sum(map(len, self._packed))

    def rest(self) -> None:
        """Let go of the array as it is: nobody works with it for now."""
        self._thread.join()
        self._plain = None

    def _pack(self, array: NDArray[np.uint8]) -> None:
        # Of Blosc's codecs the quickest to unpack: probabilities are mostly runs of 0 and 255.
        from numcodecs import Blosc

        codec = Blosc("lz4", clevel=5, shuffle=Blosc.NOSHUFFLE)
        flat = np.ascontiguousarray(array).reshape(-1)
        pieces = range(0, flat.size, PIECE)
        self._packed = [codec.encode(flat[start : start + PIECE]) for start in pieces]

    def _unpacked(self) -> NDArray[np.uint8]:
        from numcodecs import Blosc

        array = np.empty(self.shape, np.uint8)
        flat, codec = array.reshape(-1), Blosc()
        for i, piece in enumerate(self._packed):
            codec.decode(piece, flat[i * PIECE : (i + 1) * PIECE])
        return array

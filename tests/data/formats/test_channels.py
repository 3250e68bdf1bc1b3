import numpy as np
import pytest

from napari_unet.data.formats import fit_channels
from napari_unet.errors import DataError


def test_channels_that_do_not_fit_are_refused() -> None:
    assert fit_channels(np.zeros((4, 4, 5)), 5, "a").shape == (4, 4, 5)
    assert fit_channels(np.zeros((4, 4, 3)), 1, "a").shape == (4, 4)
    with pytest.raises(DataError, match=r"a has 2 channels, but 3"):
        fit_channels(np.zeros((4, 4, 2)), 3, "a")

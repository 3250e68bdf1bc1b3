"""What a scan and its header say of their shape."""

from pathlib import Path

import dask.array as da
import numpy as np
import pytest

from napari_unet.data.scan import Header, Scan


@pytest.mark.parametrize(
    ("axes", "shape", "spatial", "planes", "channels"),
    [
        ("yx", (4, 5), (4, 5), 1, 1),
        ("yxc", (4, 5, 3), (4, 5), 1, 3),
        ("zyx", (6, 4, 5), (6, 4, 5), 6, 1),
        ("tzyxc", (2, 6, 4, 5, 3), (2, 6, 4, 5), 12, 3),
    ],
)
def test_channels_are_no_space(
    axes: str, shape: tuple[int, ...], spatial: tuple[int, ...], planes: int, channels: int
) -> None:
    scan, header = Scan(np.zeros(shape), axes, Path("a")), Header(shape, axes, "float64")
    assert scan.spatial == header.spatial == spatial
    assert (header.planes, header.channels) == (planes, channels)
    assert scan.channels == (channels > 1)


def test_only_arrays_on_the_disk_are_lazy() -> None:
    assert not Scan(np.zeros((4, 5)), "yx", Path("a")).lazy
    assert Scan(da.zeros((4, 5)), "yx", Path("a")).lazy

import pytest

from napari_unet.config import CleanUp


@pytest.mark.parametrize(
    ("cleanup", "done", "tidies"),
    [
        (CleanUp(), False, False),
        (CleanUp(min_size=1), False, False),  # every object has a pixel
        (CleanUp(min_size=2), True, True),
        (CleanUp(objects="components"), True, False),
    ],
)
def test_it_knows_whether_anything_is_done(cleanup, done, tidies):
    assert (bool(cleanup), cleanup.tidies) == (done, tidies)

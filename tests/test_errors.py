import errno

import pytest

from napari_unet.errors import DataError, JobError, readable


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (MemoryError(), "Out of memory"),
        (RuntimeError("CUDA out of memory. Tried to allocate"), "smaller batch"),
        (OSError(errno.ENOSPC, "No space left on device", "/x/y"), "disk is full while writing /x"),
        (FileNotFoundError(2, "No such file", "z"), "z"),
        (RuntimeError("first line\nsecond"), "RuntimeError: first line$"),
        (ValueError(), "ValueError"),
    ],
)
def test_errors_become_readable_and_are_no_runtime_errors(error, words):
    import re

    known = readable(error)
    assert isinstance(known, JobError)
    assert not isinstance(known, RuntimeError)
    assert re.search(words, str(known))


def test_our_own_errors_pass_unchanged():
    error = DataError("x")
    assert readable(error) is error

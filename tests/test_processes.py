import os
import subprocess
import sys

import pytest

from napari_unet.processes import may_be_alive, this_process


def test_this_process_is_alive():
    noted = this_process()
    assert noted["process"] == os.getpid()
    assert may_be_alive({**noted, "more": "is ignored"})


def test_a_process_that_has_ended_is_not_and_neither_is_one_whose_number_is_used_again():
    child = subprocess.Popen([sys.executable, "-c", "pass"])
    child.wait()
    assert not may_be_alive({**this_process(), "process": child.pid})
    assert not may_be_alive({**this_process(), "began": 1.0})


def test_of_a_process_elsewhere_nobody_can_tell():
    assert may_be_alive({**this_process(), "machine": "another", "process": -1})
    with pytest.raises(KeyError):
        may_be_alive({"process": 1})

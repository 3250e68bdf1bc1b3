"""The benchmarks find what they measure: they are run by hand, and not after every change."""

import os
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent.parent / "benchmarks"
# In a process of its own: some choose a workspace, or ask torch for something.
LOAD = "import runpy, sys; [runpy.run_path(path, run_name='loaded') for path in sys.argv[1:]]"


def test_all_benchmarks_can_be_loaded(tmp_path):
    scripts = sorted(map(str, HERE.glob("*.py")))
    assert scripts
    done = subprocess.run(
        [sys.executable, "-c", LOAD, *scripts],
        env={**os.environ, "PYTHONPATH": str(HERE), "QT_QPA_PLATFORM": "offscreen"},
        cwd=tmp_path,
        stderr=subprocess.PIPE,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr

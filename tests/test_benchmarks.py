"""The benchmarks find what they measure: they are run by hand, and not after every change."""

import importlib.util
import os
from pathlib import Path

import pytest

HERE = Path(__file__).parent.parent / "benchmarks"


@pytest.mark.parametrize("script", sorted(HERE.glob("*.py")), ids=lambda path: path.stem)
def test_a_benchmark_can_be_loaded(script, monkeypatch):
    monkeypatch.syspath_prepend(HERE)
    monkeypatch.setattr(os, "environ", os.environ.copy())  # some choose a workspace
    spec = importlib.util.spec_from_file_location(f"benchmark_{script.stem}", script)
    assert spec is not None
    assert spec.loader is not None
    spec.loader.exec_module(importlib.util.module_from_spec(spec))

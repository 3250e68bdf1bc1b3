"""A box with one model, and models without weights in the workspace."""

from __future__ import annotations

from pathlib import Path

import pytest

from models import bright_model
from napari_unet.library import names


@pytest.fixture
def boxed() -> Path:
    """Put a model into the box, which is empty in the tests; return its file."""
    names.BOXED.mkdir()
    return bright_model(names.BOXED / "brain-tumor.unet.safetensors")

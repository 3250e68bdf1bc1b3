"""Whether a model is what it says."""

from __future__ import annotations

import pytest

from models import bright_model
from napari_unet.card import SUFFIX, checksum
from napari_unet.library import verify
from napari_unet.unet.file import load_model


def test_a_sound_model_is_read_as_a_whole_and_run(boxed):
    found = verify("brain-tumor")
    assert found.path == str(boxed)
    assert found.checksum == checksum(boxed)
    assert found.weights == sum(p.numel() for p in load_model(boxed)[0].parameters())
    assert "brain-tumor is sound" in found.text
    assert "1 output)" in found.text


@pytest.mark.parametrize("dims", [2, 3])
@pytest.mark.parametrize("mode", ["whole", "patch"])
def test_models_of_any_kind_run(tmp_path, mode, dims):
    verify(bright_model(tmp_path / f"m{SUFFIX}", mode=mode, dims=dims, neighbours=int(dims == 2)))

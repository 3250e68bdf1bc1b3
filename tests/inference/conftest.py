"""Models that find what is bright, without having been trained."""

import pytest

from models import bright_model


@pytest.fixture(scope="session")
def model(tmp_path_factory):
    return bright_model(tmp_path_factory.mktemp("m") / "bright.unet.safetensors", size=64)


@pytest.fixture(scope="session")
def patch_model(tmp_path_factory):
    return bright_model(tmp_path_factory.mktemp("m") / "patch.unet.safetensors", mode="patch")


@pytest.fixture(scope="session", params=["whole", "patch"])
def volume_model(request, tmp_path_factory):
    path = tmp_path_factory.mktemp("m") / "deep.unet.safetensors"
    return bright_model(path, mode=request.param, size=16, dims=3)

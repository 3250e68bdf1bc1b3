import pytest

from napari_unet.data.sample import write_sample


@pytest.fixture(scope="session")
def folder(tmp_path_factory):
    return write_sample(tmp_path_factory.mktemp("data") / "d", patients=6, slices=3, size=64)


@pytest.fixture
def model(tmp_path):
    return tmp_path / "m.unet.safetensors"

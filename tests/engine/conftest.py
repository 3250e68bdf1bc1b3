import pytest
import torch

from napari_unet.card import ModelCard
from napari_unet.config import PreprocessConfig, UNetConfig
from napari_unet.data.cases import LabelRule
from napari_unet.engine.client import Engine
from napari_unet.unet.file import save_model
from napari_unet.unet.model import UNet


@pytest.fixture
def engine():
    engine = Engine()
    yield engine
    engine.close()


@pytest.fixture(scope="module")
def shared_engine():
    engine = Engine()
    yield engine
    engine.close()


@pytest.fixture
def warm(shared_engine):
    """An engine that other tests have used: for those that leave it alive, and without a job."""
    yield shared_engine
    assert shared_engine.alive
    assert not shared_engine.busy


@pytest.fixture(scope="session")
def model(tmp_path_factory):
    torch.manual_seed(0)
    config = UNetConfig(depth=1, base_channels=2)
    path = tmp_path_factory.mktemp("model") / "tiny.unet.safetensors"
    card = ModelCard("tiny", config, PreprocessConfig(size=(32, 32)), LabelRule())
    save_model(path, UNet(config), card)
    return str(path)

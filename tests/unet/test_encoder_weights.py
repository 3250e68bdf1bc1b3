import pytest
import torch
from safetensors.torch import save_file

from hub import SMALL, lies_in_cache, offline, random_weights
from napari_unet.errors import ModelError, WeightsError
from napari_unet.unet.encoder_weights import find

INNER = "blocks.0.0.conv_dw.weight"


@pytest.fixture(scope="module")
def weights():
    return random_weights(SMALL)


def test_what_was_fetched_before_is_not_asked_for_again(tmp_path, monkeypatch, weights):
    offline(monkeypatch, tmp_path)
    lies_in_cache(monkeypatch, tmp_path, SMALL, weights)
    found = find(SMALL)
    assert found.told() == {"name": "mobilenetv3_large_100.ra_in1k", "licence": "apache-2.0"}
    assert found.fitted(2)["net." + INNER].equal(weights[INNER])


def test_a_file_is_taken_instead(tmp_path, monkeypatch, weights):
    offline(monkeypatch, tmp_path)
    save_file(weights, tmp_path / "w.safetensors")
    found = find(SMALL, str(tmp_path / "w.safetensors"))
    assert found.told() == {"name": "w.safetensors", "licence": ""}
    assert found.fitted(3)["net." + INNER].equal(weights[INNER])


def test_offline_it_says_so_and_what_one_can_do(tmp_path, monkeypatch):
    offline(monkeypatch, tmp_path)
    with pytest.raises(WeightsError, match=r"(?s)mobilenetv3.*could not be fetched.*random") as e:
        find(SMALL)
    assert "\n" not in str(e.value)
    assert "Errno" not in str(e.value)


@pytest.mark.parametrize("content", [None, b"", b"\x80\x04junk"])
def test_a_file_that_holds_no_weights(tmp_path, content):
    path = tmp_path / "w.safetensors"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ModelError, match=r"w\.safetensors"):
        find(SMALL, str(path)).fitted(1)


def test_nothing_is_unpickled(tmp_path, weights):
    torch.save(weights, tmp_path / "w.pth")
    with pytest.raises(ModelError, match="cannot be read"):
        find(SMALL, str(tmp_path / "w.pth")).fitted(1)

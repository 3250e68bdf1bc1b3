import pytest

from napari_unet.config import SegmentConfig
from napari_unet.errors import ConfigError


def test_who_computes_makes_no_result_stale():
    assert SegmentConfig(runtime="onnx") == SegmentConfig(runtime="torch")
    assert SegmentConfig(average="turns") != SegmentConfig()


def test_there_is_no_uncertainty_of_a_single_view():
    with pytest.raises(ConfigError, match="average over flips or turns"):
        SegmentConfig(average="none", uncertainty=True)

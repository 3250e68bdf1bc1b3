from napari_unet.config import PreprocessConfig
from napari_unet.unet.network import batch_size


def test_batches_shrink_with_the_size():
    assert batch_size(PreprocessConfig(size=(192, 192)), "cpu") == 8
    assert batch_size(PreprocessConfig(size=(512, 512)), "cuda") == 32
    assert batch_size(PreprocessConfig(size=(40, 56, 48)), "cpu") == 8
    assert batch_size(PreprocessConfig(size=(160, 160, 160)), "cpu") == 1

import pytest

from napari_unet.data.cases import LabelRule
from napari_unet.presets import PRESETS
from napari_unet.unet.plan import fit_recipe, working_size


@pytest.mark.parametrize(
    ("shapes", "largest", "size"),
    [
        ([(256, 256)] * 3, 192, (192, 192)),
        ([(64, 64)], 192, (64, 64)),
        ([(480, 640)] * 9, 192, (128, 192)),
        ([(640, 480), (480, 640)], 192, (192, 192)),
        ([(10, 10)], 192, (32, 32)),
        ([(1000, 30)], 192, (192, 32)),
    ],
)
def test_working_size_follows_the_images(shapes, largest, size):
    assert working_size(shapes, largest) == size


def test_channels_and_classes_come_from_the_data():
    rule = LabelRule(values=(1, 2), names=("a", "b"))
    recipe = fit_recipe(PRESETS["plain"], [(512, 512)], 3, rule, "cpu")
    assert (recipe.network.in_channels, recipe.network.out_channels) == (3, 3)
    assert recipe.preprocess == PRESETS["plain"].preprocess  # a chosen recipe keeps its size
    assert fit_recipe(PRESETS["auto"], [(99, 99)], 1, LabelRule(), "cpu").network.out_channels == 1

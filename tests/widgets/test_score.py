import numpy as np
import pytest
from napari.layers import Labels

from napari_unet.widgets.score import score_layers


@pytest.fixture
def widget(qtbot):
    made = score_layers()
    qtbot.addWidget(made.native)
    return made


def layer(top, shape=(10, 10)):
    data = np.zeros(shape, np.uint8)
    data[:top] = 7
    return Labels(data)


def run(widget, prediction, reference):
    widget.prediction.choices = [prediction]
    widget.reference.choices = [reference]
    return widget()


def test_scores_of_two_layers(widget):
    assert run(widget, layer(5), layer(5)).startswith("Dice 1.0000, IoU 1.0000")
    assert run(widget, layer(5), layer(10)).startswith(
        "Dice 0.6667, IoU 0.5000, pixel accuracy 0.5"
    )


def test_empty_layers_and_other_shapes_are_said(widget):
    assert "both are empty" in run(widget, layer(0), layer(0))
    assert "10×10" in run(widget, layer(5), layer(5, (10, 12)))


def test_without_layers_it_opens_and_waits(widget):
    assert widget.call_button.text == "Score"
    assert widget.prediction.value is None

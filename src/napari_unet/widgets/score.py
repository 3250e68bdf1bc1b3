"""The smallest widget: how well two Labels layers agree, without a data set or a model."""

from __future__ import annotations

import napari.layers
from magicgui import magic_factory

from napari_unet.errors import UnetError
from napari_unet.metrics import score_masks


@magic_factory(
    call_button="Score",
    result_widget=True,
    prediction={"label": "Prediction", "tooltip": "The labels to judge"},
    reference={"label": "Reference", "tooltip": "The labels taken for true"},
)
def score_layers(prediction: napari.layers.Labels, reference: napari.layers.Labels) -> str:
    """Return Dice, IoU and pixel accuracy of one layer against another, as text.

    Whatever is labelled counts as foreground; both layers must have the same shape.
    """
    try:
        score = score_masks(prediction.data, reference.data)
    except UnetError as error:
        return str(error)
    text = f"Dice {score.dice:.4f}, IoU {score.iou:.4f}, pixel accuracy {score.pixel_accuracy:.4f}"
    return f"{text} (both are empty)" if score.empty else text

"""Histograms and box plots: bins at round numbers, quartiles as Tukey drew them."""

from __future__ import annotations

import math

import numpy as np
import pytest
from napari.qt import get_stylesheet
from qtpy.QtWidgets import QVBoxLayout, QWidget

from napari_unet.widgets.parts.bins import Boxes, Histogram, box_of, edges_of
from napari_unet.widgets.parts.plot import DARK, LIGHT


@pytest.mark.parametrize(
    "values", [[0.0, 1.0], [3.0], [], [math.nan], [-120.0, 4517.0], [1e-7, 2e-7], [5.0, 5.0]]
)
def test_bins_hold_all_values_at_round_numbers(values):
    values = np.array(values, float)
    edges = edges_of(values, None)
    finite = values[np.isfinite(values)]
    assert 1 <= len(edges) - 1 <= 24
    assert np.all(np.diff(edges) > 0)
    assert np.histogram(finite, edges)[0].sum() == len(finite)


def test_shares_have_bins_of_a_twentieth():
    edges = edges_of(np.array([0.3, 0.4]), (0.0, 1.0))
    assert np.allclose(edges, np.arange(21) / 20)


def test_a_box_ends_at_the_outermost_values_that_are_not_far_out():
    values = np.array([1, 2, 3, 4, 5, 6, 7, 8, 9, 40, math.nan], float)
    box = box_of(values)
    assert box is not None
    first, median, third = np.percentile(values[:-1], (25, 50, 75))
    assert (box.first, box.median, box.third) == (first, median, third)
    assert (box.low, box.high, box.beyond) == (1, 9, (40,))
    assert box_of(np.array([math.nan])) is None


def test_plots_follow_the_theme_and_survive_having_nothing_to_show(show, qtbot):
    window = QWidget()
    layout = QVBoxLayout(window)
    bars, boxes = Histogram(), Boxes()
    layout.addWidget(bars)
    layout.addWidget(boxes)
    show(window, 300, 400)
    for theme, shades in (("dark", DARK), ("light", LIGHT)):
        window.setStyleSheet(get_stylesheet(theme))
        qtbot.waitUntil(lambda shades=shades: bars.shades is shades)
        assert boxes.shades is shades
    nothing = np.zeros(0)
    bars.set_values(edges_of(nothing, (0.0, 1.0)), nothing)
    boxes.set_values(("a", "b"), (nothing, np.array([0.5])), (0.0, 1.0))
    bars.set_marked(0.5)
    boxes.set_marked(0.5, 1)
    boxes.set_marked(math.nan, -1)
    qtbot.wait(20)

from xml.etree import ElementTree

import numpy as np
import pytest

from napari_unet.events import Calibration, Paired
from napari_unet.report.html.plots import (
    boxes,
    curves,
    differences,
    histogram,
    probabilities,
    reliability,
)

NAN = float("nan")


def titles(plot: str) -> list[str]:
    """Return what a pointer would be told of the bars."""
    root = ElementTree.fromstring(plot)
    return [t.text for bar in root.iter() if bar.tag.endswith("rect") for t in bar]


def places(plot: str, kind: str) -> list[str]:
    return [e.get("d") for e in ElementTree.fromstring(plot).iter() if e.get("class") == kind]


def test_every_value_is_in_a_bar():
    values = [0.0, 0.04, 0.05, 0.5, 1.0, 1.0]
    found = titles(histogram(values))
    assert sum(int(words.split(": ")[1]) for words in found) == len(values)
    assert "0.95 to 1.00: 2" in found
    assert "mean 0.432" in histogram(values)
    assert "median 0.275" in histogram(values)


def test_a_box_has_quartiles_median_and_dots_beyond_its_whiskers():
    values = [*np.linspace(0.6, 0.9, 31), 0.05]
    plot = boxes({"all": values, "none": []}, "t")
    low, median, high = np.percentile(values, [25, 50, 75])
    words = f"median {median:.3f}, quartiles {low:.3f} and {high:.3f}, mean {np.mean(values):.3f}"
    assert titles(plot) == [words]
    (dots,) = places(plot, "dots c0")
    assert dots.count("M") == 1
    assert "all (32)" in plot
    assert "none" not in plot


def test_the_reliability_plot_leaves_empty_bins_out():
    found = Calibration((0, 0.25, 0.5, 1), (100, 0, 50), (0, 0, 40), (0.1, NAN, 0.9))
    line, _legend = places(reliability(found), "line c0")
    assert line.count("L") == 1
    assert titles(probabilities(found)) == ["0.00 to 0.25: 100 pixels", "0.50 to 1.00: 50 pixels"]


def test_curves_hold_what_the_history_holds():
    history = [
        {"loss": 0.9, "val_loss": 0.8, "val_dice": 0.3, "class_dice": {"a": 0.2, "b": 0.4}},
        {"loss": 0.5, "val_loss": NAN, "val_dice": 0.6, "class_dice": {"a": 0.5, "b": 0.7}},
    ]
    losses, dice = curves(history)
    assert "training" in losses
    assert places(losses, "line c0 dashed") or places(losses, "line c0")
    assert all(name in dice for name in ("validation", ">a<", ">b<"))


@pytest.mark.parametrize("history", [[], [{}], [{"loss": "x", "val_dice": None}], ["nonsense"]])
def test_a_history_of_nothing_has_no_curves(history):
    assert curves(history) == []


@pytest.mark.parametrize("number", [1, 7, 5000])
def test_differences_are_sorted_and_bounded(number):
    values = list(np.random.default_rng(0).normal(0, 0.2, number))
    paired = Paired("new", "old", "dice", number, 0.01, NAN, NAN, 0.5, 1, 1, 0)
    plot = differences(values, paired)
    assert len(plot) < 60_000
    assert f">{number}<" in plot


def test_no_differences_at_all():
    paired = Paired("new", "old", "dice", 3, 0.0, 0.0, 0.0, 1.0, 0, 0, 3)
    assert "95 % interval" in differences([0.0, 0.0, 0.0], paired)
    assert differences([], paired)

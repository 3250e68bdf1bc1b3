from xml.etree import ElementTree

import pytest

from napari_unet.report.html.svg import Axis, Plot, axis


@pytest.mark.parametrize(
    ("low", "high", "ticks"),
    [
        (0, 1, ["0", "0.2", "0.4", "0.6", "0.8", "1"]),
        (-0.3, 0.3, ["−0.4", "−0.2", "0", "0.2", "0.4"]),
        (0, 37, ["0", "10", "20", "30", "40"]),
        (0.00012, 0.00031, ["0.0001", "0.00015", "0.0002", "0.00025", "0.0003", "0.00035"]),
        (5, 5, ["2", "3", "4", "5", "6", "7", "8"]),
        (0, 0, ["−0.6", "−0.4", "−0.2", "0", "0.2", "0.4", "0.6"]),
        (0, float("nan"), ["0", "0.2", "0.4", "0.6", "0.8", "1"]),
    ],
)
def test_ticks_are_round_and_hold_the_values(low, high, ticks):
    found = axis("x", low, high)
    assert [words for _, words in found.ticks] == ticks
    if high >= low:
        assert found.low <= low <= high <= found.high


def drawn(plot: Plot) -> ElementTree.Element:
    return ElementTree.fromstring(plot.markup())


def test_data_end_where_the_axes_do():
    plot = Plot("t", axis("x", 0, 10), axis("y", 0, 1))
    plot.line([(0, 0), (10, 1)], "c0")
    (path,) = [p for p in drawn(plot).iter() if p.get("class") == "line c0"]
    assert path.get("d") == "M48.0 210.0L368.0 26.0"


def test_a_line_is_broken_where_there_is_no_value():
    plot = Plot("t", axis("x", 0, 4), axis("y", 0, 1))
    plot.line([(0, 0.5), (1, 0.5), (2, float("nan")), (3, 0.5)], "c0")
    (path,) = [p for p in drawn(plot).iter() if p.get("class") == "line c0"]
    assert path.get("d").count("M") == 2


def test_labels_are_escaped():
    plot = Plot("<b>&", Axis("<x>", 0, 1, [(0, "<t>")]), axis("y", 0, 1))
    plot.name("c0", "</svg><script>")
    texts = [e.text for e in drawn(plot).iter() if e.text]
    assert {"<b>&", "<x>", "<t>", "</svg><script>"} <= set(texts)

import pytest

from napari_unet.data.cases import COLOUR, LabelRule
from napari_unet.errors import ConfigError, ModelError
from napari_unet.exchange.mask_values import rule_of, values_of


@pytest.mark.parametrize(
    ("stored", "outputs", "values"),
    [
        (None, 1, ()),
        (None, 2, ()),
        (None, 4, (1, 2, 3)),
        ([0, 255], 1, ()),
        ([0, 1], 2, ()),
        ([255, 0], 2, (0,)),
        ([3, 7, 5], 3, (7, 5)),
        ([[0, 0, 0], [255, 0, 1]], 2, (COLOUR | 0xFF0001,)),
        ("[[0, 0, 0], [1, 2, 3]]", 1, (COLOUR | 0x010203,)),
    ],
)
def test_values_become_a_rule(stored, outputs, values):
    rule = rule_of(stored, outputs)
    assert rule.values == values
    assert rule.classes == max(outputs - 1, 1)


@pytest.mark.parametrize(
    "stored",
    ["[0, 1", [0, -1], [0, 0.5], [0, "1"], [0, [1, 2]], [0, [0, 0, 256]], 7, [0, 1 << 24], [1, 1]],
    ids=str,
)
def test_what_are_no_values_is_refused(stored):
    with pytest.raises(ModelError, match="mask_values"):
        rule_of(stored, 2)


def test_values_and_names_must_be_as_many_as_classes():
    with pytest.raises(ModelError, match="name 3 values, but the network tells 1"):
        rule_of([0, 1, 2], 2)
    with pytest.raises(ConfigError, match="1 class names for a network that tells 2"):
        rule_of(None, 3, ["a"])
    assert rule_of(None, 3, ["a", "b"]).names == ("a", "b")


def test_a_rule_s_values_are_written_with_the_background():
    assert values_of(LabelRule()) == [0, 255]
    assert values_of(LabelRule(values=(COLOUR | 0x0A0B0C,))) == [[0, 0, 0], [10, 11, 12]]

"""The values of masks, their share, and what they are taken for."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from napari_unet.data.masks.rules import find_rule
from napari_unet.data.masks.survey import audit_masks

CLASSES = np.zeros((60, 80), np.uint8)
CLASSES[5:25, 5:40] = 1
CLASSES[30:55, 10:30] = 2
CLASSES[30:55, 50:75] = 3
COLOURS = np.array([[0, 0, 0], [255, 0, 0], [0, 255, 0], [128, 64, 32]], np.uint8)


@pytest.fixture(params=["png", "jpg"])
def files(tmp_path: Path, request: pytest.FixtureRequest) -> list[Path]:
    paths = [tmp_path / f"{i}.{request.param}" for i in range(4)]
    for i, path in enumerate(paths):
        Image.fromarray(COLOURS[np.roll(CLASSES, 3 * i, axis=1)]).save(path, quality=90)
    return paths


def test_the_audit_lists_values_shares_and_meanings(files: list[Path]) -> None:
    audit = audit_masks(files[:4])
    assert audit.masks == 4
    assert audit.rule == find_rule(files[:4])[0]
    first = audit.values[0]
    assert (first.meaning, first.colour) == ("background", "#000000")
    assert sum(v.share for v in audit.values) == pytest.approx(1)
    assert audit.distinct == 4
    if files[0].suffix == ".png":
        assert {v.meaning for v in audit.values} == {"background", "red", "green", "#804020"}


def test_the_audit_of_plain_masks() -> None:
    audit = audit_masks([CLASSES, CLASSES[::-1]])
    assert [v.value for v in audit.values] == [0, 1, 2, 3] or audit.values[0].value == 0
    assert {v.value: v.meaning for v in audit.values}[2] == "class 2"
    assert audit.proposal == "class 1 where it is 1, class 2 where it is 2, class 3 where it is 3"


def test_numbered_objects_are_listed_up_to_a_number() -> None:
    ids = np.kron(np.arange(400, dtype=np.uint16).reshape(20, 20), np.ones((4, 4), np.uint16))
    audit = audit_masks([ids])
    assert (audit.distinct, len(audit.values)) == (400, 64)
    assert {v.meaning for v in audit.values} <= {"background", "foreground"}
    assert "instance ids" in audit.notes[0]


def test_nothing_to_look_at_is_said(tmp_path: Path) -> None:
    audit = audit_masks([tmp_path / "none.png"])
    assert (audit.masks, audit.values) == (0, ())
    assert audit.notes == ("no mask could be looked at",)

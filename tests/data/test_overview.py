"""Data sets in words and as JSON."""

import json
from pathlib import Path

import numpy as np

from napari_unet.data.dataset import open_dataset
from napari_unet.data.overview import describe, describe_text


def test_a_description_is_plain_json_and_readable(small: Path, disc: np.ndarray) -> None:
    (small / "images" / "extra.png").touch()
    facts = describe(open_dataset(small))
    assert json.loads(json.dumps(facts)) == facts
    assert (facts["cases"], facts["patients"], facts["channels"]) == (6, 3, 1)
    assert facts["patient_source"] == "'patient' in metadata.csv"
    assert facts["reasons"] == {"listed in metadata.csv": 6}
    assert facts["confidence"] == {"listed in metadata.csv": 1.0}
    assert facts["tags"] == {"kind": {"a": 3, "b": 3}}
    assert facts["sizes"]["largest"] == [24, 32]
    assert facts["unpaired"] == [
        {"path": "images/extra.png", "reason": "not listed in metadata.csv"}
    ]
    assert facts["first_cases"][0]["image"] == "images/0.png"
    text = describe_text(open_dataset(small))
    assert "6 cases of 3 patients" in text
    assert "24 × 32 pixels" in text
    assert "images/extra.png" in text


def test_unknown_patients_are_not_counted_for_people(folder) -> None:
    text = describe_text(open_dataset(folder("images/1.png", "masks/1.png")))
    assert "1 case\n  Patients: unknown" in text


def test_volumes_are_described_with_their_slices(tmp_path: Path) -> None:
    for name in ("images", "masks"):
        (tmp_path / name).mkdir()
        for i in (5, 7):
            np.save(tmp_path / name / f"{i}.npy", np.arange(i * 64 * 48).reshape(i, 64, 48) > 9)
    dataset = open_dataset(tmp_path)
    assert describe(dataset)["sizes"]["largest"] == [7, 64, 48]
    assert "5 × 64 × 48 to 7 × 64 × 48 pixels" in describe_text(dataset)

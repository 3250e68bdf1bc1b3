import json

import pytest

from napari_unet.data.case_ids import CaseIds, find_ids
from napari_unet.errors import DataError

IDS = CaseIds(".png", {"a_1": "a/1", "a_2": "a/2"})


def described(folder, **more):
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "dataset.json").write_text(json.dumps({"file_ending": ".png", **more}))
    return folder


def test_ids_are_found_beside_and_above_predictions(tmp_path):
    described(tmp_path / "Dataset501_A", **IDS.stored())
    inside = tmp_path / "Dataset501_A" / "fold_0" / "validation"
    inside.mkdir(parents=True)
    assert find_ids(tmp_path / "Dataset501_A") == IDS
    assert find_ids(inside) == IDS
    assert find_ids(tmp_path) is None
    far = inside / "further"
    far.mkdir()
    assert find_ids(far) is None


def test_masks_are_those_that_exist(tmp_path):
    for name in ("a_1.png", "b.png", "a_1.npz", "plans.json"):
        (tmp_path / name).touch()
    assert IDS.masks(tmp_path) == {"a/1": tmp_path / "a_1.png"}
    assert [p.name for p in IDS.files(tmp_path)] == ["a_1.png", "b.png"]


def test_other_programs_name_no_cases(tmp_path):
    assert find_ids(described(tmp_path / "a")) == CaseIds(".png", {})
    other = tmp_path / "b"
    other.mkdir()
    (other / "dataset.json").write_text('{"modality": {"0": "MRI"}, "numTraining": 3}')
    assert find_ids(other) is None
    (other / "dataset.json").write_text("[1]")
    assert find_ids(other) is None


@pytest.mark.parametrize(
    ("ours", "words"),
    [
        ({"format": 2, "cases": {}}, "newer"),
        ({"cases": ["a"]}, "damaged"),
        ({"cases": {"a": 3}}, "damaged"),
        ("a", "damaged"),
    ],
)
def test_what_is_damaged_or_newer_is_refused(tmp_path, ours, words):
    with pytest.raises(DataError, match=words):
        find_ids(described(tmp_path, napari_unet=ours))


def test_no_json_is_refused(tmp_path):
    (tmp_path / "dataset.json").write_bytes(b"\xff{")
    with pytest.raises(DataError, match="cannot be read"):
        find_ids(tmp_path)

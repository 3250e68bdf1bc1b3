"""What a person decides, kept in the workspace."""

import json
from pathlib import Path

import pytest

from napari_unet.data import decisions
from napari_unet.errors import DataError

DAMAGED = "{path} is damaged ({error})."


def load(path: Path) -> list[int]:
    return decisions.load(path, lambda stored: [int(n) for n in stored["numbers"]], [], DAMAGED)


def test_what_was_kept_comes_back_with_the_folder_for_people(tmp_path: Path) -> None:
    path = decisions.save(tmp_path, "numbers", {"numbers": [1, 2]})
    assert load(path) == [1, 2]
    assert json.loads(path.read_text())["folder"] == str(tmp_path)
    assert load(path.with_name("none.json")) == []


@pytest.mark.parametrize(
    "text", ["", "{", "[]", '{"format": 1}', '{"format": 1, "numbers": ["x"]}', '{"format": "a"}']
)
def test_a_damaged_file_is_named(tmp_path: Path, text: str) -> None:
    path = tmp_path / "d.json"
    path.write_text(text)
    with pytest.raises(DataError, match=r"d\.json is damaged"):
        load(path)


def test_a_newer_file_is_said_to_be_one(tmp_path: Path) -> None:
    (tmp_path / "d.json").write_text('{"format": 99, "numbers": []}')
    with pytest.raises(DataError, match="newer napari-unet"):
        load(tmp_path / "d.json")

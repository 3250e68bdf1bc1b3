"""What a person changes stays changed, and nowhere but in the workspace."""

from pathlib import Path

import pytest

from napari_unet.data.dataset import open_dataset
from napari_unet.data.pairing import pairs as sure
from napari_unet.data.pairing.edits import (
    BY_HAND,
    Edits,
    edits_path,
    load_edits,
    patients_edited,
    repaired,
    save_edits,
)
from napari_unet.data.pairing.find import Pairing, find_pairs
from napari_unet.errors import DataError


@pytest.fixture
def root(folder) -> Path:
    return folder(
        *("images/1.png", "images/2.png", "images/3.png", "masks/1.png", "masks/2.png"),
        "masks/x.png",
    )


def found(pairing: Pairing) -> dict[str, str]:
    return {p.image.stem: p.mask.stem for p in pairing.pairs}


def reasons(pairing: Pairing) -> dict[str, str]:
    return {f"{u.path.parent.name}/{u.path.stem}": u.reason for u in pairing.unpaired}


def test_an_image_gets_the_mask_that_was_chosen(root: Path) -> None:
    before = find_pairs(root)
    after = repaired(before, root, Edits().paired("images/3.png", "masks/x.png"))
    assert found(after) == {"1": "1", "2": "2", "3": "x"}
    assert (after.pairs[2].reason, after.pairs[2].confidence) == (BY_HAND, sure.CHOSEN)
    assert after.unpaired == ()
    assert BY_HAND in after.rule
    assert found(before) == {"1": "1", "2": "2"}


def test_a_mask_is_taken_from_the_image_that_had_it(root: Path) -> None:
    after = repaired(find_pairs(root), root, Edits().paired("images/1.png", "masks/2.png"))
    assert found(after) == {"1": "2"}
    assert reasons(after)["images/2"] == "its mask was given to images/1.png by hand"
    assert reasons(after)["masks/1"] == "taken apart by hand"


def test_changing_two_masks_about(root: Path) -> None:
    edits = Edits().paired("images/1.png", "masks/2.png").paired("images/2.png", "masks/1.png")
    after = repaired(find_pairs(root), root, edits)
    assert found(after) == {"1": "2", "2": "1"}
    assert set(reasons(after)) == {"images/3", "masks/x"}


def test_several_masks_and_taking_apart(root: Path) -> None:
    edits = Edits().paired("images/1.png", "masks/1.png", "masks/x.png").paired("images/2.png")
    after = repaired(find_pairs(root), root, edits)
    assert [len(p.masks) for p in after.pairs] == [2]
    assert {"images/2", "masks/2", "images/3"} == set(reasons(after))


def test_files_that_are_gone_are_passed_over_with_a_word(root: Path) -> None:
    edits = Edits().paired("images/9.png", "masks/1.png")
    after = repaired(find_pairs(root), root, edits)
    assert found(after) == {"1": "1", "2": "2"}
    assert "not there" in after.notes[-1]


def test_changes_are_kept_in_the_workspace_and_undone(root: Path, own_workspace: Path) -> None:
    files = sorted(root.rglob("*"))
    edits = Edits().paired("images/3.png", "masks/x.png").with_patients({"images/1.png": "Ann"})
    assert own_workspace in save_edits(root, edits).parents
    assert load_edits(root) == edits
    data = open_dataset(root)
    assert len(data) == 3
    assert data.cases[0].patient == "Ann"
    assert "1 set by hand" in data.patient_source
    assert len(open_dataset(root, edited=False)) == 2
    save_edits(root, edits.undone("images/3.png"))
    assert len(open_dataset(root)) == 2
    assert sorted(root.rglob("*")) == files


def test_patients_are_given_by_the_names_of_cases(root: Path) -> None:
    data = open_dataset(root)
    edits = patients_edited(Edits(), data, {"images/1": " Ann ", "images/2": "Ann"})
    save_edits(root, edits)
    assert {c.patient for c in open_dataset(root).cases} == {"Ann"}
    with pytest.raises(DataError, match="no case 'images/7'"):
        patients_edited(Edits(), data, {"images/7": "Ann"})


def test_letters_are_merged_or_not(folder) -> None:
    root = folder("images/1.png", "images/2.png", "masks/1.png", "masks/2.png")
    (root / "metadata.csv").write_text(
        "image,mask,patient\nimages/1.png,masks/1.png,MR1A\nimages/2.png,masks/2.png,MR1B\n"
    )
    assert open_dataset(root).patients == 1
    save_edits(root, Edits(merge_letters=False))
    data = open_dataset(root)
    assert data.patients == 2
    assert "kept apart as you said" in data.notes[0]


@pytest.mark.parametrize("text", ["", "[]", '{"format": 1}', '{"format": 99}'])
def test_damaged_changes_are_an_error_that_names_the_file(root: Path, text: str) -> None:
    edits_path(root).parent.mkdir(parents=True)
    edits_path(root).write_text(text)
    with pytest.raises(DataError, match=r"edits\.json"):
        open_dataset(root)

"""Whose image is it."""

from pathlib import Path

import pytest

from napari_unet.data.cases import Case, Dataset, LabelRule
from napari_unet.data.pairing.find import Pairing
from napari_unet.data.pairing.pairs import Pair
from napari_unet.data.patients import (
    UNKNOWN_SOURCE,
    Patients,
    find_patients,
    patient_column,
    with_patients,
)
from napari_unet.errors import DataError

ROOT = Path("/data")


def patients(images: list[str], facts: dict[str, dict[str, str]] | None = None) -> Patients:
    pairs = tuple(Pair(ROOT / i, (ROOT / i,), "", 1.0) for i in images)
    known = {ROOT / image: fact for image, fact in (facts or {}).items()}
    names = {ROOT / i: i.removesuffix(".png") for i in images}
    return find_patients(ROOT, Pairing(pairs, facts=known, facts_from="metadata.csv"), names)


def grouped(found: Patients) -> dict[str, list[str]]:
    groups: dict[str, list[str]] = {}
    for image, patient in found.of.items():
        groups.setdefault(patient, []).append(image.relative_to(ROOT).as_posix())
    return groups


def test_a_column_comes_first() -> None:
    images = ["p1/1.png", "p1/2.png", "p2/3.png"]
    ids = ["A", "B", "B"]
    found = patients(images, {i: {"patient_id": p} for i, p in zip(images, ids, strict=True)})
    assert list(found.of.values()) == ids
    assert found.source == "'patient_id' in metadata.csv"


@pytest.mark.parametrize("column", ["Patient ID", "subject", "PID", "participant_id", "case_id"])
def test_columns_by_their_names(column: str) -> None:
    assert patient_column(["image", "age", column]) == column
    assert patient_column(["image", "age"]) == ""
    assert patient_column(["case_id", "patient"]) == "patient"


def test_unknown_is_nobodys_name() -> None:
    images = ["1.png", "2.png", "3.png", "4.png"]
    ids = ["UNKNOWN", "n/a", "", "17.0"]
    found = patients(images, {i: {"PID": p} for i, p in zip(images, ids, strict=True)})
    assert list(found.of.values()) == ["1", "2", "3", "17"]
    assert "3 of 4 images" in found.notes[0]
    found = patients(images, {i: {"PID": "UNKNOWN"} for i in images})
    assert len(set(found.of.values())) == 4
    assert "unknown" in found.source


def test_ids_that_differ_in_a_last_letter_are_one_person() -> None:
    ids = ["MR024780", "MR024780B", "MR024780G", "MR017260F", "A", "B", "12"]
    images = [f"{i}.png" for i in range(len(ids))]
    found = patients(images, {i: {"pid": p} for i, p in zip(images, ids, strict=True)})
    assert list(found.of.values()) == ["MR024780"] * 3 + ["MR017260F", "A", "B", "12"]
    assert found.notes[0].startswith("7 patient ids are taken as 5 people")


@pytest.mark.parametrize(
    ("folders", "people"),
    [
        (["TCGA_CS_4941_19960909", "TCGA_DU_7304_19930325"], 2),
        (["train/patient1", "test/patient2"], 2),
        (["train/patient1", "test/patient1", "test/patient2"], 2),
        (["images/P01", "images/P02"], 2),
        (["BraTS2020/case_7", "BraTS2020/case_8"], 2),
        (["001/images", "002/images"], 2),
        (["Set/FacePhoto", "Set/FamilyPhoto"], None),
        (["train/images", "test/images"], None),
        (["benign", "malignant"], None),
        (["fold1", "fold2"], None),
        (["images_256", "images_512"], None),
        (["512x512", "256x256"], None),
        (["type1", "type2"], None),
    ],
)
def test_folders(folders: list[str], people: int | None) -> None:
    images = [f"{f}/{n}.png" for f in folders for n in ("a", "b")]
    found = patients(images)
    assert len(set(found.of.values())) == (people or len(images))
    assert (found.source == "one folder per patient") == (people is not None)


@pytest.mark.parametrize(
    ("stems", "people"),
    [
        (["patient1_a", "patient1_b", "patient10_a"], 2),
        (["TCGA-CS-4941_1", "TCGA-CS-4941_2", "TCGA-DU-7304_1"], 2),
        (["sub-01_T1", "sub-01_T2", "sub-02_T1"], 2),
        (["case_1_2", "case_1_3", "case_12_3"], 2),
        (["case_1", "case_2", "case_3"], None),
        (["patient1_a", "patient1_b", "scan"], None),
        (["12_1", "12_2", "13_1"], None),
        (["family_1", "family_2", "family_3"], None),
        (["sub-01_ses-01_T1w", "sub-01_ses-02_T1w", "sub-02_ses-01_T1w"], 2),
        (["LIDC-IDRI-0001_1", "LIDC-IDRI-0001_2", "LIDC-IDRI-0003_1"], 2),
        (["BraTS-GLI-00000-000", "BraTS-GLI-00000-001", "BraTS-GLI-00002-000"], 2),
        (["plate-001_1", "plate-001_2", "plate-002_1"], None),
        (["P001_slice1", "P001_slice12", "P010_slice1"], 2),
        (["patient_001_frame01", "patient_001_frame02", "patient_010_frame01"], 2),
        (["hippocampus_001_z1", "hippocampus_001_z2", "hippocampus_002_z1"], 2),
        (["volume_1_slice_41", "volume_1_slice_42", "volume_10_slice_1"], 2),
        (["hippocampus_001", "hippocampus_003", "hippocampus_010"], None),
        (["img_frame_1", "img_frame_2"], None),
    ],
)
def test_names_only_where_they_are_clear(stems: list[str], people: int | None) -> None:
    found = patients([f"images/{s}.png" for s in stems])
    assert len(set(found.of.values())) == (people or len(stems))


# --- by hand ------------------------------------------------------------------------------------


def data_set(source: str = UNKNOWN_SOURCE) -> Dataset:
    cases = tuple(Case(n, ROOT / n, ROOT / n, n, "") for n in "abc")
    return Dataset(ROOT, cases, (), "", source, LabelRule(), 1)


def test_a_person_says_whose_images_they_are() -> None:
    data = with_patients(data_set(), {"a": "Ann ", "b": "Ann"})
    assert [c.patient for c in data.cases] == ["Ann", "Ann", "c"]
    assert data.patient_source == "2 set by hand"
    again = with_patients(with_patients(data_set("a column"), {"a": "Ann"}), {"b": "Bob"})
    assert again.patient_source == "a column; 1 set by hand"


@pytest.mark.parametrize(("name", "patient"), [("z", "Ann"), ("a", " ")])
def test_unknown_cases_and_empty_names_are_refused(name: str, patient: str) -> None:
    with pytest.raises(DataError, match=name):
        with_patients(data_set(), {name: patient})


def test_letters_are_kept_apart_if_wanted() -> None:
    facts = {"1.png": {"patient": "MR1A"}, "2.png": {"patient": "MR1B"}}
    pairs = tuple(Pair(ROOT / i, (ROOT / i,), "", 1.0) for i in facts)
    pairing = Pairing(pairs, facts={ROOT / i: f for i, f in facts.items()})
    found = find_patients(ROOT, pairing, {ROOT / i: i for i in facts}, merge_letters=False)
    assert set(found.of.values()) == {"MR1A", "MR1B"}
    assert "kept apart" in found.notes[0]

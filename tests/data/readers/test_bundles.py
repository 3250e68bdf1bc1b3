"""Folders that are one image."""

from pathlib import Path

import pytest

from napari_unet.data.readers.bundles import bundle_kind


def dicom(modality: bytes) -> bytes:
    return b"\0" * 128 + b"DICM" + b"\x08\x00\x60\x00CS\x02\x00" + modality


def names(folder: Path) -> list[str]:
    return [p.name for p in folder.iterdir()]


@pytest.mark.parametrize("name", [".zgroup", ".zarray", "zarr.json"])
def test_a_zarr_store_is_one_image(tmp_path: Path, name: str) -> None:
    (tmp_path / name).touch()
    assert bundle_kind(tmp_path, names(tmp_path)) == "zarr"


def test_a_zarr_store_is_known_by_its_name(tmp_path: Path) -> None:
    assert bundle_kind(tmp_path / "a.ome.ZARR", ["0"]) == "zarr"


@pytest.mark.parametrize(
    "files",
    [
        ("1.dcm", "2.dcm"),
        ("IM0001", "IM0002", "notes.txt"),
        ("1.2.840.1.1", "1.2.840.1.2"),
        ("a.IMA", "b.IMA", "DICOMDIR", ".hidden"),
    ],
)
def test_a_series_is_one_image(tmp_path: Path, files: tuple[str, ...]) -> None:
    for name in files:
        (tmp_path / name).write_bytes(dicom(b"MR"))
    assert bundle_kind(tmp_path, names(tmp_path)) == "dicom"


def test_radiographs_in_one_folder_are_many_images(tmp_path: Path) -> None:
    for name in ("1.dcm", "2.dcm"):
        (tmp_path / name).write_bytes(dicom(b"DX"))
    assert bundle_kind(tmp_path, names(tmp_path)) == ""


def test_one_slice_is_a_file(tmp_path: Path) -> None:
    (tmp_path / "1.dcm").write_bytes(dicom(b"MR"))
    assert bundle_kind(tmp_path, names(tmp_path)) == ""


def test_other_folders_are_folders(tmp_path: Path) -> None:
    for name in ("1.png", "2.dcm", "3.dcm"):
        (tmp_path / name).write_bytes(dicom(b"MR"))
    assert bundle_kind(tmp_path, names(tmp_path)) == ""
    assert bundle_kind(tmp_path, []) == ""
    assert bundle_kind(tmp_path, ["images", "masks"]) == ""
    (tmp_path / "README").write_text("no DICOM")
    (tmp_path / "LICENSE").write_text("no DICOM")
    assert bundle_kind(tmp_path, ["README", "LICENSE"]) == ""


def test_the_real_series(real_data) -> None:
    folder = next(p for p in real_data("dicom_mr").rglob("*") if any(p.glob("*.dcm")))
    assert bundle_kind(folder, names(folder)) == "dicom"
    assert bundle_kind(folder.parent, names(folder.parent)) == ""

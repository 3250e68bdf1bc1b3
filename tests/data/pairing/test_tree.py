"""The files of a folder."""

import os
from pathlib import Path

import pytest

from napari_unet.data.pairing.tree import scan
from napari_unet.errors import DataError


def test_files_others_and_what_is_ignored(folder) -> None:
    tree = scan(
        folder(
            *("images/a.PNG", "images/.hidden.png", ".git/a.png", "__MACOSX/images/a.png"),
            *("images/Thumbs.db", "notes.txt", "masks/deep/er/b.tif"),
        )
    )
    assert [f.rel for f in tree.files] == ["images/a.PNG", "masks/deep/er/b.tif"]
    assert tree.files[0].suffix == ".png"
    assert tree.files[0].path == tree.root / "images/a.PNG"
    assert tree.others == ("notes.txt",)


def test_folders_that_all_share_say_nothing(folder) -> None:
    tree = scan(folder("brain-segmentation/images/a.png", "brain-segmentation/raw/a.png"))
    assert [f.place.role for f in tree.files] == ["image", "image"]
    assert [f.parts for f in tree.files] == [("images",), ("raw",)]


def test_missing_folders_and_files_are_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="There is no folder"):
        scan(tmp_path / "nowhere")
    (tmp_path / "a.png").touch()
    with pytest.raises(DataError, match="is a file"):
        scan(tmp_path / "a.png")


@pytest.mark.skipif(not hasattr(os, "symlink") or os.name == "nt", reason="links need rights")
def test_links_that_lead_back_up_end(folder) -> None:
    root = folder("a/1.png")
    (root / "a" / "up").symlink_to(root, target_is_directory=True)
    (root / "z").symlink_to(root / "a", target_is_directory=True)
    assert [f.rel for f in scan(root).files] == ["a/1.png"]


@pytest.mark.parametrize(
    ("name", "below", "role", "found"),
    [
        ("images/1.png", "", "image", "images/1.png"),
        ("./images/1.png", "", "image", "images/1.png"),
        ("images\\1.png", "", "image", "images/1.png"),
        ("../images/1.png", "lists", "image", "images/1.png"),
        ("/home/someone/data/images/1.png", "", "image", "images/1.png"),
        ("C:\\data\\masks\\1.png", "", "mask", "masks/1.png"),
        ("1.png", "", "image", "images/1.png"),
        ("1.png", "", "mask", "masks/1.png"),
        ("2.png", "", "mask", "images/2.png"),
        ("other/2.png", "", "image", None),
        ("../../1.png", "", "image", None),
        ("3.png", "", "image", None),
        ("", "", "image", None),
    ],
)
def test_names_from_tables(folder, name: str, below: str, role: str, found: str | None) -> None:
    tree = scan(folder("images/1.png", "images/2.png", "masks/1.png"))
    file = tree.find(name, below, role)
    assert (file and file.rel) == found


def test_folders_that_are_one_image_count_as_one_file(folder) -> None:
    root = folder(
        *("images/a.zarr/.zgroup", "images/a.zarr/0/.zarray", "images/a.zarr/0/0.0"),
        *("images/b.ome.zarr/zarr.json", "masks/a.png", "masks/b.png"),
    )
    tree = scan(root)
    assert [(f.rel, f.name, f.suffix) for f in tree.files if f.place.role == "image"] == [
        ("images/a.zarr", "a", ".zarr"),
        ("images/b.ome.zarr", "b", ".zarr"),
    ]
    assert tree.others == ()


def test_a_folder_that_is_itself_one_image_is_refused(real_data, folder) -> None:
    with pytest.raises(DataError, match=r"one image .a Zarr store."):
        scan(folder("x.zarr/.zgroup") / "x.zarr")
    series = next(p.parent for p in real_data("dicom_mr").rglob("*.dcm"))
    with pytest.raises(DataError, match=r"one image .a DICOM series."):
        scan(series)
    tree = scan(real_data("dicom_mr"))
    assert [(f.path, f.name, f.suffix) for f in tree.files] == [(series, series.name, ".dcm")]

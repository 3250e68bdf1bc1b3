"""Tables beside the images."""

from pathlib import Path

import pytest

from napari_unet.data.pairing.tables import Table, file_columns, read_table
from napari_unet.errors import DataError


def is_png(value: str) -> bool:
    return value.endswith(".png")


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "latin-1"])
def test_delimiters_and_encodings(tmp_path: Path, delimiter: str, encoding: str) -> None:
    text = (
        delimiter.join(["image", "who"]) + "\r\n" + delimiter.join([" a.png", "Zoë "]) + "\r\n\r\n"
    )
    (tmp_path / "t.csv").write_bytes(text.encode(encoding))
    table = read_table(tmp_path / "t.csv")
    assert table.columns == ("image", "who")
    assert table.rows == ({"image": "a.png", "who": "Zoë"},)


@pytest.mark.parametrize("content", [b"", b"image,mask\n", b"\n\n"])
def test_no_rows_is_an_error(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "t.csv").write_bytes(content)
    with pytest.raises(DataError, match="no rows"):
        read_table(tmp_path / "t.csv")


def test_endless_cells_are_an_error(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text('image,rle\na.png,"' + "1 " * 200_000 + '"\n')
    with pytest.raises(DataError, match="cannot be read as a table"):
        read_table(tmp_path / "t.csv")


@pytest.mark.parametrize(
    ("row", "found"),
    [
        ({"image": "a.png", "mask": "b.png", "label": "1"}, ("image", "mask")),
        ({"mask": "b.png", "image": "a.png"}, ("image", "mask")),
        (
            {"id": "7", "img_path": "a.png", "label": "2", "seg_path": "b.png"},
            ("img_path", "seg_path"),
        ),
        ({"x": "a.png", "y": "b.png"}, ("x", "y")),
        ({"file": "a.png", "label": "1"}, ("file", "")),
        ({"image": "a", "mask": "b"}, ("", "")),
        ({"thumb": "t.png", "image": "a.png", "GroundTruth": "b.png"}, ("image", "GroundTruth")),
    ],
)
def test_columns_by_content_and_name(row: dict[str, str], found: tuple[str, str]) -> None:
    assert file_columns(Table(Path("t.csv"), tuple(row), (row,)), is_png) == found


def test_some_blank_or_odd_cells_do_not_matter() -> None:
    rows = [{"image": f"{i}.png", "mask": f"{i}.png" if i % 3 else "none"} for i in range(30)]
    assert file_columns(Table(Path("t"), ("image", "mask"), tuple(rows)), is_png) == (
        "image",
        "mask",
    )

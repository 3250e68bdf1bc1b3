"""Reports of scores: a CSV file, a table for the terminal, a JSON object, a picture."""

from napari_unet.report.plain import to_json
from napari_unet.report.rows import PictureRow, picture, plane_row
from napari_unet.report.sheet import write_csv
from napari_unet.report.text import breakdown, elide, table

__all__ = [
    "PictureRow",
    "breakdown",
    "elide",
    "picture",
    "plane_row",
    "table",
    "to_json",
    "write_csv",
]

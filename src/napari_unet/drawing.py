"""Drawing of cases: image, reference, prediction and where the two differ, as one picture.

Colours are from the palette of Okabe and Ito (2008), which people with any of the common kinds of
colour blindness can tell apart.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from napari_unet.errors import DataError

if TYPE_CHECKING:
    from napari_unet.report.rows import PictureRow

Colour = tuple[int, int, int]
Pixels = NDArray[np.uint8]

GREEN, VERMILLION, SKY = (0, 158, 115), (213, 94, 0), (86, 180, 233)
ORANGE, BLUE, YELLOW, PURPLE = (230, 159, 0), (0, 114, 178), (240, 228, 66), (204, 121, 167)
CLASSES = (ORANGE, SKY, GREEN, YELLOW, BLUE, VERMILLION, PURPLE)
HIT, EXTRA, MISSED, CONFUSED = GREEN, VERMILLION, SKY, YELLOW

TITLES = ("Image", "Reference", "Prediction", "Agreement")
PANEL = 288  # longer side of a panel, in pixels
GAP = 12
TEXT = 15
INK, PAPER = (32, 32, 32), (255, 255, 255)
LINE = TEXT + 9


def draw(rows: Sequence[PictureRow]) -> Image.Image:
    """Return the picture of all rows, one below the other, with titles and a legend."""
    if not rows:
        raise DataError("There is no case to draw.")
    bands = [panels(row) for row in rows]
    width = GAP + (PANEL + GAP) * len(TITLES)
    height = GAP + LINE + sum(band[0].shape[0] + LINE + GAP for band in bands) + LINE + GAP
    canvas = Image.new("RGB", (width, height), PAPER)
    pen = ImageDraw.Draw(canvas)
    y = _titles(pen)
    for row, band in zip(rows, bands, strict=True):
        y = _band(canvas, pen, y, row, band)
    _legend(pen, y, any(_confused(row).any() for row in rows))
    return canvas


# --- panels -----------------------------------------------------------------------------------


def panels(row: PictureRow) -> list[Pixels]:
    """Return the four panels of a case, each ``(h, w, 3)`` with its longer side `PANEL` long."""
    _check(row)
    size = _panel_size(row.image.shape[:2])
    image = _resize(to_rgb(row.image), size, Image.Resampling.BICUBIC)
    reference, prediction = (_resize_mask(m, size) for m in (row.reference, row.prediction))
    return [
        image,
        paint(image, class_masks(reference)),
        paint(image, class_masks(prediction)),
        paint(_faded(image), error_masks(reference, prediction), alpha=0.65),
    ]


def thumbnail(row: PictureRow, side: int = 128) -> bytes:
    """Return image and prediction side by side as a PNG file, the longer side of each ``side``."""
    image, _, predicted, _ = panels(row)
    both = Image.fromarray(np.concatenate([image, predicted], axis=1))
    share = side / max(image.shape[:2])
    size = (max(round(both.width * share), 2), max(round(both.height * share), 1))
    file = io.BytesIO()
    # 256 colours: a byte a pixel at the most, however noisy the image is.
    both.resize(size, Image.Resampling.LANCZOS).quantize(256).save(file, "PNG", optimize=True)
    return file.getvalue()


def _check(row: PictureRow) -> None:
    if row.image.ndim not in (2, 3) or not row.image.size:
        raise DataError(f"{row.name}: an image of shape {row.image.shape} cannot be drawn.")
    for word, mask in (("reference", row.reference), ("prediction", row.prediction)):
        if mask.shape != row.image.shape[:2]:
            raise DataError(
                f"{row.name}: the {word} is {mask.shape}, but the image {row.image.shape[:2]}."
            )


def to_rgb(image: NDArray[Any], low: float = 0.5, high: float = 99.5) -> Pixels:
    """Stretch an image between two percentiles to 0…255 and give it three channels.

    One pair of limits serves all channels, so that colours keep their hue. Of more than three
    channels the first three are shown, of two the first.
    """
    if image.ndim == 2:
        image = image[..., None]
    image = image[..., :3] if image.shape[-1] >= 3 else image[..., :1]
    values = image.astype(np.float64)
    finite = values[np.isfinite(values)]
    bottom, top = np.percentile(finite, [low, high]) if finite.size else (0.0, 0.0)
    if top == bottom and finite.size:
        bottom, top = finite.min(), finite.max()  # sparse: all contrast lies beyond the percentiles
    values = np.nan_to_num((values - bottom) / ((top - bottom) or 1.0), posinf=1.0, neginf=0.0)
    grey = np.round(values.clip(0.0, 1.0) * 255).astype(np.uint8)
    return np.broadcast_to(grey, (*grey.shape[:2], 3))


def class_masks(labels: NDArray[Any]) -> list[tuple[NDArray[np.bool_], Colour]]:
    """Return the mask of every class that occurs, with its colour."""
    return [
        (labels == value, CLASSES[(int(value) - 1) % len(CLASSES)])
        for value in np.unique(labels[labels != 0])
    ]


def error_masks(
    reference: NDArray[Any], prediction: NDArray[Any]
) -> list[tuple[NDArray[np.bool_], Colour]]:
    """Return what was found, claimed wrongly, missed, and given a wrong class, with colours."""
    true, claimed = reference != 0, prediction != 0
    return [
        (true & (prediction == reference), HIT),
        (claimed & ~true, EXTRA),
        (true & ~claimed, MISSED),
        (true & claimed & (prediction != reference), CONFUSED),
    ]


def paint(
    image: Pixels, masks: Sequence[tuple[NDArray[np.bool_], Colour]], alpha: float = 0.3
) -> Pixels:
    """Tint the masks over the image; their outlines are opaque, so that small ones are seen."""
    painted = image.astype(np.float64)
    for mask, colour in masks:
        painted[mask] += alpha * (np.array(colour) - painted[mask])
        painted[_outline(mask)] = colour
    return painted.round().astype(np.uint8)


def _faded(image: Pixels) -> Pixels:
    """Return the image in dark grey, so that no colour but those of the legend is left."""
    grey = image.mean(axis=-1, keepdims=True) * 0.7
    return np.broadcast_to(grey.round().astype(np.uint8), image.shape)


def _outline(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return the mask's pixels that touch its outside or the border of the image."""
    from skimage.segmentation import find_boundaries

    wide = np.pad(mask, 1)
    found = find_boundaries(wide, connectivity=1, mode="inner")  # type: ignore[no-untyped-call]
    outline: NDArray[np.bool_] = found[1:-1, 1:-1]
    return outline


def _panel_size(shape: tuple[int, ...]) -> tuple[int, int]:
    """Return the (width, height) that fits a panel and keeps the image's proportions."""
    scale = PANEL / max(shape)
    return max(round(shape[1] * scale), 1), max(round(shape[0] * scale), 1)


def _resize(image: Pixels, size: tuple[int, int], how: Image.Resampling) -> Pixels:
    return np.asarray(Image.fromarray(np.ascontiguousarray(image)).resize(size, how))


def _resize_mask(mask: NDArray[Any], size: tuple[int, int]) -> NDArray[np.int32]:
    """Resize labels by the nearest pixel, whatever their type."""
    picture = Image.fromarray(np.ascontiguousarray(mask, np.int32))
    return np.asarray(picture.resize(size, Image.Resampling.NEAREST))


def _confused(row: PictureRow) -> NDArray[np.bool_]:
    return error_masks(row.reference, row.prediction)[-1][0]


# --- the page ---------------------------------------------------------------------------------


def _column(index: int) -> int:
    return GAP + index * (PANEL + GAP)


def _font() -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.load_default(size=TEXT)


def _titles(pen: ImageDraw.ImageDraw) -> int:
    for i, title in enumerate(TITLES):
        middle = _column(i) + PANEL // 2
        pen.text((middle, GAP + LINE // 2), title, INK, _font(), anchor="mm")
    return GAP + LINE


def _band(
    canvas: Image.Image, pen: ImageDraw.ImageDraw, y: int, row: PictureRow, band: list[Pixels]
) -> int:
    """Draw a case's panels and the line below them; return where the next one starts."""
    pictures = [Image.fromarray(panel) for panel in band]
    width, height = pictures[0].size
    for i, panel in enumerate(pictures):
        canvas.paste(panel, (_column(i) + (PANEL - width) // 2, y))
    middle = y + height + LINE // 2
    caption = pen.textlength(row.caption, _font())
    right = canvas.width - GAP
    pen.text((right, middle), row.caption, INK, _font(), anchor="rm")
    name = _shorten(pen, row.name, right - caption - 3 * GAP)
    pen.text((GAP, middle), name, INK, _font(), anchor="lm")
    return y + height + LINE + GAP


def _shorten(pen: ImageDraw.ImageDraw, text: str, width: float) -> str:
    """Leave out the middle of ``text`` until it is at most ``width`` pixels long."""
    shorter, keep = text, len(text)
    while keep > 3 and pen.textlength(shorter, _font()) > width:
        keep -= 1
        shorter = text[: keep // 2] + "…" + text[len(text) - (keep - keep // 2 - 1) :]
    return shorter


def _legend(pen: ImageDraw.ImageDraw, y: int, with_confused: bool) -> None:
    entries = [
        (HIT, "found (true positive)"),
        (EXTRA, "false positive"),
        (MISSED, "missed (false negative)"),
    ]
    if with_confused:
        entries.append((CONFUSED, "wrong class"))
    x, middle, side = _column(0), y + LINE // 2, TEXT
    pen.text((x, middle), "Agreement:", INK, _font(), anchor="lm")
    x += round(pen.textlength("Agreement:", _font())) + GAP
    for colour, words in entries:
        pen.rectangle((x, middle - side // 2, x + side, middle + side // 2), colour)
        pen.text((x + side + GAP // 2, middle), words, INK, _font(), anchor="lm")
        x += side + 3 * GAP + round(pen.textlength(words, _font()))

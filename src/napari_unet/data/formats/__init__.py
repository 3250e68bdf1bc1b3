"""Reading any supported image or mask, and writing labels.

One function per question, whatever the format; the modules of `napari_unet.data.readers` know the
files. Everything that can go wrong while reading leaves as `DataError`, with the file's name and
what to do. Files are only ever opened for reading.
"""

from napari_unet.data.formats.cases import (
    axes_of,
    describe_scan,
    read_case,
    read_classes,
    read_original,
    read_pair,
    read_reference,
    read_scan,
)
from napari_unet.data.formats.channels import fit_channels
from napari_unet.data.formats.files import (
    describe_image,
    image_shape,
    mask_palette,
    outline,
    read_image,
    read_mask,
    reading,
)
from napari_unet.data.formats.known import SUFFIXES, is_supported, stem_of, suffix_of
from napari_unet.data.readers.writers import write_labels

__all__ = [
    "SUFFIXES",
    "axes_of",
    "describe_image",
    "describe_scan",
    "fit_channels",
    "image_shape",
    "is_supported",
    "mask_palette",
    "outline",
    "read_case",
    "read_classes",
    "read_image",
    "read_mask",
    "read_original",
    "read_pair",
    "read_reference",
    "read_scan",
    "reading",
    "stem_of",
    "suffix_of",
    "write_labels",
]

"""Masks that a person corrected: kept as versions in the workspace, never over anything.

How they lie on the disk is told in docs/corrections.md.
"""

from napari_unet.data.corrections.choices import (
    Choice,
    Counting,
    choose,
    chosen,
    corrected,
    counted,
    current,
    decide,
    follow,
    read_current,
    remove,
)
from napari_unet.data.corrections.deleting import purge, undelete
from napari_unet.data.corrections.drafts import Draft, recover
from napari_unet.data.corrections.labels import read
from napari_unet.data.corrections.places import ROLES, Role
from napari_unet.data.corrections.records import Version
from napari_unet.data.corrections.versions import bytes_of, cases, versions
from napari_unet.data.corrections.writing import Told, difference, save

__all__ = [
    "ROLES",
    "Choice",
    "Counting",
    "Draft",
    "Role",
    "Told",
    "Version",
    "bytes_of",
    "cases",
    "choose",
    "chosen",
    "corrected",
    "counted",
    "current",
    "decide",
    "difference",
    "follow",
    "purge",
    "read",
    "read_current",
    "recover",
    "remove",
    "save",
    "undelete",
    "versions",
]

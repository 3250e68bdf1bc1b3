"""Corrections of a case that only the workspace knows, as short as tests want them."""

from __future__ import annotations

import numpy as np

from napari_unet.data import corrections

ROOT, CASE = "/data/set", "images/p1_1"
EYE = np.eye(6, dtype=np.uint8)


def save(labels=EYE, role="reference", case=CASE, **told):
    return corrections.save(ROOT, case, labels, role, told=corrections.Told(**told))


def current(role="reference", case=CASE):
    found = corrections.current(ROOT, case, role)
    return None if found is None else found.number

"""Deleted versions come back until they are deleted for good."""

from __future__ import annotations

import numpy as np
import pytest

from napari_unet.data import corrections
from napari_unet.errors import DataError

ROOT, CASE = "/data/set", "images/p1_1"
EYE = np.eye(6, dtype=np.uint8)


def save(labels=EYE, role="reference", case=CASE, **told):
    return corrections.save(ROOT, case, labels, role, told=corrections.Told(**told))


def test_a_deleted_version_comes_back_until_it_is_purged():
    first = save(EYE)
    save(EYE * 2)
    gone = corrections.remove(ROOT, first)
    assert [v.number for v in corrections.versions(ROOT, CASE)] == [2]
    back = corrections.undelete(gone)
    assert (corrections.read(back) == EYE).all()
    corrections.remove(ROOT, back)
    assert corrections.purge(ROOT, CASE) == first.size
    with pytest.raises(DataError, match="for good"):
        corrections.undelete(first)


def test_what_counts_is_not_deleted():
    only = save()
    with pytest.raises(DataError, match="counts as reference"):
        corrections.remove(ROOT, only)


def test_numbers_are_never_used_again():
    save(EYE)
    last = save(EYE * 2)
    corrections.choose(ROOT, CASE, "reference", 1)
    corrections.remove(ROOT, last)
    corrections.purge(ROOT, CASE)
    assert save(EYE * 3).number == 3


def test_their_size_is_told():
    total = save(EYE).size + save(EYE, case="other").size
    assert corrections.bytes_of(ROOT) == total > corrections.bytes_of(ROOT, CASE) > 0

"""Versions on the disk: saved, chosen, passed over, deleted, and never lost."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from napari_unet import workspace
from napari_unet.data import corrections
from napari_unet.data.corrections.places import case_dir, case_folder, corrections_dir
from napari_unet.data.readers.space import from_viewer
from napari_unet.data.scan import Scan
from napari_unet.errors import DataError, DiskError
from saving import CASE, EYE, ROOT, current, save


def test_nothing_is_there_at_first():
    assert corrections.versions(ROOT, CASE) == ()
    assert current() is None and corrections.corrected(ROOT) == ()
    assert not corrections_dir(ROOT).exists()


def test_each_saving_is_a_version_and_the_newest_counts():
    first, second = save(EYE), save(EYE * 2, by="me@here", based_on=1, added=3, removed=1)
    assert (first.number, second.number) == (1, 2)
    assert [v.number for v in corrections.versions(ROOT, CASE)] == [1, 2]
    told = corrections.versions(ROOT, CASE)[1]
    assert told == second
    assert (told.by, told.based_on, told.added, told.removed) == ("me@here", 1, 3, 1)
    assert current() == 2 and corrections.corrected(ROOT) == (CASE,)
    assert (corrections.read(first) == EYE).all() and (corrections.read(second) == EYE * 2).all()
    assert "@" in first.by


def test_roles_are_kept_apart():
    save(EYE, "reference")
    save(EYE, "prediction")
    assert (current("reference"), current("prediction")) == (1, 2)


def test_the_original_and_any_version_can_be_chosen_and_the_choice_taken_back():
    for factor in (1, 2, 3):
        save(EYE * factor)
    before = corrections.choose(ROOT, CASE, "reference", None)
    assert current() is None and corrections.corrected(ROOT) == ()
    corrections.choose(ROOT, CASE, "reference", 2)
    assert current() == 2
    corrections.decide(ROOT, CASE, "reference", before)
    assert current() == 3
    assert len(corrections.versions(ROOT, CASE)) == 3  # a choice is no copy


def test_what_is_saved_after_a_choice_counts():
    save()
    corrections.choose(ROOT, CASE, "reference", None)
    save(EYE * 2)
    assert current() == 2


def test_there_must_be_such_a_version():
    save()
    with pytest.raises(DataError, match=r"no version 4 \(there are: 1\)"):
        corrections.choose(ROOT, CASE, "reference", 4)


def test_a_corrected_prediction_can_be_the_reference_and_stays_so_while_it_is_painted_on():
    save(EYE, "reference")
    save(EYE * 2, "prediction")
    corrections.follow(ROOT, CASE)
    assert current("reference") == 2
    save(EYE * 3, "prediction")
    assert current("reference") == 3
    corrections.follow(ROOT, CASE, False)
    assert (current("reference"), current("prediction")) == (1, 3)


def test_following_needs_a_corrected_prediction():
    with pytest.raises(DataError, match="no corrected prediction"):
        corrections.follow(ROOT, CASE)


def test_numbered_objects_of_several_classes_are_no_reference():
    save(EYE, "prediction", classes=2, objects=True)
    with pytest.raises(DataError, match="numbers objects"):
        corrections.follow(ROOT, CASE)


# --- what lies on the disk ----------------------------------------------------------------------


def test_a_case_has_a_folder_that_people_can_find_and_no_other_case_shares():
    names = ["a/b", "a_b", "A/b", "a/b ", "ä/b", "x" * 300, "..", "con", "a\\b"]
    folders = {case_folder(name) for name in names}
    assert len({f.casefold() for f in folders}) == len(names)
    assert case_folder("images/p1_1").startswith("images_p1_1-")
    assert all(len(f) < 100 and "/" not in f and not f.startswith(".") for f in folders)


def test_nothing_is_written_into_the_folder_of_the_data(tmp_path):
    corrections.save(tmp_path, CASE, EYE, "reference")
    assert not list(tmp_path.glob("*.tif")) and not list(tmp_path.glob("*.corrections"))
    assert case_dir(tmp_path, CASE).is_relative_to(workspace.home())


@settings(max_examples=25, deadline=None)
@given(
    arrays.arrays(np.uint8, arrays.array_shapes(min_dims=2, max_dims=3, min_side=1, max_side=6)),
    st.booleans(),
)
def test_labels_come_back_as_they_were(labels, placed):
    spacing = (2.0, 0.5, 0.7)[-labels.ndim :]
    scan = Scan(
        np.zeros(labels.shape),
        "tzyx"[-labels.ndim :],
        Path("scan.nii"),
        spacing if placed else None,
    )
    version = corrections.save(ROOT, f"h{labels.ndim}", labels, "prediction", scan)
    found = corrections.read(version)
    assert found.shape == labels.shape and (found == labels).all()


def test_a_volume_lies_where_its_scan_does():
    import nibabel

    affine = np.array([[0, 0, 2.0, -9], [0, 3, 0, 4], [1, 0, 0, 7], [0, 0, 0, 1]])
    labels = np.arange(24, dtype=np.uint8).reshape(2, 3, 4)
    geometry = from_viewer(labels.shape, affine)
    scan = Scan(np.zeros(labels.shape), "zyx", Path("s.nii"), (2.0, 3.0, 1.0), geometry=geometry)
    version = corrections.save(ROOT, CASE, labels, "reference", scan)
    assert version.path.name == "0001.reference.nii.gz"
    assert np.allclose(nibabel.load(version.path).affine, geometry.affine)
    assert (corrections.read(version) == labels).all()


def test_labels_that_are_none_are_refused_and_leave_no_trace():
    with pytest.raises(DataError, match="whole numbers"):
        save(EYE - 0.5)
    assert save().number == 1


# --- damage ---------------------------------------------------------------------------------------


def test_a_version_that_was_cut_short_is_named_and_passed_over():
    save(EYE)
    broken = save(EYE * 2)
    broken.path.write_bytes(broken.path.read_bytes()[:-9])
    assert current() == 1
    assert "bytes" in corrections.versions(ROOT, CASE)[1].damage
    counted = corrections.counted(ROOT, {CASE: None})
    assert [v.number for v in counted.passed] == [2]
    with pytest.raises(DataError, match="damaged"):
        corrections.choose(ROOT, CASE, "reference", 2)


def test_changed_bytes_are_noticed_when_it_is_read():
    version = save()
    data = bytearray(version.path.read_bytes())
    data[-1] ^= 1
    version.path.write_bytes(data)
    with pytest.raises(DataError, match="Version 1 of images/p1_1 is damaged"):
        corrections.read(version)


@pytest.mark.parametrize("text", ["", "{", "[]", '{"format": 99}', '{"format": 1, "shape": 3}'])
def test_a_damaged_record_spoils_its_version_only(text):
    save(EYE)
    record = save(EYE * 2).path.with_name("0002.json")
    record.write_text(text)
    assert current() == 1
    assert save(EYE * 3).number == 3


def test_a_damaged_choice_counts_as_none():
    save(EYE)
    corrections.choose(ROOT, CASE, "reference", None)
    (case_dir(ROOT, CASE) / "reference.json").write_text("{")
    assert current() == 1


def test_a_full_disk_loses_nothing(monkeypatch):
    kept = save(EYE)

    def full(*args, **kwargs):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patch, pytest.raises(DiskError, match="No space") as failed:
        patch.setattr("os.fsync", full)
        save(EYE * 2)
    assert failed.value.final
    assert corrections.versions(ROOT, CASE) == (kept,)
    assert not list(case_dir(ROOT, CASE).glob(".*"))
    assert (corrections.read(kept) == EYE).all()
    assert save(EYE * 2).number == current()


def test_a_folder_that_cannot_be_read_is_said():
    place = corrections_dir(ROOT)
    place.parent.mkdir(parents=True)
    place.write_text("in the way")
    with pytest.raises(DataError, match="cannot be read"):
        corrections.corrected(ROOT)


# --- several at once ------------------------------------------------------------------------------

SAVER = """
import sys
import numpy as np
from napari_unet.data import corrections
me, count = int(sys.argv[1]), int(sys.argv[2])
print("ready", flush=True)
sys.stdin.readline()
for i in range(count):
    v = corrections.save({root!r}, {case!r}, np.full((9, 9), me, np.uint8), "prediction")
    print(v.number, flush=True)
"""


def test_two_processes_never_take_the_same_number():
    code = SAVER.format(root=ROOT, case=CASE)
    count = 15
    running = [
        subprocess.Popen(
            [sys.executable, "-c", code, str(me), str(count)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for me in (1, 2)
    ]
    for process in running:
        assert process.stdout is not None and process.stdout.readline() == "ready\n"
    taken = {}
    for process in running:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    for me, process in enumerate(running, 1):
        out, _ = process.communicate(timeout=120)
        taken[me] = [int(line) for line in out.split()]
    assert sorted(taken[1] + taken[2]) == list(range(1, 2 * count + 1))
    for version in corrections.versions(ROOT, CASE):
        me = 1 if version.number in taken[1] else 2
        assert (corrections.read(version) == me).all()

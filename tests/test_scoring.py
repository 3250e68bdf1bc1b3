import json
from pathlib import Path

import nibabel
import numpy as np
import pytest
from skimage.io import imsave

from napari_unet.data.case_ids import CaseIds
from napari_unet.data.cases import Case
from napari_unet.data.formats import read_image
from napari_unet.errors import DataError
from napari_unet.events import CaseDone, Note
from napari_unet.scoring import check_place, masks_of, named_folder, score_files, strangers


def write(folder, name, mask):
    folder.mkdir(exist_ok=True)
    imsave(folder / name, mask.astype(np.uint8), check_contrast=False)


def half(value=255):
    mask = np.zeros((10, 10), np.uint8)
    mask[:5] = value
    return mask


def test_by_exact_name_whatever_the_values_and_affixes(tmp_path):
    p, r = tmp_path / "p", tmp_path / "r"
    for name in ("1", "10", "2"):
        write(p, f"{name}.png", half(1))
        write(r, f"{name}_mask.tif", half(255))
    write(r, "3.png", half())
    write(p, "10.probabilities.tif", half(99))
    events = []
    scores = score_files(p, r, events.append)
    assert [(s.name, s.dice) for s in scores] == [("1", 1), ("10", 1), ("2", 1)]
    notes = [e.text for e in events if isinstance(e, Note) and e.warning]
    assert notes == ["3.png: no prediction of that name"]
    assert sum(isinstance(e, CaseDone) for e in events) == 3


def test_two_files_whatever_they_are_called(tmp_path):
    write(tmp_path, "a.png", half())
    write(tmp_path, "b.bmp", np.flipud(half()))
    (score,) = score_files(tmp_path / "a.png", tmp_path / "b.bmp")
    assert (score.dice, score.pixel_accuracy) == (0, 0)


def test_classes_are_told_apart(tmp_path):
    p, r = tmp_path / "p", tmp_path / "r"
    for i in range(4):
        mask = np.zeros((40, 40), np.uint8)
        mask[:15], mask[20:] = 1, 2
        write(r, f"{i}.png", mask)
        mask[20:30] = 0
        write(p, f"{i}.png", mask)
    scores = score_files(p, r)
    assert [c["dice"] for c in scores[0].per_class.values()] == [1, pytest.approx(2 / 3)]


def test_another_shape_is_named_and_the_rest_scored(tmp_path):
    p, r = tmp_path / "p", tmp_path / "r"
    write(p, "a.png", half())
    write(r, "a.png", half())
    write(p, "b.png", half()[:, :4])
    write(r, "b.png", half())
    a, b = score_files(p, r)
    assert a.dice == 1
    assert "10×4" in b.error


def test_what_cannot_be_scored_is_said(tmp_path):
    p, r = tmp_path / "p", tmp_path / "r"
    write(p, "a.png", half())
    write(r, "b.png", half())
    with pytest.raises(DataError, match="has the name of"):
        score_files(p, r)
    with pytest.raises(DataError, match="no file or folder"):
        score_files(p, tmp_path / "none")
    with pytest.raises(DataError, match="not one of each"):
        score_files(p, r / "b.png")
    (r / "a.png").write_bytes(b"broken")
    with pytest.raises(DataError, match=r"a\.png"):
        score_files(p, r)


def test_volumes_are_scored_as_a_whole(tmp_path):
    for name in ("p", "r"):
        (tmp_path / name).mkdir()
        labels = np.zeros((6, 7, 8), np.float32)
        labels[1:3, 2:5, 2:6] = 1
        labels[1, 2, 2] = float(name == "r")
        image = nibabel.Nifti1Image(labels, np.diag([1, -1, 1, 1]))
        nibabel.save(image, tmp_path / name / "a.nii.gz")
    (score,) = score_files(tmp_path / "p", tmp_path / "r")
    assert score.dice == pytest.approx(2 * 23 / (23 + 24))


def test_distances_and_volumes_are_in_the_unit_of_the_reference(tmp_path):
    for name, start in (("p", 2), ("r", 3)):
        (tmp_path / name).mkdir()
        labels = np.zeros((12, 9, 9), np.uint8)
        labels[start : start + 5, 2:6, 2:6] = 1
        image = nibabel.Nifti1Image(labels, np.diag([0.5, 1, 4, 1]))
        image.header.set_xyzt_units("mm")
        nibabel.save(image, tmp_path / name / "a.nii.gz")
    (score,) = score_files(tmp_path / "p", tmp_path / "r")
    assert (score.unit, score.dims) == ("mm", 3)
    assert score.hd95 == pytest.approx(0.5)
    assert score.volume == pytest.approx(5 * 4 * 4 * 2.0)
    (score,) = score_files(tmp_path / "p", tmp_path / "r", surfaces=False)
    assert np.isnan(score.hd95)


# --- whose masks they are -----------------------------------------------------------------------


def cases(root, *names):
    return [
        Case(f"images/{n}", root / "images" / f"{n}.png", root / "masks" / f"{n}_mask.png", "", "")
        for n in names
    ]


def test_masks_are_found_by_the_name_of_image_or_mask(tmp_path):
    reader = tmp_path / "reader"
    (reader / "a").mkdir(parents=True)
    for path in ("a/1.png", "a/2_mask.tif", "other.png", "a/1.probabilities.tif"):
        write((reader / path).parent, (reader / path).name, half())
    found = masks_of(reader, cases(tmp_path, "a/1", "b/2", "3"), tmp_path)
    assert found == {
        "images/a/1": reader / "a" / "1.png",
        "images/b/2": reader / "a" / "2_mask.tif",
    }


def test_a_mask_that_could_be_of_several_cases_is_of_none(tmp_path):
    write(tmp_path / "reader", "1.png", half())
    assert masks_of(tmp_path / "reader", cases(tmp_path, "a/1", "b/1"), tmp_path) == {}
    for part in "ab":
        (tmp_path / "two" / part).mkdir(parents=True)
        write(tmp_path / "two" / part, "1.png", half())
    assert masks_of(tmp_path / "two", cases(tmp_path, "c/1"), tmp_path) == {}
    found = masks_of(tmp_path / "two", cases(tmp_path, "a/1", "b/1"), tmp_path)
    assert {name: path.parent.name for name, path in found.items()} == {
        "images/a/1": "a",
        "images/b/1": "b",
    }
    with pytest.raises(DataError, match="no folder"):
        masks_of(tmp_path / "none", [], tmp_path)


def test_predictions_of_nnunet_are_known_by_their_ids(tmp_path):
    out = tmp_path / "out"
    out.mkdir()
    for name in ("a_1.png", "a_2.png", "x.png"):
        write(out, name, half())
    np.savez(out / "a_1.npz", np.zeros(3))
    ids = CaseIds(".png", {"a_1": "images/a/1", "a_2": "images/a/2", "x": "images/gone"})
    (out / "dataset.json").write_text(json.dumps({"file_ending": ".png", **ids.stored()}))
    known = cases(tmp_path, "a/1", "a/2", "b/1")
    assert masks_of(out, known, tmp_path) == {
        "images/a/1": out / "a_1.png",
        "images/a/2": out / "a_2.png",
    }
    assert strangers(out, known, tmp_path) == ["x.png"]
    # Exported by another program, they are known by their names.
    (out / "dataset.json").write_text('{"file_ending": ".png"}')
    assert masks_of(out, cases(tmp_path, "q/x"), tmp_path) == {"images/q/x": out / "x.png"}


def test_a_folder_may_have_a_name(tmp_path):
    assert named_folder(f"nnU-Net={tmp_path}") == ("nnU-Net", tmp_path)
    assert named_folder(f"a={tmp_path}=b") == ("a", Path(f"{tmp_path}=b"))
    there = tmp_path / "k=3"
    there.mkdir()
    assert named_folder(str(there)) == ("k=3", there)
    assert named_folder(str(tmp_path / "r1")) == ("r1", tmp_path / "r1")


def test_a_mask_lies_where_its_scan_does(tmp_path):
    affine = np.array([[0, 2.0, 0, 5], [-1, 0, 0, 7], [0, 0, 3, -9], [0, 0, 0, 1]])
    values = np.zeros((4, 5, 6), np.uint8)

    def volume(name, change=((0, 0, 0.0),)):
        moved = affine.copy()
        for row, column, by in change:
            moved[row, column] += by
        nibabel.save(nibabel.Nifti1Image(values, moved), tmp_path / f"{name}.nii.gz")
        return tmp_path / f"{name}.nii.gz"

    scan = read_image(volume("scan"))
    check_place(volume("same"), scan)
    check_place(volume("near", [(2, 3, 1.4)]), scan)
    write(tmp_path, "picture.png", half())
    check_place(tmp_path / "picture.png", scan)  # which does not say
    for change in ([(2, 3, 1.6)], [(0, 1, -4.0)], [(2, 2, 0.5)]):
        with pytest.raises(DataError, match=r"far.nii.gz does not lie where scan.nii.gz does"):
            check_place(volume("far", change), scan)

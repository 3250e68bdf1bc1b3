"""A data set in nnU-Net's raw layout, read as nnU-Net documents it, and its predictions."""

import csv
import json
import shutil
from dataclasses import replace
from pathlib import Path

import nibabel
import numpy as np
import pytest
from skimage.io import imread, imsave

from models import bright_model
from napari_unet.cli import main
from napari_unet.config import SplitConfig
from napari_unet.data.cases import IGNORE
from napari_unet.data.dataset import open_dataset, say_unlabelled
from napari_unet.data.splits.split import Split, make_split
from napari_unet.errors import DataError
from napari_unet.exchange.nnunet import export_nnunet

RNG = np.random.default_rng(0)
AFFINE = np.array([[-0.5, 0, 0, 3], [0, 0.1, 2, -4], [0, 0.7, -0.2, 5], [0, 0, 0, 1]])


def cases(root, number, image, mask, ending=".png"):
    """Write images and masks of patients that have two cases each, and a table of them."""
    rows = ["image,mask,patient"]
    for i in range(number):
        for part, make in (("scans", image), ("drawn", mask)):
            path = root / part / f"größe {i}{ending}"
            path.parent.mkdir(parents=True, exist_ok=True)
            values = make(i)
            if ending == ".nii.gz":
                nibabel.save(nibabel.Nifti1Image(values, AFFINE), path)
            else:
                imsave(path, values, check_contrast=False)
        rows.append(f"scans/größe {i}{ending},drawn/größe {i}{ending},P{i // 2}")
    (root / "metadata.csv").write_text("\n".join(rows), encoding="utf-8")
    return open_dataset(root)


def grey(i):
    return RNG.integers(0, 200, (12, 9 + i), np.uint8)


def binary(i):
    mask = np.zeros((12, 9 + i), np.uint8)
    mask[3:7, 2:5] = 255
    return mask


def volume(i):
    return RNG.integers(-900, 900, (5, 6, 4 + i), np.int16)


def classes(i):
    mask = np.zeros((5, 6, 4 + i), np.uint8)
    mask[1:3, 2:4, 1], mask[3:, 4:, 2] = 3, 7
    return mask


def described(folder):
    return json.loads((folder / "dataset.json").read_text(encoding="utf-8"))


def verify(folder, read):
    """Check a folder by the rules of nnU-Net's documentation; return its training images by id."""
    about = described(folder)
    ending, labels = about["file_ending"], about["labels"]
    assert sorted(labels.values()) == list(range(len(labels)))  # consecutive
    assert labels["background"] == 0
    assert labels.get("ignore", len(labels) - 1) == len(labels) - 1
    found = {}
    for part in ("Tr", "Ts"):
        masks = {p.name.removesuffix(ending): p for p in folder.glob(f"labels{part}/*")}
        images = sorted(folder.glob(f"images{part}/*"))
        assert all(p.name.isascii() and p.name.endswith(ending) for p in images)
        assert {p.name[: -len(ending) - 5] for p in images} == set(masks)
        for name, path in masks.items():
            mask = read(path)
            assert set(np.unique(mask)) <= set(labels.values())
            mine = sorted(folder.glob(f"images{part}/{name}_????{ending}"))
            assert [p.name for p in mine] == [f"{name}_{i:04}{ending}" for i in range(len(mine))]
            seen = [read(p) for p in mine]
            channels = sum(s.shape[2] if s.ndim > mask.ndim else 1 for s in seen)
            assert len(about["channel_names"]) == channels
            assert all(s.shape[: mask.ndim] == mask.shape and np.isfinite(s).all() for s in seen)
            if part == "Tr":
                found[name] = seen
    assert len(found) == about["numTraining"]
    return found


def nifti(path):
    return np.asarray(nibabel.load(path).dataobj)


def test_pictures(tmp_path):
    dataset = cases(tmp_path / "data", 8, grey, binary)
    before = {p: p.read_bytes() for p in (tmp_path / "data").rglob("*.*")}
    split = make_split(dataset.cases, SplitConfig(50, 25, 25))
    target = tmp_path / "raw" / "Dataset501_Discs"
    assert list(export_nnunet(dataset, split, target))[-1] == (8, 8)
    verify(target, imread)
    about = described(target)
    assert about["file_ending"] == ".png"
    assert about["overwrite_image_reader_writer"] == "NaturalImage2DIO"
    assert about["channel_names"] == {"0": "image"}
    assert about["labels"] == {"background": 0, "foreground": 1}
    with (target / "cases.csv").open(encoding="utf-8") as file:
        rows = {row["id"]: row for row in csv.DictReader(file)}
    assert {i: row["case"] for i, row in rows.items()} == about["napari_unet"]["cases"]
    for name, row in rows.items():
        part = "Ts" if split.subsets[row["case"]] == "test" else "Tr"
        image = imread(target / f"images{part}" / f"{name}_0000.png")
        assert np.array_equal(image, imread(row["image"]))
        mask = imread(target / f"labels{part}" / f"{name}.png")
        assert np.array_equal(mask, imread(row["mask"]) > 0)
    (fold,) = json.loads((target / "splits_final.json").read_text())
    subsets = {of: {i for i, r in rows.items() if r["subset"] == of} for of in ("train", "val")}
    assert {of: set(fold[of]) for of in fold} == subsets
    people = {of: {rows[i]["patient"] for i in fold[of]} for of in fold}
    assert not people["train"] & people["val"]
    assert {p: p.read_bytes() for p in (tmp_path / "data").rglob("*.*")} == before


def test_volumes_lie_where_their_scans_do(tmp_path):
    dataset = cases(tmp_path / "data", 4, volume, classes, ".nii.gz")
    split = make_split(dataset.cases, SplitConfig(100, 0, 0))
    target = tmp_path / "Dataset502_Organs"
    list(export_nnunet(dataset, split, target, ["CT"]))
    found = verify(target, nifti)
    about = described(target)
    assert about["labels"] == {"background": 0, "class 3": 1, "class 7": 2}
    assert about["channel_names"] == {"0": "CT"}
    assert not (target / "imagesTs").exists()
    for name, case in about["napari_unet"]["cases"].items():
        (original,) = [c for c in dataset.cases if c.name == case]
        assert np.array_equal(found[name][0], nifti(original.image))
        assert found[name][0].dtype == np.int16
        written = nibabel.load(target / "labelsTr" / f"{name}.nii.gz")
        image = nibabel.load(target / "imagesTr" / f"{name}_0000.nii.gz")
        for one in (written, image):
            assert np.allclose(one.affine, AFFINE)
            sizes = nibabel.load(original.image).header.get_zooms()
            assert np.allclose(one.header.get_zooms(), sizes)
        wanted = nifti(original.mask)
        wanted = np.select([wanted == 3, wanted == 7], [1, 2])
        assert np.array_equal(np.asarray(written.dataobj), wanted)
    folds = json.loads((target / "splits_final.json").read_text())
    assert len(folds) == 2  # as many as patients
    assert sorted(folds[0]["val"]) == sorted(folds[1]["train"])


def colour(i):
    return RNG.integers(0, 255, (12, 9 + i, 3), np.uint8)


def wide(i):
    return RNG.integers(0, 60_000, (12, 9 + i), np.uint16)


def wide_colour(i):
    return colour(i).astype(np.uint16) * 256


def real(i):
    image = RNG.normal(size=(12, 9 + i)).astype(np.float32)
    image[0, 0] = np.nan
    return image


@pytest.mark.parametrize(
    ("image", "written", "ending", "names"),
    [
        (colour, ".png", ".png", ["R", "G", "B"]),
        (wide, ".png", ".png", ["image"]),
        (real, ".tif", ".tif", ["image"]),
        (wide_colour, ".tif", ".png", ["channel 1", "channel 2", "channel 3"]),
    ],
)
def test_kinds_of_pictures(tmp_path, image, written, ending, names):
    dataset = cases(tmp_path / "data", 2, image, binary, written)
    target = tmp_path / "Dataset503_Kinds"
    list(export_nnunet(dataset, make_split(dataset.cases, SplitConfig(100, 0, 0)), target))
    found = verify(target, imread)
    about = described(target)
    assert list(about["channel_names"].values()) == names
    assert about["file_ending"] == ending
    for name, seen in found.items():
        (path,) = [c.image for c in dataset.cases if c.name == about["napari_unet"]["cases"][name]]
        original = imread(path)
        joined = seen[0] if len(seen) == 1 else np.stack(seen, -1)
        same = np.isfinite(original)
        assert np.array_equal(joined[same], original[same])
        assert joined.dtype == original.dtype
    assert not (target / "splits_final.json").exists()  # of one patient


def test_pixels_that_nobody_labelled_are_the_highest_label(tmp_path):
    def strokes(i):
        return np.where(np.arange(12 * 9).reshape(12, 9) % 5 == i, 128, binary(0)).astype(np.uint8)

    dataset = say_unlabelled(cases(tmp_path / "data", 4, lambda i: grey(0), strokes), [128])
    target = tmp_path / "Dataset504_Strokes"
    list(export_nnunet(dataset, make_split(dataset.cases, SplitConfig(50, 0, 50)), target))
    verify(target, imread)
    assert described(target)["labels"]["ignore"] == 2
    for path in target.glob("labelsT?/*.png"):
        assert (imread(path) == 2).any()
        assert not (imread(path) == IGNORE).any()


def test_what_nnunet_cannot_take_is_refused(tmp_path):
    dataset = cases(tmp_path / "data", 2, grey, binary)
    split = make_split(dataset.cases, SplitConfig(100, 0, 0))
    for name in ("raw", "Dataset5_Short", "Dataset505", "Dataset505_ä"):
        with pytest.raises(DataError, match="DatasetNNN_Name"):
            list(export_nnunet(dataset, split, tmp_path / name))
    full = tmp_path / "Dataset505_Full"
    (full / "imagesTr").mkdir(parents=True)
    with pytest.raises(DataError, match="not empty"):
        list(export_nnunet(dataset, split, full))
    target = tmp_path / "Dataset506_New"
    with pytest.raises(DataError, match="2 names for images of 1 channels"):
        list(export_nnunet(dataset, split, target, ["T1", "T2"]))
    tested = Split(dict.fromkeys(split.subsets, "test"), (0, 0, 1), 0)
    for none in (Split({}, (1, 0, 0), 0), tested):
        with pytest.raises(DataError, match="no case to train on"):
            list(export_nnunet(dataset, none, target))
    shutil.rmtree(full)
    steps = export_nnunet(dataset, split, target)
    next(steps), next(steps)
    steps.close()
    assert [p.name for p in tmp_path.iterdir()] == ["data"]


def test_pictures_among_volumes_are_refused(tmp_path):
    table = tmp_path / "data" / "metadata.csv"
    cases(tmp_path / "data", 2, grey, binary)
    rows = table.read_text(encoding="utf-8")
    cases(tmp_path / "data", 2, volume, classes, ".nii.gz")
    rows += table.read_text(encoding="utf-8").partition("patient")[2]
    table.write_text(rows, encoding="utf-8")
    dataset = open_dataset(tmp_path / "data")
    split = make_split(dataset.cases, SplitConfig(100, 0, 0))
    with pytest.raises(DataError, match=r"is a picture and .* a volume"):
        list(export_nnunet(dataset, split, tmp_path / "Dataset507_Both"))


def test_names_that_mean_something_to_nnunet_are_changed(tmp_path):
    def plane(i):
        return classes(0).max(axis=2)

    dataset = cases(tmp_path / "data", 2, lambda i: plane(i) * 20, plane)
    labels = replace(dataset.labels, values=(3, 7), names=("ignore", "background"))
    target = tmp_path / "Dataset508_Names"
    split = make_split(dataset.cases, SplitConfig(100, 0, 0))
    list(export_nnunet(replace(dataset, labels=labels), split, target))
    assert described(target)["labels"] == {"background": 0, "ignore 1": 1, "background 2": 2}


# --- predictions ------------------------------------------------------------------------------


@pytest.fixture
def predicted(tmp_path) -> tuple[Path, Path, Path]:
    """A data set, its export, and what nnU-Net would leave beside its predictions of all cases."""
    dataset = cases(tmp_path / "data", 6, grey, binary)
    target = tmp_path / "raw" / "Dataset509_Discs"
    list(export_nnunet(dataset, make_split(dataset.cases, SplitConfig(60, 0, 40)), target))
    out = tmp_path / "out"
    out.mkdir()
    for path in target.glob("labelsT?/*.png"):
        shutil.copy(path, out)
        np.savez(out / f"{path.stem}.npz", probabilities=np.zeros((2, 1, 4, 4)))
    for name in ("plans.json", "predict_from_raw_data_args.json"):
        (out / name).write_text("{}")
    shutil.copy(target / "dataset.json", out)
    return tmp_path / "data", target, out


def compare(capsys, folder, *options):
    plain = ["--subset", "all", "--json", "--no-surfaces"]
    assert main(["compare", str(folder), *map(str, options), *plain]) == 0
    return capsys.readouterr()


def test_predictions_are_compared_from_the_command_line(predicted, capsys, tmp_path):
    folder, _, out = predicted
    model = bright_model(tmp_path / "bright.unet.safetensors")
    gone, *_ = sorted(out.glob("*.png"))
    shutil.copy(gone, out / "of_nobody.png")
    gone.unlink()
    told = compare(capsys, folder, "--model", model, "--reader", f"nnU-Net={out}")
    found = json.loads(told.out)
    assert found["columns"] == ["bright", "nnU-Net"]
    assert found["kinds"] == ["model", "reader"]
    scores = {s["name"]: s for s in found["scores"][1]}
    assert sum(not s["error"] for s in scores.values()) == 5
    assert all(s["dice"] == 1 for s in scores.values() if not s["error"])
    assert "nnU-Net has no mask of 1 of 6 cases" in told.err
    assert "nnU-Net has 1 masks of no case" in told.err
    assert "of_nobody.png" in told.err


def test_the_data_set_s_own_labels_can_be_scored_too(predicted, capsys):
    folder, target, out = predicted
    readers = ["--reader", f"nnU-Net={out}", "--reader", target / "labelsTr"]
    found = json.loads(compare(capsys, folder, *readers).out)
    assert found["columns"] == ["nnU-Net", "labelsTr"]
    main(["score", str(out), str(target / "labelsTr"), "--json", "--no-surfaces"])
    assert json.loads(capsys.readouterr().out)["mean"]["dice"] == 1


def test_predictions_that_lie_elsewhere_are_refused(tmp_path, capsys):
    dataset = cases(tmp_path / "data", 4, volume, classes, ".nii.gz")
    target = tmp_path / "Dataset510_Organs"
    list(export_nnunet(dataset, make_split(dataset.cases, SplitConfig(100, 0, 0)), target))
    out = tmp_path / "out"
    shutil.copytree(target / "labelsTr", out)
    shutil.copy(target / "dataset.json", out)
    first, *_ = sorted(out.glob("*.nii.gz"))
    image = nibabel.load(first)
    affine = image.affine.copy()
    affine[0, 3] += 1
    nibabel.save(nibabel.Nifti1Image(np.asarray(image.dataobj), affine), first)
    readers = ["--reader", f"moved={out}", "--reader", target / "labelsTr"]
    moved, same = json.loads(compare(capsys, tmp_path / "data", *readers).out)["scores"]
    (wrong,) = [s for s in moved if s["error"]]
    assert f"{first.name} does not lie where" in wrong["error"]
    assert not any(s["error"] for s in same)
    assert all(s["dice"] == 1 for s in [*same, *moved] if not s["error"])


def test_a_split_is_exported_from_the_command_line(tmp_path, capsys):
    cases(tmp_path / "data", 4, grey, binary)
    target = tmp_path / "Dataset511_Discs"
    split = ["split", str(tmp_path / "data"), "--split", "50:0:50", "--export", str(target)]
    main([*split, "--layout", "nnunet", "--channels", "T1"])
    assert described(target)["channel_names"] == {"0": "T1"}
    verify(target, imread)

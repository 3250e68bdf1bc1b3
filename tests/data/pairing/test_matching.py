"""Pairing by names, layout by layout."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from napari_unet.data.pairing.matching import match
from napari_unet.data.pairing.tree import scan


def pairs(root) -> dict[str, str]:
    return {m.image.rel: m.mask.rel for m in match(scan(root).files).pairs}


LAYOUTS = {
    "images and masks": {"images/1.png": "masks/1.png", "images/10.png": "masks/10.png"},
    "other suffix": {"images/a.jpg": "masks/a.png", "images/b.JPG": "masks/b.png"},
    "medical decathlon": {"imagesTr/a_1.tif": "labelsTr/a_1.tif",
                          "imagesTr/b.tif": "labelsTr/b.tif"},
    "nnU-Net": {"imagesTr/a_0000.png": "labelsTr/a.png", "imagesTr/b_0000.png": "labelsTr/b.png"},
    "singular": {"image/0.png": "label/0.png"},
    "img and gt": {"img/0.png": "gt/0.png"},
    "below splits": {"train/images/1.png": "train/masks/1.png",
                     "test/images/1.png": "test/masks/1.png"},
    "above splits": {"images/train/1.png": "masks/train/1.png",
                     "images/test/1.png": "masks/test/1.png"},
    "glued splits": {"train/1.png": "trainannot/1.png", "test/1.png": "testannot/1.png"},
    "x and y": {"x_train/1.npy": "y_train/1.npy", "x_test/1.npy": "y_test/1.npy"},
    "beside": {"p1/s_1.tif": "p1/s_1_mask.tif", "p1/s_10.tif": "p1/s_10_mask.tif"},
    "beside, in a project": {"brain-segmentation/p1/a.tif": "brain-segmentation/p1/a_mask.tif",
                             "brain-segmentation/p2/a.tif": "brain-segmentation/p2/a_mask.tif"},
    "affix elsewhere": {"images/1.png": "masks/1_mask.png", "images/11.png": "masks/11_mask.png"},
    "prefix": {"images/5.png": "truth/gt_5.png", "images/55.png": "truth/gt_55.png"},
    "words on both sides": {"image_001.png": "mask_001.png", "image_002.png": "mask_002.png"},
    "words without a bar": {"img1.png": "seg1.png", "img10.png": "seg10.png"},
    "a folder per case": {"p1/image.png": "p1/mask.png", "p2/image.png": "p2/mask.png"},
    "ISIC": {"T1-2_Training_Input/I_1.jpg": "T1_Training_GroundTruth/I_1_segmentation.png",
             "T1-2_Valid_Input/I_2.jpg": "T1_Valid_GroundTruth/I_2_segmentation.png"},
    "BUSI": {"Dataset_with_GT/benign/benign (1).png": "Dataset_with_GT/benign/benign (1)_mask.png",
             "Dataset_with_GT/normal/normal (1).png": "Dataset_with_GT/normal/normal (1)_mask.png"},
    "Pratheepan": {"P/FacePhoto/m(01-32)_gr.jpg": "GT/GroundT_FacePhoto/m(01-32)_gr.png",
                   "P/FamilyPhoto/a__3x4,0.jpeg": "GT/GroundT_FamilyPhoto/a__3x4,0.png"},
    "CVC": {"Original/1.tif": "Ground Truth/1.tif"},
    "VOC": {"JPEGImages/2007_1.jpg": "SegmentationClass/2007_1.png"},
    "masks below the images": {"1.png": "masks/1.png", "2.png": "masks/2.png"},
    "chest": {"CXR_png/C_1.png": "masks/C_1_mask.png", "CXR_png/C_2.png": "masks/C_2_mask.png"},
    "suffix kept in the name": {"images/a.jpg": "masks/a.jpg.png"},
    "GlaS": {"testA_1.bmp": "testA_1_anno.bmp", "train_1.bmp": "train_1_anno.bmp"},
    "patients in both": {"images/p1/1.png": "masks/p1/1.png", "images/p2/1.png": "masks/p2/1.png"},
    "other case": {"images/A1.png": "masks/a1.PNG"},
    "decomposed letters": {"images/Zoe\u0308.png": "masks/Zo\u00eb.png"},
}  # fmt: skip


@pytest.mark.parametrize("layout", LAYOUTS)
def test_layouts(folder, layout: str) -> None:
    expected = LAYOUTS[layout]
    root = folder(*expected, *expected.values())
    assert pairs(root) == expected
    assert all(m.reason for m in match(scan(root).files).pairs)


NEVER = {
    "a longer number": ("images/1.png", "masks/10.png"),
    "a longer number with an affix": ("X_10.png", "X_1_mask.png"),
    "another patient": ("p1/images/1.png", "p1/images/2.png", "p1/masks/2.png", "p2/masks/1.png"),
    "another split": ("train/images/1.png", "train/masks/2.png", "train/images/2.png",
                      "test/masks/1.png"),
    "two of the same name": ("a/1.png", "b/1.png", "masks/1.png"),
    "case that is not clear": ("images/A.png", "images/a.PNG", "masks/á.png", "masks/ä.png"),
}  # fmt: skip


@pytest.mark.parametrize("layout", NEVER)
def test_never(folder, layout: str) -> None:
    files = NEVER[layout]
    wrong = {(files[0], files[-1])}
    found = match(scan(folder(*files)).files, guess=False)
    assert not wrong & {(p.image.rel, p.mask.rel) for p in found.pairs}


def test_what_a_better_one_replaces_is_said(folder) -> None:
    found = match(
        scan(folder("images/1.png", "raw/1.png", "masks/1.png", "annotations/1.png")).files
    )
    assert [(p.image.rel, p.mask.rel) for p in found.pairs] == [("images/1.png", "masks/1.png")]
    assert {f.rel for f in found.spare} == {"raw/1.png", "annotations/1.png"}


def test_the_same_suffix_is_preferred_among_copies(folder) -> None:
    found = match(scan(folder("images/1.jpg", "images/1.png", "masks/1.png")).files)
    assert [(p.image.rel, p.mask.rel) for p in found.pairs] == [("images/1.png", "masks/1.png")]


@given(st.lists(st.integers(0, 2000), min_size=2, max_size=30, unique=True), st.data())
def test_names_pair_only_when_they_are_equal(tmp_path_factory, numbers: list[int], data) -> None:
    root = tmp_path_factory.mktemp("numbers")
    with_mask = data.draw(st.sets(st.sampled_from(numbers), min_size=1))
    for n in numbers:
        (root / f"X_{n}.png").touch()
        if n in with_mask:
            (root / f"X_{n}_mask.png").touch()
    found = pairs(root)
    assert found == {f"X_{n}.png": f"X_{n}_mask.png" for n in with_mask}


def test_time_grows_with_the_number_of_files_only(folder) -> None:
    names = [f"{kind}/{i % 50}/x{i}.png" for i in range(10_000) for kind in ("images", "masks")]
    root = folder(*names)
    start = time.perf_counter()
    assert len(pairs(root)) == 10_000
    assert time.perf_counter() - start < 20

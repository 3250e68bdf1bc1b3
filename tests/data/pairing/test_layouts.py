"""Layouts of published data sets, rebuilt from their documentation as trees of empty files.

Each gives the pairs that a person would make, and a word from the reason for every other file.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

import pytest

from napari_unet.data.pairing.find import Pairing, find_pairs


class Layout(NamedTuple):
    """Image to mask (or masks, separated by blanks), and other files to a word of their reason."""

    pairs: dict[str, str]
    others: Mapping[str, str] = MappingProxyType({})


LAYOUTS = {
    "Carvana": Layout(
        {f"train/{car}.jpg": f"train_masks/{car}_mask.gif" for car in ("00087a_01", "00087a_10")},
        {"test/0004d4_01.jpg": "images to be tested on"},
    ),
    "ISIC 2018": Layout(
        {
            f"ISIC2018_Task1-2_Training_Input/ISIC_{n}.jpg":
            f"ISIC2018_Task1_Training_GroundTruth/ISIC_{n}_segmentation.png"
            for n in ("0000000", "0000001")
        },
        {"ISIC2018_Task1-2_Training_Input/ATTRIBUTION.txt": "not an image format"},
    ),
    "CVC-ClinicDB": Layout({f"Original/{n}.tif": f"Ground Truth/{n}.tif" for n in (1, 2, 10)}),
    "Kvasir-SEG": Layout(
        {f"Kvasir-SEG/images/{n}.jpg": f"Kvasir-SEG/masks/{n}.jpg" for n in ("cju0", "cju1")},
        {"Kvasir-SEG/kavsir_bboxes.json": "as text"},
    ),
    "DRIVE": Layout(
        {
            "DRIVE/training/images/21_training.tif": "DRIVE/training/1st_manual/21_manual1.gif",
            "DRIVE/training/images/22_training.tif": "DRIVE/training/1st_manual/22_manual1.gif",
            "DRIVE/test/images/01_test.tif": "DRIVE/test/1st_manual/01_manual1.gif",
        },
        {
            "DRIVE/training/mask/21_training_mask.gif": "field of view",
            "DRIVE/training/mask/22_training_mask.gif": "field of view",
            "DRIVE/test/mask/01_test_mask.gif": "field of view",
            "DRIVE/test/2nd_manual/01_manual2.gif": "another file",
        },
    ),
    "HRF": Layout(
        {"images/01_dr.JPG": "manual1/01_dr.tif", "images/02_g.jpg": "manual1/02_g.tif"},
        {"mask/01_dr_mask.tif": "field of view", "mask/02_g_mask.tif": "field of view"},
    ),
    "CHASE_DB1": Layout(
        {f"Image_{n}.jpg": f"Image_{n}_1stHO.png" for n in ("01L", "01R")},
        {"Image_01L_2ndHO.png": "another file", "Image_01R_2ndHO.png": "another file"},
    ),
    "Cityscapes": Layout(
        {
            f"leftImg8bit/{s}/{c}/{c}_000000_000019_leftImg8bit.png":
            f"gtFine/{s}/{c}/{c}_000000_000019_gtFine_labelIds.png"
            for s, c in (("train", "aachen"), ("val", "munster"))
        },
        {
            f"gtFine/train/aachen/aachen_000000_000019_gtFine_{kind}": reason
            for kind, reason in {"color.png": "another file", "instanceIds.png": "another file",
                                 "polygons.json": "as text"}.items()
        },
    ),
    "CamVid": Layout(
        {f"701_StillsRaw_full/0001TP_{n}.png": f"LabeledApproved_full/0001TP_{n}_L.png"
         for n in ("006690", "006720")},
    ),
    "CamVid with splits": Layout(
        {f"CamVid/{s}/0001TP_{n}.png": f"CamVid/{s}_labels/0001TP_{n}_L.png"
         for s, n in (("train", 6690), ("train", 6720), ("val", 7959))},
    ),
    "Pascal VOC": Layout(
        {f"VOC2012/JPEGImages/{n}.jpg": f"VOC2012/SegmentationClass/{n}.png"
         for n in ("2007_000032", "2007_000039")},
        {
            "VOC2012/SegmentationObject/2007_000032.png": "another file",
            "VOC2012/JPEGImages/2008_000001.jpg": "no mask",
            "VOC2012/Annotations/2007_000032.xml": "as text",
            "VOC2012/ImageSets/Segmentation/train.txt": "a list of names",
        },
    ),
    "Oxford pets": Layout(
        {f"images/{n}.jpg": f"annotations/trimaps/{n}.png" for n in ("Abyssinian_1", "beagle_10")},
        {"annotations/xmls/beagle_10.xml": "as text", "annotations/list.txt": "as text"},
    ),
    "MoNuSeg with masks": Layout(
        {f"Tissue Images/{n}.tif": f"Binary_masks/{n}.png" for n in ("TCGA-18-5592-01Z", "TCGA-A")},
        {"Annotations/TCGA-18-5592-01Z.xml": "as text"},
    ),
    "Cellpose": Layout(
        {f"train/{n}_img.png": f"train/{n}_masks.png" for n in ("000", "001")},
    ),
    "Cellpose's own results": Layout(
        {"a.tif": "a_cp_masks.tif", "b.tif": "b_cp_masks.tif"},
        {"a_seg.npy": "another file", "b_seg.npy": "another file"},
    ),
    "StarDist": Layout(
        {f"dsb2018/{s}/images/{n}.tif": f"dsb2018/{s}/masks/{n}.tif"
         for s, n in (("train", "0a"), ("train", "0b"), ("test", "0c"))},
    ),
    "Data Science Bowl 2018": Layout(
        {
            "stage1_train/00ae65/images/00ae65.png":
            "stage1_train/00ae65/masks/1a9.png stage1_train/00ae65/masks/2e5.png",
            "stage1_train/0a7d30/images/0a7d30.png": "stage1_train/0a7d30/masks/adc3.png",
        },
        {"stage1_test/0114f4/images/0114f4.png": "images to be tested on"},
    ),
    "BUSI, some with several masks": Layout(
        {
            "benign/benign (100).png":
            "benign/benign (100)_mask.png benign/benign (100)_mask_1.png "
            "benign/benign (100)_mask_2.png",
            "benign/benign (10).png": "benign/benign (10)_mask.png",
            "normal/normal (1).png": "normal/normal (1)_mask.png",
        },
    ),
    "one numbered mask per object": Layout(
        {"a.png": "a_mask_1.png a_mask_2.png a_mask_10.png", "b.png": "b_cell_003.png"},
    ),
    "a folder of objects named like the image": Layout(
        {"images/a.png": "masks/a/1.png masks/a/2.png", "images/b.png": "masks/b/1.png"},
    ),
    "counted objects in a folder for masks": Layout(
        {f"images/{n}.png": f"masks/{n}_1.png masks/{n}_2.png" for n in "ab"},
    ),
    "PH2": Layout(
        {f"{n}/{n}_Dermoscopic_Image/{n}.bmp": f"{n}/{n}_lesion/{n}_lesion.bmp"
         for n in ("IMD002", "IMD003")},
        {"IMD002/IMD002_roi/IMD002_R1_Label1.bmp": "no mask"},
    ),
    "Cell Tracking Challenge": Layout(
        {f"Fluo/01/t{n}.tif": f"Fluo/01_GT/SEG/man_seg{n}.tif" for n in ("000", "013")}
        | {"Fluo/02/t000.tif": "Fluo/02_GT/SEG/man_seg000.tif"},
        {"Fluo/01_GT/TRA/man_track000.tif": "no image", "Fluo/01/t001.tif": "no mask",
         "Fluo/01_GT/TRA/man_track.txt": "as text"},
    ),
    "ImageJ": Layout({"blobs.tif": "Mask of blobs.tif", "cells.tif": "Mask of cells.tif"}),
    "Supervisely": Layout(
        {f"ds/img/{n}.jpg": f"ds/masks_machine/{n}.jpg.png" for n in ("a", "b")},
        {"ds/ann/a.jpg.json": "as text", "meta.json": "as text"},
    ),
    "YOLO beside masks": Layout(
        {"train/images/1.jpg": "train/masks/1.png"}, {"train/labels/1.txt": "as text"}
    ),
    "Montgomery": Layout(
        {f"CXR_png/MCUCXR_000{n}_0.png": f"ManualMask/leftMask/MCUCXR_000{n}_0.png "
         f"ManualMask/rightMask/MCUCXR_000{n}_0.png" for n in (1, 2)},
        {"ClinicalReadings/MCUCXR_0001_0.txt": "not an image format"},
    ),
    "COCO stuff": Layout(
        {f"images/train2017/{n}.jpg": f"annotations/train2017/{n}.png" for n in ("0001", "0002")},
    ),
}  # fmt: skip
VOLUMES = {
    "Medical Segmentation Decathlon": Layout(
        {f"Task04/imagesTr/hippocampus_{n}.nii.gz": f"Task04/labelsTr/hippocampus_{n}.nii.gz"
         for n in ("001", "010")},
        {"Task04/imagesTs/hippocampus_002.nii.gz": "images to be tested on",
         "Task04/dataset.json": "as text"},
    ),
    "nnU-Net": Layout(
        {f"Dataset001_X/imagesTr/x_{n}_0000.nii.gz": f"Dataset001_X/labelsTr/x_{n}.nii.gz"
         for n in ("001", "002")},
        {"Dataset001_X/imagesTr/x_001_0001.nii.gz": "another channel",
         "Dataset001_X/imagesTs/x_009_0000.nii.gz": "images to be tested on"},
    ),
    "BraTS 2020": Layout(
        {f"BraTS20_Training_{n}/BraTS20_Training_{n}_flair.nii":
         f"BraTS20_Training_{n}/BraTS20_Training_{n}_seg.nii" for n in ("001", "002")},
        {f"BraTS20_Training_{n}/BraTS20_Training_{n}_{kind}.nii": "another kind of scan"
         for n in ("001", "002") for kind in ("t1", "t1ce", "t2")}
        | {"name_mapping.csv": "holds no rows"},
    ),
    "BraTS 2023": Layout(
        {"BraTS-GLI-00000-000/BraTS-GLI-00000-000-t2f.nii.gz":
         "BraTS-GLI-00000-000/BraTS-GLI-00000-000-seg.nii.gz"},
        {"BraTS-GLI-00000-000/BraTS-GLI-00000-000-t1c.nii.gz": "another kind of scan"},
    ),
    "a folder per patient, a file per kind of scan": Layout(
        {f"{p}/flair.nii.gz": f"{p}/seg.nii.gz" for p in ("p1", "p2")},
        {f"{p}/t2.nii.gz": "another kind of scan" for p in ("p1", "p2")},
    ),
    "ACDC": Layout(
        {f"training/patient001/patient001_frame{n}.nii.gz":
         f"training/patient001/patient001_frame{n}_gt.nii.gz" for n in ("01", "12")},
        {"training/patient001/patient001_4d.nii.gz": "no mask",
         "training/patient001/Info.cfg": "not an image format"},
    ),
    "LiTS": Layout(
        {f"Training Batch 1/volume-{n}.nii": f"Training Batch 1/segmentation-{n}.nii"
         for n in (0, 1, 10)},
    ),
    "KiTS": Layout(
        {f"data/case_0000{n}/imaging.nii.gz": f"data/case_0000{n}/segmentation.nii.gz"
         for n in (0, 1)},
        {"data/kits.json": "as text"},
    ),
    "3D Slicer": Layout(
        {"p1/ct.nrrd": "p1/ct.seg.nrrd", "p2/scan.nrrd": "p2/scan.seg.nrrd",
         "images/7.nrrd": "segmentations/7.seg.nrrd"},
    ),
    "PROMISE12": Layout(
        {f"Case{n}.mhd": f"Case{n}_segmentation.mhd" for n in ("00", "01")},
        {"Case00.raw": "pixels of Case00.mhd", "Case00_segmentation.raw": "pixels of Case00_seg"},
    ),
    "BIDS": Layout(
        {f"sub-0{n}/anat/sub-0{n}_T1w.nii.gz": f"derivatives/manual_masks/sub-0{n}/anat/"
         f"sub-0{n}_T1w.nii.gz" for n in (1, 2)},
    ),
}  # fmt: skip


def found_pairs(pairing: Pairing, root: Path) -> dict[str, str]:
    return {
        p.image.relative_to(root).as_posix(): " ".join(
            m.relative_to(root).as_posix() for m in p.masks
        )
        for p in pairing.pairs
    }


def check(layout: Layout, folder: Callable[..., Path]) -> None:
    masks = [m for v in layout.pairs.values() for m in ([v] if _single(v) else _several(v))]
    root = folder(*layout.pairs, *masks, *layout.others)
    found = find_pairs(root)
    assert found_pairs(found, root) == layout.pairs
    reasons = {u.path.relative_to(root).as_posix(): u.reason for u in found.unpaired}
    assert set(reasons) == set(layout.others)
    assert {name: word in reasons[name] for name, word in layout.others.items()} == dict.fromkeys(
        layout.others, True
    ), reasons
    assert all(p.reason and p.confidence >= 0.7 for p in found.pairs)


def _single(masks: str) -> bool:
    return ".png " not in masks


def _several(masks: str) -> list[str]:
    """Split at the blanks that follow a suffix, since names may hold blanks as well."""
    return [part + ".png" for part in masks.removesuffix(".png").split(".png ")]


@pytest.mark.parametrize("name", LAYOUTS)
def test_published_layouts(name: str, folder: Callable[..., Path]) -> None:
    check(LAYOUTS[name], folder)


@pytest.mark.parametrize("name", VOLUMES)
def test_published_layouts_of_volumes(name: str, folder: Callable[..., Path]) -> None:
    check(VOLUMES[name], folder)

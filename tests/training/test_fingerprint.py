import numpy as np
import pytest

from napari_unet.data.dataset import open_dataset
from napari_unet.errors import DataError
from napari_unet.training.fingerprint import fingerprint


def folder(tmp_path, images, masks):
    for part, arrays in (("images", images), ("masks", masks)):
        (tmp_path / part).mkdir()
        for i, array in enumerate(arrays):
            np.save(tmp_path / part / f"{i}.npy", array)
    return tmp_path


def squares(side, number, size):
    """Return a mask with a row of squares, each with a speck beside it."""
    mask = np.zeros((side, side), np.uint8)
    for i in range(number):
        start = i * (size + 6)
        mask[4 : 4 + size, start : start + size] = 255
        mask[4, start + size + 2] = 255
    return mask


def test_objects_are_counted_without_specks(tmp_path):
    masks = [squares(100, 5, 10), squares(100, 5, 10), np.zeros((100, 100), np.uint8)]
    dataset = open_dataset(folder(tmp_path, masks, masks))
    found = fingerprint(dataset.cases, dataset)
    assert (found.cases, found.images, found.side, found.volumes) == (3, 3, 100, False)
    assert found.objects == 5
    assert found.diameter == pytest.approx(10)
    assert found.foreground == pytest.approx(2 * 505 / 30_000)
    assert found.labelled == 1


def test_of_volumes_planes_are_counted(tmp_path):
    mask = np.zeros((12, 20, 30), np.uint8)
    mask[2:8, 4:12, 4:12] = 1
    dataset = open_dataset(folder(tmp_path, [mask * 100] * 4, [mask] * 4))
    found = fingerprint(dataset.cases, dataset)
    assert found.volumes
    assert found.images == 4 * 12
    assert set(found.shapes) == {(12, 20, 30)}
    assert found.planes[0] == (20, 30)
    assert (found.objects, found.diameter) == (1, 8)


def test_nothing_readable_is_an_error(tmp_path):
    masks = [squares(40, 1, 10)] * 2
    dataset = open_dataset(folder(tmp_path, masks, masks))
    for case in dataset.cases:
        case.image.write_bytes(b"no")
    with pytest.raises(DataError, match="None of the training images"):
        fingerprint(dataset.cases, dataset)


def heads(tmp_path, tumour):
    """Write bright squares in wide dark margins, with a tumour at a place."""
    image, mask = np.zeros((64, 64), np.uint8), np.zeros((64, 64), np.uint8)
    image[16:48, 20:44] = 150
    mask[tumour] = 255
    dataset = open_dataset(folder(tmp_path, [image] * 3, [mask] * 3))
    return fingerprint(dataset.cases, dataset)


def test_dark_margins_are_measured(tmp_path):
    found = heads(tmp_path, np.s_[20:30, 25:35])
    assert found.contents == ((36, 28),) * 3
    assert found.margin == pytest.approx(1 - 36 * 28 / 64**2)


def test_a_margin_that_holds_foreground_is_none(tmp_path):
    found = heads(tmp_path, np.s_[2:30, 25:35])
    assert (found.contents, found.margin) == ((), 0.0)

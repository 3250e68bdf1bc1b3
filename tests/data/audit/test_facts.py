import numpy as np
import pytest

from napari_unet.data.audit import facts
from napari_unet.data.audit.facts import look_at
from napari_unet.data.cases import Case, LabelRule


@pytest.fixture
def case(tmp_path):
    def make(image, mask, **more):
        for name, array in {"image": image, "mask": mask}.items():
            np.save(tmp_path / f"{name}.npy", array)
        return Case("a", tmp_path / "image.npy", tmp_path / "mask.npy", "p", "name", **more)

    return make


def test_what_is_seen_of_a_case(case, disc):
    image = np.arange(24 * 32, dtype=np.uint16).reshape(24, 32)
    found = look_at(case(image, disc * 255), LabelRule(threshold=127), "test")
    assert (found.name, found.patient, found.subset) == ("a", "p", "test")
    assert found.shape == found.mask_shape == (24, 32)
    assert (found.channels, found.dtype) == (1, "uint16")
    assert (found.low, found.high) == (0, 767)
    assert found.mean == pytest.approx(image.mean())
    assert found.spread == pytest.approx(image.std())
    assert found.classes == (disc.size - disc.sum(), disc.sum())
    assert found.foreground == disc.sum()
    assert found.pixels and found.labels and found.look is not None
    assert not found.image_error and not found.mask_error and not found.partial


def test_classes_are_counted_by_the_rule(case, disc):
    rule = LabelRule(values=(7, 9, 11), names=("a", "b", "c"))
    mask = np.where(disc, 9, 0).astype(np.uint8)
    mask[0, :3] = 7
    assert look_at(case(disc, mask), rule).classes == (disc.size - disc.sum() - 3, 3, disc.sum(), 0)


def test_blank_masks_and_flat_images(case, disc):
    found = look_at(case(np.full((24, 32), 5), disc * 0), LabelRule())
    assert found.flat and found.look is None
    assert found.labels == b"" and found.foreground == 0
    assert found.classes == (disc.size, 0)


def test_values_that_are_no_numbers(case, disc):
    image = np.ones((24, 32), np.float32)
    image[0] = np.nan
    image[1, 0] = np.inf
    image[5, 5] = 3
    found = look_at(case(image, disc), LabelRule())
    assert found.not_finite == pytest.approx(33 / image.size)
    assert (found.low, found.high) == (1, 3)
    nothing = look_at(case(np.full((24, 32), np.nan), disc), LabelRule())
    assert nothing.not_finite == 1
    assert nothing.look is None


def test_files_that_cannot_be_read_are_facts(case, disc):
    broken = case(disc, disc)
    broken.image.write_bytes(b"no image")
    found = look_at(broken, LabelRule())
    assert "image.npy" in found.image_error
    assert found.shape == () and found.pixels == b"" and not found.flat
    assert found.classes  # the mask is looked at all the same
    broken.mask.unlink()
    assert "mask.npy" in look_at(broken, LabelRule()).mask_error


def test_colour(case, disc):
    image = np.zeros((24, 32, 3), np.uint8)
    image[..., 2] = disc * 90
    found = look_at(case(image, disc), LabelRule())
    assert (found.shape, found.channels) == ((24, 32), 3)
    assert found.look is not None


def test_several_masks_are_one(case, disc, tmp_path):
    other = np.zeros_like(disc)
    other[20:, :4] = 1
    np.save(tmp_path / "second.npy", other)
    masks = (tmp_path / "mask.npy", tmp_path / "second.npy")
    found = look_at(case(disc, disc, masks=masks), LabelRule())
    assert found.foreground == disc.sum() + 16


def test_large_images_are_looked_at_in_part(case, disc, monkeypatch):
    monkeypatch.setattr(facts, "LARGE", disc.size)  # bytes: half of the image
    found = look_at(case(disc.astype(np.uint16), disc), LabelRule())
    assert found.partial
    assert found.shape == (24, 32)

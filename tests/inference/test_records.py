"""What is there already is told from what is not."""

from napari_unet.events import ClassSize, Segmented
from napari_unet.inference.records import Records, fingerprint, set_aside, state

RESULT = Segmented("i", "o", "", "m", 0.5, 1.0, (ClassSize("a", 3, 0.5, 1),))


def files(tmp_path):
    image, target = tmp_path / "i.png", tmp_path / "out" / "sub" / "o.png"
    target.parent.mkdir(parents=True)
    image.write_bytes(b"image")
    target.write_bytes(b"labels")
    return image, target


def test_a_record_is_found_for_the_same_image_and_settings(tmp_path):
    image, target = files(tmp_path)
    records = Records(tmp_path / "out", {"threshold": 0.5})
    assert records.find(image, target) is None
    records.keep(image, target, RESULT)
    found = records.find(image, target)
    assert (found.result.sizes[0].pixels, found.changed) == (3, False)
    assert Records(tmp_path / "out", {"threshold": 0.6}).find(image, target) is None
    image.write_bytes(b"another")
    assert records.find(image, target) is None


def test_a_result_that_was_corrected(tmp_path):
    image, target = files(tmp_path)
    records = Records(tmp_path / "out", {})
    assert not records.ours(target)
    records.keep(image, target, RESULT)
    assert records.ours(target)
    target.write_bytes(b"corrected")
    assert records.find(image, target).changed
    assert not records.ours(target)
    target.unlink()
    assert records.find(image, target) is None


def test_a_folder_changes_with_what_is_in_it(tmp_path):
    folder = tmp_path / "a.zarr"
    (folder / "0").mkdir(parents=True)
    (folder / "0" / "chunk").write_bytes(b"12")
    before = state(folder)
    (folder / "0" / "chunk").write_bytes(b"123")
    assert state(folder) != before
    assert state(tmp_path / "none") == []


def test_models_are_told_apart_by_what_is_in_them(tmp_path):
    for name, content in (("a", b"1"), ("b", b"1"), ("c", b"2")):
        (tmp_path / name).write_bytes(content)
    a, b, c = (fingerprint(tmp_path / n) for n in "abc")
    assert a == b != c


def test_what_is_set_aside_keeps_its_suffix(tmp_path):
    for content in (b"1", b"1"):
        (tmp_path / "a.nii.gz").write_bytes(content)
        set_aside(tmp_path / "a.nii.gz")
    assert len(list(tmp_path.glob("a.2*.nii.gz"))) == 2

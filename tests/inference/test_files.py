import csv
import errno
import shutil

import nibabel
import numpy as np
import pytest
from skimage.io import imread, imsave

from models import bright_model
from napari_unet.card import read_card
from napari_unet.config import CleanUp, SegmentConfig
from napari_unet.data.formats import read_image, read_mask, write_labels
from napari_unet.data.readers import writers
from napari_unet.data.scan import Scan
from napari_unet.errors import DataError
from napari_unet.events import CaseDone, Note, Progress, SegmentFilesFinished
from napari_unet.inference import segment_files, single
from napari_unet.inference.files import _Far, plan
from napari_unet.jobs import SegmentFilesJob
from scans import agreement, deep, scan


def files_job(model, inputs, out, **more):
    return SegmentFilesJob(tuple(map(str, inputs)), str(model), str(out), **more)


def test_files_of_a_folder_are_segmented_and_the_masks_left_alone(model, tmp_path):
    folder = tmp_path / "d"
    for part in ("images", "masks"):
        (folder / part).mkdir(parents=True)
    for name in ("1", "10"):
        imsave(folder / "images" / f"{name}.png", scan(), check_contrast=False)
        imsave(folder / "masks" / f"{name}.png", scan() // 200 * 255, check_contrast=False)
    out = tmp_path / "out"
    *events, done = segment_files(files_job(model, [folder], out, probabilities=True))
    assert isinstance(done, SegmentFilesFinished)
    assert sorted(p.name for p in out.rglob("*.png")) == ["1.png", "10.png"]
    mask = imread(out / "1.png")
    assert set(np.unique(mask)) == {0, 255}
    assert agreement(mask > 0, scan() > 100) > 0.95
    probabilities = imread(out / "1.probabilities.tif")
    assert probabilities.dtype == np.uint8
    assert [e.done for e in events if isinstance(e, Progress)][-1] == 2


def test_one_broken_file_does_not_stop_the_rest(model, tmp_path):
    good, bad = tmp_path / "good.tif", tmp_path / "bad.png"
    imsave(good, scan(), check_contrast=False)
    bad.write_bytes(b"\x89PNG\r\n\x1a\n broken")
    *events, done = segment_files(files_job(model, [bad, good], tmp_path / "out"))
    assert len(done.written) == 1
    assert done.written[0].endswith("good.tif")
    assert str(bad) in next(iter(done.failed))
    assert any(isinstance(e, CaseDone) and e.error for e in events)


def test_results_never_fall_on_the_images(model, tmp_path):
    imsave(tmp_path / "a.png", scan(), check_contrast=False)
    before = (tmp_path / "a.png").read_bytes()
    with pytest.raises(DataError, match="overwrite"):
        list(segment_files(files_job(model, [tmp_path / "a.png"], tmp_path)))
    assert (tmp_path / "a.png").read_bytes() == before


def test_equal_names_of_different_kinds_keep_apart(model, tmp_path):
    for name in ("a.png", "a.bmp", "b/a.png"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        imsave(tmp_path / name, scan(), check_contrast=False)
    inputs = [tmp_path / n for n in ("a.png", "a.bmp", "b/a.png")]
    *_, done = segment_files(files_job(model, inputs, tmp_path / "out"))
    assert len({*done.written}) == 3


def test_missing_and_empty_inputs(model, tmp_path):
    with pytest.raises(DataError, match="no file or folder"):
        list(segment_files(files_job(model, [tmp_path / "none.png"], tmp_path / "o")))
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataError, match=r"No image|no image"):
        list(segment_files(files_job(model, [tmp_path / "empty"], tmp_path / "o")))


def test_the_threshold_decides(model, tmp_path):
    imsave(tmp_path / "a.png", scan(), check_contrast=False)
    shares = []
    for t in (0.0, 0.5, 1.0):
        job = files_job(model, [tmp_path / "a.png"], tmp_path / f"out{t}", threshold=t)
        *_, done = segment_files(job)
        shares.append((imread(done.written[0]) > 0).mean())
    assert shares[0] == 1
    assert shares[0] > shares[1] >= shares[2]


def test_volumes_go_plane_by_plane_and_lie_where_they_did(model, tmp_path):
    volume = np.stack([scan((50, 40)), scan((50, 40))[::-1], scan((50, 40))])
    affine = np.array([[-0.5, 0, 0, 5], [0, 0.4, 0.3, 6], [0, -0.04, 3, 7], [0, 0, 0, 1]])
    stored = volume.transpose(2, 1, 0)[::-1]
    nibabel.save(nibabel.Nifti1Image(stored, affine), tmp_path / "scan.nii.gz")
    *_, done = segment_files(files_job(model, [tmp_path / "scan.nii.gz"], tmp_path / "out"))
    assert done.failed == {}
    written = nibabel.load(tmp_path / "out" / "scan.nii.gz")
    assert np.array_equal(written.affine, nibabel.load(tmp_path / "scan.nii.gz").affine)
    labels = np.asarray(written.dataobj)
    assert set(np.unique(labels)) == {0, 1}
    assert agreement(labels, (stored > 100).astype(np.uint8)) > 0.8


def test_a_file_that_does_not_fit_the_model_is_named(volume_model, tmp_path):
    words = "learned from volumes, but this is a single picture. Choose a model for pictures"
    imsave(tmp_path / "a.png", scan(), check_contrast=False)
    *_, done = segment_files(files_job(volume_model, [tmp_path / "a.png"], tmp_path / "out"))
    assert words in done.failed[str(tmp_path / "a.png")]


def test_files_of_volumes_go_through_a_model_of_volumes(volume_model, tmp_path):
    nibabel.save(nibabel.Nifti1Image(deep().T, np.diag([2.0, 1, 1, 1])), tmp_path / "v.nii.gz")
    *_, done = segment_files(files_job(volume_model, [tmp_path / "v.nii.gz"], tmp_path / "out"))
    assert done.failed == {}
    written = nibabel.load(tmp_path / "out" / "v.nii.gz")
    assert written.shape == deep().T.shape
    assert (np.asarray(written.dataobj) == (deep().T > 100)).all()


def test_stacks_of_tiff_stay_stacks_with_their_sizes(model, tmp_path):
    volume = np.stack([scan(), scan(), scan()])
    like = Scan(volume, "zyx", tmp_path, (2.0, 0.5, 0.5), ("um",) * 3)
    write_labels(tmp_path / "a.tif", volume, like)
    *_, done = segment_files(files_job(model, [tmp_path / "a.tif"], tmp_path / "out"))
    again = read_image(done.written[0])
    assert (again.axes, again.spacing) == ("zyx", (2.0, 0.5, 0.5))


# --- sizes --------------------------------------------------------------------------------------


def rows(path):
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_sizes_are_told_where_the_file_knows_of_millimetres(model, tmp_path):
    write_labels(tmp_path / "a.tif", scan(), Scan(scan(), "yx", tmp_path, (0.5, 0.5), ("mm",) * 2))
    imsave(tmp_path / "b.png", scan(), check_contrast=False)
    (tmp_path / "c.png").write_bytes(b"none")
    inputs = [tmp_path / n for n in ("a.tif", "b.png", "c.png")]
    table = tmp_path / "sizes.csv"
    *_, done = segment_files(files_job(model, inputs, tmp_path / "out", table=str(table)))
    assert done.table == str(table)
    known, unknown, broken = rows(table)
    pixels = int((imread(done.written[0]) > 0).sum())
    assert (known["class"], int(known["pixels"]), known["objects"]) == ("foreground", pixels, "1")
    assert float(known["area_mm2"]) == pytest.approx(pixels / 4)
    assert float(known["share"]) == pytest.approx(pixels / scan().size)
    assert known["model"] == "bright"
    assert (unknown["area_mm2"], unknown["volume_ml"]) == ("", "")
    assert "c.png" in broken["error"]
    assert broken["pixels"] == ""


def test_volumes_have_a_volume(volume_model, tmp_path):
    nibabel.save(nibabel.Nifti1Image(deep().T, np.diag([2.0, 1, 1, 1])), tmp_path / "v.nii.gz")
    job = files_job(volume_model, [tmp_path / "v.nii.gz"], tmp_path / "out")
    *events, _ = segment_files(job)
    (size,) = next(e.segmented.sizes for e in events if isinstance(e, CaseDone))
    assert size.volume == pytest.approx(2.0 * (deep() > 100).sum())
    assert np.isnan(size.area)


def test_labels_are_cleaned_and_numbered(model, tmp_path):
    image = scan()
    image[55:58, 5:60:12] = 200
    imsave(tmp_path / "a.png", image, check_contrast=False)
    found = {}
    for objects, min_size in (("classes", 0), ("classes", 50), ("components", 0)):
        cleanup = CleanUp(objects=objects, min_size=min_size)
        out = tmp_path / f"{objects}{min_size}"
        *events, done = segment_files(files_job(model, [tmp_path / "a.png"], out, cleanup=cleanup))
        sizes = next(e.segmented.sizes for e in events if isinstance(e, CaseDone))
        found[objects, min_size] = (sizes[0].objects, len(np.unique(imread(done.written[0]))) - 1)
    assert found == {("classes", 0): (6, 1), ("classes", 50): (1, 1), ("components", 0): (6, 6)}


# --- going on -----------------------------------------------------------------------------------


@pytest.fixture
def three(tmp_path):
    """Return a folder of three pictures."""
    (tmp_path / "in").mkdir()
    for i in range(3):
        imsave(tmp_path / f"in/{i}.png", np.roll(scan(), i, 0), check_contrast=False)
    return tmp_path / "in"


def test_what_is_there_is_not_done_again(model, three, tmp_path):
    out, table = tmp_path / "out", tmp_path / "t.csv"
    *_, first = segment_files(files_job(model, [three], out, table=str(table)))
    before, times = table.read_text(), {p: p.stat().st_mtime_ns for p in out.glob("*.png")}
    copy = tmp_path / "copy.unet.safetensors"
    shutil.copyfile(model, copy)
    how = SegmentConfig(runtime="torch")  # decides nothing of what comes out
    *events, second = segment_files(files_job(copy, [three], out, table=str(table), config=how))
    assert (len(first.written), second.written, len(second.skipped)) == (3, (), 3)
    assert {p: p.stat().st_mtime_ns for p in out.glob("*.png")} == times
    assert table.read_text() == before
    assert all(e.segmented.skipped for e in events if isinstance(e, CaseDone))
    *_, third = segment_files(files_job(model, [three], out, again=True))
    assert len(third.written) == 3
    assert len(list(out.glob("*.png"))) == 3


def test_a_changed_image_model_or_setting_is_done_again(model, three, tmp_path):
    out = tmp_path / "out"
    list(segment_files(files_job(model, [three], out)))
    imsave(three / "1.png", scan().T, check_contrast=False)
    *_, done = segment_files(files_job(model, [three], out))
    assert [p[-5:] for p in done.written] == ["1.png"]
    *_, done = segment_files(files_job(model, [three], out, threshold=0.25))
    assert len(done.written) == 3
    *_, done = segment_files(files_job(model, [three], out, cleanup=CleanUp(fill_holes=True)))
    assert len(done.written) == 3
    other = bright_model(tmp_path / "other.unet.safetensors", size=48)
    *_, done = segment_files(files_job(other, [three], out))
    assert len(done.written) == 3
    (out / "2.png").unlink()
    *_, done = segment_files(files_job(other, [three], out))
    assert [p[-5:] for p in done.written] == ["2.png"]
    assert len(list(out.glob("*.png"))) == 3  # what was ours was replaced


def test_corrections_are_never_lost(model, three, tmp_path):
    out = tmp_path / "out"
    list(segment_files(files_job(model, [three], out)))
    corrected = np.full_like(scan(), 255)
    imsave(out / "0.png", corrected, check_contrast=False)
    *events, done = segment_files(files_job(model, [three], out))
    assert len(done.skipped) == 3
    assert any("1 of these label images were changed" in e.text for e in events if type(e) is Note)
    sizes = {e.path[-5:]: e.segmented.sizes for e in events if isinstance(e, CaseDone)}
    assert sizes["0.png"] == ()
    assert sizes["1.png"]
    list(segment_files(files_job(model, [three], out, again=True)))
    (kept,) = out.glob("0.*-*.png")
    assert (imread(kept) == corrected).all()
    assert not (imread(out / "0.png") == corrected).all()


def test_stopping_keeps_what_is_done(model, three, tmp_path):
    out, table = tmp_path / "out", tmp_path / "t.csv"
    events = segment_files(files_job(model, [three], out, table=str(table)))
    next(e for e in events if isinstance(e, CaseDone))
    events.close()
    assert len(rows(table)) == 1
    *_, done = segment_files(files_job(model, [three], out, table=str(table)))
    assert (len(done.skipped), len(done.written)) == (1, 2)
    assert len(rows(table)) == 3


def test_a_damaged_record_counts_as_none(model, three, tmp_path):
    out = tmp_path / "out"
    list(segment_files(files_job(model, [three], out)))
    records = sorted((out / ".napari-unet").glob("*.json"))
    records[0].write_text("{")
    records[1].write_text('{"format": 99}')
    *_, done = segment_files(files_job(model, [three], out))
    assert len(done.skipped) == 1


def test_a_full_disk_ends_the_run_and_loses_nothing(model, three, tmp_path, monkeypatch):
    out = tmp_path / "out"
    written = []

    def full(file, labels, like):
        if written:
            raise OSError(errno.ENOSPC, "No space left on device")
        written.append(labels)
        png(file, labels, like)

    png = writers.WRITERS[".png"]
    monkeypatch.setitem(writers.WRITERS, ".png", full)
    with pytest.raises(DataError, match=r"1\.png could not be written \(No space left on device\)"):
        list(segment_files(files_job(model, [three], out)))
    monkeypatch.undo()
    assert [p.name for p in out.glob("*.png")] == ["0.png"]
    *_, done = segment_files(files_job(model, [three], out))
    assert (len(done.skipped), len(done.written)) == (1, 2)


def test_a_place_that_cannot_be_written_is_said_at_once(model, three, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(DataError, match="could not be written"):
        list(segment_files(files_job(model, [three], tmp_path / "file" / "out")))


# --- formats ------------------------------------------------------------------------------------


def test_labels_are_of_the_format_of_their_image(model, tmp_path):
    write_labels(tmp_path / "a.ome.zarr", scan())
    np.save(tmp_path / "b.npy", scan())
    *_, done = segment_files(
        files_job(model, [tmp_path / "a.ome.zarr", tmp_path / "b.npy"], tmp_path / "out")
    )
    assert [p.partition(".")[2] for p in done.written] == ["ome.zarr", "npy"]
    for path in done.written:
        assert agreement(read_mask(path), (scan() > 100).astype(np.uint8)) > 0.95


def test_progress_within_a_stack(model, tmp_path):
    np.save(tmp_path / "a.npy", np.stack([scan()] * 6))
    job = files_job(model, [tmp_path / "a.npy"], tmp_path / "out")
    (task,) = plan(job, read_card(model))
    shares = []
    single.segment(task, single.read(task), shares.append)
    assert shares == pytest.approx([i / 6 for i in range(1, 7)])
    far = _Far(4)
    assert far.progress().done == 0
    far.next()
    far.take(1)
    assert 1.9 < far.progress().done < 2


def test_averaging_and_uncertainty(model, tmp_path):
    imsave(tmp_path / "a.png", scan(), check_contrast=False)
    config = SegmentConfig(average="flips", uncertainty=True)
    job = files_job(model, [tmp_path / "a.png"], tmp_path / "out", config=config)
    *_, done = segment_files(job)
    assert agreement(imread(done.written[0]) // 255, scan() // 200) > 0.95
    assert imread(tmp_path / "out" / "a.uncertainty.tif").shape == scan().shape
    *_, done = segment_files(files_job(model, [tmp_path / "a.png"], tmp_path / "out"))
    assert done.written  # asked in another way

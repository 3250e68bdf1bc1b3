import nibabel
import numpy as np
import pytest
from skimage.io import imread, imsave

from napari_unet.data.formats import read_image, write_labels
from napari_unet.data.scan import Scan
from napari_unet.errors import DataError
from napari_unet.events import CaseDone, Progress, SegmentFilesFinished
from napari_unet.inference import segment_files
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

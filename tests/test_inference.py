import nibabel
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from skimage.io import imread, imsave

from models import bright_model
from napari_unet.data.formats import read_image, write_labels
from napari_unet.data.scan import Scan
from napari_unet.errors import DataError, ModelError
from napari_unet.events import CaseDone, Progress, SegmentArrayFinished, SegmentFilesFinished
from napari_unet.inference import predictor, segment_array, segment_files
from napari_unet.jobs import SegmentArrayJob, SegmentFilesJob
from napari_unet.labelling import label_image


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    return bright_model(tmp_path_factory.mktemp("m") / "bright.unet.safetensors", size=64)


@pytest.fixture(scope="module")
def patch_model(tmp_path_factory):
    return bright_model(tmp_path_factory.mktemp("m") / "patch.unet.safetensors", mode="patch")


def scan(shape=(64, 64)):
    image = np.full(shape, 10, np.uint8)
    image[shape[0] // 4 : shape[0] // 2, shape[1] // 4 : 3 * shape[1] // 4] = 200
    return image


def segmented(model, image, **more):
    *_, done = segment_array(SegmentArrayJob(str(model), image, **more))
    assert isinstance(done, SegmentArrayFinished)
    return done


def agreement(labels, wanted):
    return 2 * (labels & wanted).sum() / (labels.sum() + wanted.sum())


@pytest.mark.parametrize("shape", [(64, 64), (50, 90), (33, 20), (200, 60)])
def test_labels_lie_on_the_image_at_its_own_resolution(model, shape):
    image = scan(shape)
    done = segmented(model, image)
    assert done.probabilities.shape == (1, *shape)
    labels = label_image(done.probabilities, 0.5)
    assert agreement(labels, image > 100) > 0.8  # edges blur where the image was made smaller
    centre, wanted = (np.argwhere(m).mean(axis=0) for m in (labels, image > 100))
    assert np.abs(centre - wanted).max() < 0.6


@pytest.mark.parametrize("shape", [(20, 20), (32, 32), (100, 75)])
def test_patch_models_see_full_resolution(patch_model, shape):
    image = scan(shape)
    labels = label_image(segmented(patch_model, image).probabilities, 0.5)
    assert (labels == (image > 100)).all()


def test_stacks_go_slice_by_slice(model):
    stack = np.stack([scan(), scan()[::-1], np.zeros((64, 64), np.uint8)]).reshape(1, 3, 64, 64)
    done = segmented(model, stack)
    assert done.probabilities.shape == (1, 1, 3, 64, 64)
    for i in range(2):
        single = segmented(model, stack[0, i]).probabilities
        np.testing.assert_array_equal(done.probabilities[:, 0, i], single)


def test_colour_alpha_and_grey(model, tmp_path):
    grey = scan()
    rgb = np.repeat(grey[..., None], 3, axis=2)
    rgba = np.dstack([rgb, np.full_like(grey, 255)])
    wanted = label_image(segmented(model, grey).probabilities, 0.5)
    for image in (rgb, rgba, rgb[None]):
        labels = label_image(segmented(model, image, channels=True).probabilities, 0.5)
        assert agreement(labels.squeeze(), wanted) > 0.95
    colour = bright_model(tmp_path / "c.unet.safetensors", channels=3)
    with pytest.raises(ModelError, match=r"takes images of 3 channels, but this one has 2"):
        segmented(colour, rgb[..., :2], channels=True)


@pytest.mark.parametrize(
    "image",
    [
        np.full((16, 16), np.nan),
        np.array([[np.inf, 0.0], [1.0, -np.inf]]),
        np.zeros((1, 1), np.uint8),
        np.full((9, 9), 7, np.int64),
        np.array([[0, 2**63 - 1]]),
        np.zeros((4, 4), bool),
    ],
    ids=["nan", "infinite", "one pixel", "constant", "int64 range", "bool"],
)
def test_odd_images_give_labels_not_crashes(model, image):
    assert segmented(model, image).probabilities.shape == (1, *image.shape)


@pytest.mark.parametrize("shape", [(5,), (0, 4), (4, 4, 0)])
def test_what_is_no_image_is_refused(model, shape):
    with pytest.raises(DataError, match="is no image"):
        segmented(model, np.zeros(shape))


@settings(
    max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.integers(1, 70), st.integers(1, 70))
def test_any_size(model, h, w):
    assert segmented(model, np.zeros((h, w), np.uint8)).probabilities.shape == (1, h, w)


def test_the_model_stays_warm_until_its_file_changes(model, tmp_path):
    assert predictor(model) is predictor(str(model))
    path = bright_model(tmp_path / "x.unet.safetensors")
    first = predictor(path)
    bright_model(path, channels=3)
    assert predictor(path) is not first
    path.unlink()
    with pytest.raises(ModelError, match="no model file"):
        predictor(path)


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


@pytest.fixture(scope="module", params=["whole", "patch"])
def volume_model(request, tmp_path_factory):
    path = tmp_path_factory.mktemp("m") / "deep.unet.safetensors"
    return bright_model(path, mode=request.param, size=16, dims=3)


def deep(shape=(7, 15, 12)):
    volume = np.zeros(shape, np.uint8)
    volume[tuple(slice(n // 3, 2 * n // 3 + 1) for n in shape)] = 200
    return volume


@pytest.mark.parametrize("shape", [(1, 1, 1), (7, 15, 12), (16, 16, 16), (3, 16, 9)])
def test_volumes_are_segmented_as_a_whole_voxel_for_voxel(volume_model, shape):
    done = segmented(volume_model, deep(shape))
    assert done.probabilities.shape == (1, *shape)
    if max(shape) > 1:
        assert (label_image(done.probabilities, 0.5) == (deep(shape) > 100)).all()


def test_volumes_larger_than_the_working_size_keep_their_shape(volume_model):
    volume = deep((21, 24, 18))
    labels = label_image(segmented(volume_model, volume).probabilities, 0.5)
    assert labels.shape == volume.shape
    assert (labels >= (volume > 100)).all()  # edges blur where the volume was made smaller
    centre, wanted = (np.argwhere(m).mean(axis=0) for m in (labels, volume > 100))
    assert np.abs(centre - wanted).max() < 0.3


def test_a_series_of_volumes_is_segmented_volume_by_volume(volume_model):
    series = np.stack([deep(), np.zeros((7, 15, 12), np.uint8), deep()])
    job = SegmentArrayJob(str(volume_model), series)
    *events, done = segment_array(job)
    assert done.probabilities.shape == (1, 3, 7, 15, 12)
    assert [e.done for e in events if isinstance(e, Progress)] == [0, 1, 2, 3]
    assert (label_image(done.probabilities, 0.5)[0] == (deep() > 100)).all()


def test_a_model_of_volumes_refuses_a_picture(volume_model, tmp_path):
    words = "learned from volumes, but this is a single picture. Choose a model for pictures"
    with pytest.raises(ModelError, match=words):
        segmented(volume_model, scan())
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


def test_slices_are_seen_between_their_neighbours(tmp_path):
    model = bright_model(tmp_path / "thick.unet.safetensors", neighbours=1, size=16)
    volume = deep((5, 16, 16))
    labels = label_image(segmented(model, volume).probabilities, 0.5)
    assert (labels == (volume > 100)).all()  # of one scale: the empty slices stay empty
    picture = label_image(segmented(model, volume[2]).probabilities, 0.5)
    assert (picture == (volume[2] > 100)).all()


def test_stacks_of_tiff_stay_stacks_with_their_sizes(model, tmp_path):
    volume = np.stack([scan(), scan(), scan()])
    like = Scan(volume, "zyx", tmp_path, (2.0, 0.5, 0.5), ("um",) * 3)
    write_labels(tmp_path / "a.tif", volume, like)
    *_, done = segment_files(files_job(model, [tmp_path / "a.tif"], tmp_path / "out"))
    again = read_image(done.written[0])
    assert (again.axes, again.spacing) == ("zyx", (2.0, 0.5, 0.5))

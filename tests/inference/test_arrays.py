import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from models import bright_model
from napari_unet.errors import DataError, ModelError
from napari_unet.events import Progress, SegmentArrayFinished
from napari_unet.inference import segment_array
from napari_unet.jobs import SegmentArrayJob
from napari_unet.labelling import label_image
from scans import agreement, deep, scan


def segmented(model, image, **more):
    *_, done = segment_array(SegmentArrayJob(str(model), image, **more))
    assert isinstance(done, SegmentArrayFinished)
    return done


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


def test_a_model_of_volumes_refuses_a_picture(volume_model):
    words = "learned from volumes, but this is a single picture. Choose a model for pictures"
    with pytest.raises(ModelError, match=words):
        segmented(volume_model, scan())


def test_slices_are_seen_between_their_neighbours(tmp_path):
    model = bright_model(tmp_path / "thick.unet.safetensors", neighbours=1, size=16)
    volume = deep((5, 16, 16))
    labels = label_image(segmented(model, volume).probabilities, 0.5)
    assert (labels == (volume > 100)).all()  # of one scale: the empty slices stay empty
    picture = label_image(segmented(model, volume[2]).probabilities, 0.5)
    assert (picture == (volume[2] > 100)).all()

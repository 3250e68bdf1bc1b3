import errno
import time

import numpy as np
import pytest
import zarr
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from models import bright_model, random_model
from napari_unet.config import SegmentConfig
from napari_unet.errors import ConfigError, DataError, DiskError, ModelError
from napari_unet.events import Note, Progress, SegmentArrayFinished, SegmentPart
from napari_unet.inference import segment_array
from napari_unet.jobs import SegmentArrayJob
from napari_unet.labelling import label_image
from napari_unet.unet import source, unscaled, windows
from napari_unet.unet.model import UNet
from napari_unet.unet.windows import Windows
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
    told = [e.done for e in events if isinstance(e, Progress)]
    assert told == sorted(told)
    assert (told[0], told[-1]) == (0, 3)
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


# --- how the network is asked -------------------------------------------------------------------


def test_mirror_images_and_turns_are_averaged_when_asked(patch_model):
    image = scan((40, 56))
    plain = segmented(patch_model, image, config=SegmentConfig("none"))
    for average in ("flips", "turns"):
        done = segmented(patch_model, image, config=SegmentConfig(average))
        # A network that looks at single pixels says the same whichever way it is shown them.
        assert np.array_equal(done.probabilities, plain.probabilities)
    assert plain.uncertainty is None


@pytest.mark.parametrize("mode", ["whole", "patch", "windows"])
def test_uncertainty_tells_where_mirror_images_disagree(tmp_path, mode, monkeypatch):
    model = random_model(tmp_path / "m.unet.safetensors", "patch" if mode != "whole" else "whole")
    if mode == "windows":
        monkeypatch.setattr(Windows, "at_once", lambda *_: 0)
    image = np.random.default_rng(0).integers(0, 255, (2, 50, 40)).astype(np.uint8)
    told = []
    job = SegmentArrayJob(str(model), image, config=SegmentConfig("flips", uncertainty=True))
    *_, done = segment_array(job)
    assert done.uncertainty.shape == (2, 50, 40)
    assert done.uncertainty.dtype == np.uint8
    assert done.uncertainty.max() > 10
    plain = segmented(model, image, config=SegmentConfig("flips"))
    assert np.abs(done.probabilities.astype(int) - plain.probabilities).max() <= 1
    job = SegmentArrayJob(str(model), image, config=SegmentConfig(uncertainty=True))
    *told, again = segment_array(job)  # the card says nothing of mirror images
    assert any(isinstance(e, Note) and "mirror images are averaged" in e.text for e in told)
    assert np.array_equal(again.uncertainty, done.uncertainty)


def test_what_is_no_square_is_not_turned(tmp_path):
    model = random_model(tmp_path / "m.unet.safetensors", "whole", size=(16, 32))
    job = SegmentArrayJob(str(model), scan(), config=SegmentConfig("turns"))
    *told, done = segment_array(job)
    assert any(isinstance(e, Note) and "cannot be turned" in e.text for e in told)
    flipped = segmented(model, scan(), config=SegmentConfig("flips"))
    assert np.array_equal(done.probabilities, flipped.probabilities)


def test_one_view_alone_has_no_uncertainty():
    with pytest.raises(ConfigError, match="average over flips or turns"):
        SegmentConfig("none", uncertainty=True)


# --- larger than the memory ---------------------------------------------------------------------


@pytest.mark.parametrize("norm", ["batch", "instance"])
@pytest.mark.parametrize("dtype", [np.uint8, np.float32])
def test_from_store_to_store_is_as_in_memory(tmp_path, monkeypatch, norm, dtype):
    model = random_model(tmp_path / "m.unet.safetensors", "patch", norm=norm)
    monkeypatch.setattr(source, "PIECE", 3000)
    monkeypatch.setattr(Windows, "at_once", lambda *_: 0)
    monkeypatch.setattr(unscaled, "BLOCK", {2: (32, 32), 3: (8, 8, 8)})
    monkeypatch.setattr(windows, "BUDGET", 200_000)
    monkeypatch.setattr(windows, "STRIP", 8)
    image = np.random.default_rng(0).integers(0, 255, (130, 95)).astype(dtype)
    if dtype == np.float32:
        image[3, 4] = np.nan
    stored = zarr.create_array(
        tmp_path / "in.zarr", shape=image.shape, chunks=(50, 40), dtype=image.dtype
    )
    stored[...] = image
    wanted = segmented(model, image)
    out = tmp_path / "new" / "out.zarr"
    job = SegmentArrayJob(str(model), np.zeros(0), store=str(tmp_path / "in.zarr"), out=str(out))
    *_, done = segment_array(job)
    assert done.store == str(out)
    assert not done.probabilities.size
    found = zarr.open_array(out, mode="r")
    assert found.dtype == np.uint8
    # Strips end elsewhere: the last digit of a logit may differ.
    assert np.abs(found[...].astype(int) - wanted.probabilities).max() <= 1
    assert [p.name for p in out.parent.iterdir()] == ["out.zarr"]


def left(folder):
    """Return what lies in a test's folder, apart from its workspace."""
    return {path.name for path in folder.iterdir()} - {"workspace"}


def test_uncertainty_lies_beside_the_store(patch_model, tmp_path):
    out = tmp_path / "found.zarr"
    done = segmented(
        patch_model, scan(), out=str(out), config=SegmentConfig("flips", uncertainty=True)
    )
    assert done.uncertainty is None
    assert zarr.open_array(done.uncertainty_store, mode="r").shape == (64, 64)
    assert left(tmp_path) == {"found.zarr", "found.uncertainty.zarr"}


def test_what_lies_at_the_place_of_the_result_stays(patch_model, tmp_path):
    (tmp_path / "out.zarr").mkdir()
    (tmp_path / "out.zarr" / "mine").write_text("kept")
    with pytest.raises(DataError, match="exists already"):
        segmented(patch_model, scan(), out=str(tmp_path / "out.zarr"))
    assert (tmp_path / "out.zarr" / "mine").read_text() == "kept"


def test_a_full_disk_is_one_error_and_leaves_nothing(patch_model, tmp_path, monkeypatch):
    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(zarr.Array, "__setitem__", full)
    with pytest.raises(DiskError, match=r"out\.zarr could not be written \(No space left"):
        segmented(patch_model, scan(), out=str(tmp_path / "out.zarr"))
    assert left(tmp_path) == set()


def test_a_store_that_is_none_is_refused(patch_model, tmp_path):
    def job(name):
        return SegmentArrayJob(str(patch_model), np.zeros(0), store=str(tmp_path / name))

    with pytest.raises(DataError, match="no Zarr store"):
        list(segment_array(job("none.zarr")))
    (tmp_path / "empty.zarr").mkdir()
    with pytest.raises(DataError, match="cannot be read as a Zarr array"):
        list(segment_array(job("empty.zarr")))
    zarr.create_group(tmp_path / "group.zarr")
    with pytest.raises(DataError, match="name the array in it"):
        list(segment_array(job("group.zarr")))
    zarr.create_array(tmp_path / "complex.zarr", shape=(4, 4), dtype=complex)
    with pytest.raises(DataError, match="no real numbers"):
        list(segment_array(job("complex.zarr")))


# --- while it computes --------------------------------------------------------------------------


def slow(monkeypatch, seconds):
    """Let every strip take a while."""
    call = windows.Stream.__call__

    def slowly(self, strips):
        return call(self, (time.sleep(seconds) or strip for strip in strips))

    monkeypatch.setattr(windows.Stream, "__call__", slowly)
    monkeypatch.setattr(Windows, "at_once", lambda *_: 0)
    monkeypatch.setattr(unscaled, "BLOCK", {2: (32, 32), 3: (8, 8, 8)})
    monkeypatch.setattr(windows, "STRIP", 16)


def test_finished_rows_are_shown_while_the_rest_computes(patch_model, monkeypatch):
    slow(monkeypatch, 0.05)
    image = scan((200, 60))
    *events, done = segment_array(SegmentArrayJob(str(patch_model), image))
    parts = [e for e in events if isinstance(e, SegmentPart)]
    assert parts
    rows = 0
    for part in parts:
        rows += part.probabilities.shape[1]
        box = tuple(
            slice(s, s + n) for s, n in zip(part.start, part.probabilities.shape[1:], strict=True)
        )
        assert np.array_equal(part.probabilities, done.probabilities[:, *box])
    assert 32 <= rows < 200
    waiting = [e for e in events if isinstance(e, Progress) and 0 < e.done < e.total]
    assert waiting
    assert all(e.seconds_left > 0 for e in waiting)


def test_what_is_done_in_one_go_has_no_parts(model):
    *events, _ = segment_array(SegmentArrayJob(str(model), scan()))
    assert not any(isinstance(e, SegmentPart) for e in events)


def test_it_stops_at_once_in_the_middle_of_a_plane(patch_model, monkeypatch, tmp_path):
    slow(monkeypatch, 0.2)
    job = SegmentArrayJob(str(patch_model), scan((4000, 60)), out=str(tmp_path / "out.zarr"))
    events = segment_array(job)
    while not any(e.done > 0 for e in [next(events)] if isinstance(e, Progress)):
        pass
    begun = time.monotonic()
    events.close()
    assert time.monotonic() - begun < 0.15
    deadline = time.monotonic() + 10
    while left(tmp_path) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert left(tmp_path) == set()  # neither a result nor a part of one


def test_too_little_memory_is_one_error(patch_model, monkeypatch):
    def never(*_):
        raise RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 9 GB")

    monkeypatch.setattr(UNet, "forward", never)
    with pytest.raises(MemoryError, match="allocate"):
        segmented(patch_model, scan())


# --- odd images ---------------------------------------------------------------------------------


@pytest.mark.parametrize("intensity", ["zscore", "percentile", "dataset"])
@pytest.mark.parametrize("norm", ["batch", "instance"])
@pytest.mark.parametrize(
    "image",
    [
        np.full((16, 16), np.nan),
        np.array([[np.inf, 0.0], [1.0, -np.inf]]),
        np.array([[1e300, -1e300], [0, 1]]),
        np.zeros((1, 1), np.uint8),
        np.full((40, 9), 7, np.int64),
        np.array([[0, 2**63 - 1]]),
        np.array([[2**64 - 1, 0]], np.uint64),
        np.full((20, 20), 1e12, np.float32),
    ],
    ids=["nan", "infinite", "huge", "one pixel", "constant", "int64", "uint64", "large constant"],
)
def test_odd_images_go_through_patch_models(tmp_path_factory, image, norm, intensity):
    path = tmp_path_factory.mktemp("m") / "m.unet.safetensors"
    model = random_model(path, "patch", norm=norm, intensity=intensity)
    assert segmented(model, image).probabilities.shape == (1, *image.shape)

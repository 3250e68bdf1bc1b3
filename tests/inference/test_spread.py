"""Work over two processes of a real Dask cluster."""

import itertools
import os
import time
from pathlib import Path

import numpy as np
import pytest
import zarr
from skimage.io import imread, imsave

from napari_unet.data.formats import read_mask
from napari_unet.errors import DataError, DiskError
from napari_unet.events import CaseDone, Progress
from napari_unet.inference import regions, segment_files
from napari_unet.inference.spread import spread
from napari_unet.jobs import SegmentFilesJob
from scans import scan

distributed = pytest.importorskip("distributed")


@pytest.fixture(scope="module")
def cluster():
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None
    ) as made:
        yield made


@pytest.fixture
def client(cluster):
    with distributed.Client(cluster, set_as_default=False) as made:
        yield made


def address(cluster):
    return cluster.scheduler_address.replace("tcp://", "dask://")


def test_results_are_those_of_one_process(cluster, model, tmp_path):
    (tmp_path / "in").mkdir()
    for i in range(4):
        imsave(tmp_path / f"in/{i}.png", np.roll(scan(), 5 * i, 0), check_contrast=False)
    (tmp_path / "in" / "broken.png").write_bytes(b"none")
    out = {}
    for name, workers in (("one", ""), ("two", address(cluster))):
        job = SegmentFilesJob(
            (str(tmp_path / "in"),),
            str(model),
            str(tmp_path / name),
            table=str(tmp_path / f"{name}.csv"),
            workers=workers,
        )
        *events, done = segment_files(job)
        assert len(done.written) == 4
        assert list(done.failed) == [str(tmp_path / "in" / "broken.png")]
        sizes = {e.name: e.segmented.sizes for e in events if isinstance(e, CaseDone)}
        out[name] = [imread(tmp_path / name / f"{i}.png") for i in range(4)], sorted(sizes.items())
        assert [e.done for e in events if isinstance(e, Progress)][-1] == 5
    assert np.array_equal(out["one"][0], out["two"][0])
    assert str(out["one"][1]) == str(out["two"][1])
    again = SegmentFilesJob(
        (str(tmp_path / "in"),), str(model), str(tmp_path / "two"), workers=address(cluster)
    )
    *_, done = segment_files(again)
    assert (len(done.skipped), len(done.failed)) == (4, 1)


def test_one_large_store_is_divided(cluster, patch_model, tmp_path, monkeypatch):
    path = tmp_path / "scan.zarr"
    made = zarr.create_array(path, shape=(90, 80), dtype="u1", chunks=(32, 32))
    made[...] = np.random.default_rng(0).integers(0, 60, (90, 80), np.uint8)
    made[20:50, 30:60] = 200
    monkeypatch.setattr("napari_unet.data.readers.memory.PIECE", 1)
    monkeypatch.setattr(regions, "LAZY_FROM", 1000)
    monkeypatch.setattr("napari_unet.inference.single.LAZY_FROM", 1000)
    monkeypatch.setattr(regions, "PIXELS", {2: 2048})
    found = {}
    for name, workers in (("one", ""), ("two", address(cluster))):
        job = SegmentFilesJob((str(path),), str(patch_model), str(tmp_path / name), workers=workers)
        *events, done = segment_files(job)
        assert done.failed == {}
        sizes = next(e.segmented.sizes for e in events if isinstance(e, CaseDone))
        found[name] = read_mask(done.written[0]), str(sizes)
    assert [e for e in events if isinstance(e, Progress)][-1].done == 1
    assert np.array_equal(found["one"][0], found["two"][0])
    assert found["one"][1] == found["two"][1]
    assert found["one"][0].any()


def results(found):
    return dict(filter(None, found))


def test_what_fails_does_not_stop_the_rest(client):
    def work(n):
        if n == 1:
            raise ValueError("one\nis bad")
        if n == 2:
            raise DiskError("full", final=True)
        return n * n

    found = results(spread(client, work, range(5)))
    assert [found[n] for n in (0, 3, 4)] == [0, 9, 16]
    assert str(found[1]) == "ValueError: one"
    assert (type(found[2]), found[2].final) == (DiskError, True)


def test_the_work_of_a_lost_worker_is_done_by_another(client, tmp_path):
    mark = str(tmp_path / "died")

    def work(n):
        if n == 0 and not Path(mark).exists():
            Path(mark).touch()
            os._exit(1)
        return os.getpid()

    found = results(spread(client, work, range(6)))
    assert Path(mark).exists()
    assert len(found) == 6
    assert all(isinstance(pid, int) for pid in found.values())


def test_what_nobody_began_is_cancelled(client, tmp_path):
    def work(n):
        Path(tmp_path / str(n)).touch()
        time.sleep(0.2)
        return n

    found = spread(client, work, range(200))
    next(filter(None, found))
    found.close()
    begun = -1
    for _ in itertools.count():
        before, begun = begun, len(list(tmp_path.iterdir()))
        if before == begun:
            break
        time.sleep(0.5)
    assert begun < 50


def test_a_full_disk_ends_the_run(cluster, model, tmp_path, monkeypatch):
    imsave(tmp_path / "a.png", scan(), check_contrast=False)

    def full(client, work, pieces):
        yield pieces[0], DiskError("no space", final=True)

    monkeypatch.setattr("napari_unet.inference.files.spread", full)
    job = SegmentFilesJob(
        (str(tmp_path / "a.png"),), str(model), str(tmp_path / "out"), workers=address(cluster)
    )
    with pytest.raises(DataError, match="no space"):
        list(segment_files(job))

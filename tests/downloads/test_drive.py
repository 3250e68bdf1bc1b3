import sys
import types
from pathlib import Path

import pytest

from napari_unet.downloads import drive
from napari_unet.downloads.fetch import fetch
from napari_unet.errors import DataError
from napari_unet.events import FetchFinished
from napari_unet.jobs import FetchJob

LINK = "https://drive.google.com/file/d/1abc/view?usp=sharing"


@pytest.fixture
def gdown(monkeypatch):
    """Stand in for gdown; the function is what its ``download`` does."""

    def use(download):
        monkeypatch.setitem(sys.modules, "gdown", types.SimpleNamespace(download=download))

    return use


def pull(steps):
    told = []
    while True:
        try:
            told.append(next(steps))
        except StopIteration as end:
            return end.value, told


def test_which_addresses_are_drive():
    assert drive.is_drive(LINK)
    assert drive.is_drive("https://drive.google.com/uc?id=1")
    assert not drive.is_drive("https://example.org/drive.google.com")
    assert not drive.is_drive("https://drive.google.com.example.org/x")


def test_a_file_comes_with_its_progress(gdown, tmp_path):
    def download(url, output, *, progress, resume, use_cookies, **more):
        assert (url, resume, use_cookies) == (LINK, True, False)
        progress(5, None)
        progress(10, 10)
        path = Path(output) / "scans.zip"
        path.write_bytes(b"0123456789")
        return str(path)

    gdown(download)
    path, told = pull(drive.download(LINK, tmp_path / "new"))
    assert path == tmp_path / "new" / "scans.zip"
    assert told == [(5, 0), (10, 10)]


def test_what_drive_says_is_passed_on(gdown, tmp_path):
    def download(*args, **more):
        raise RuntimeError("Too many users have\nviewed this file")

    gdown(download)
    with pytest.raises(DataError, match="Too many users have viewed"):
        pull(drive.download(LINK, tmp_path))


def test_stopping_stops_gdown(gdown, tmp_path):
    ended = []

    def download(url, output, *, progress, **more):
        try:
            for n in range(10**9):
                progress(n, 10**9)
        except Exception as e:
            ended.append(e)
            raise

    gdown(download)
    steps = drive.download(LINK, tmp_path)
    next(steps)
    steps.close()
    for thread in drive.threading.enumerate():
        if thread.name == "google-drive":
            thread.join(10)
    assert len(ended) == 1


def test_without_gdown_the_line_to_install_it_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "gdown", None)
    with pytest.raises(DataError, match="pip install") as e:
        list(fetch(FetchJob(LINK)))
    assert "gdown" in str(e.value)


def test_a_folder_is_refused():
    with pytest.raises(DataError, match="folder on Google Drive"):
        list(fetch(FetchJob("https://drive.google.com/drive/folders/1?usp=sharing")))


def test_a_data_set_from_drive(gdown, zipped, data_set):
    data = zipped(data_set)

    def download(url, output, *, progress, **more):
        progress(len(data), len(data))
        path = Path(output) / "brain.zip"
        path.write_bytes(data)
        return str(path)

    gdown(download)
    done = list(fetch(FetchJob(LINK, agreed=True)))[-1]
    assert isinstance(done, FetchFinished)
    assert done.cases == 4


def test_the_real_gdown_takes_what_it_is_given(server, tmp_path):
    """Over plain HTTP, since Drive cannot be reached in a test: the arguments and the resuming."""
    pytest.importorskip("gdown")
    url = server.serve("/f.zip", b"x" * 3_000_000)
    path, told = pull(drive.download(url, tmp_path / "d"))
    assert path.read_bytes() == b"x" * 3_000_000
    assert told[-1] == (3_000_000, 3_000_000)
    gone = server.serve("/gone", statuses=[404] * 9)
    with pytest.raises(DataError, match="404"):
        pull(drive.download(gone, tmp_path / "d"))

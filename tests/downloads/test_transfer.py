import hashlib
import os

import pytest

from napari_unet.downloads import transfer
from napari_unet.downloads.transfer import check_disk, download, is_here
from napari_unet.errors import DataError
from napari_unet.events import RemoteFile

DATA = os.urandom(300_000)
ETAG = {"ETag": '"one"'}


@pytest.fixture
def into(tmp_path):
    return tmp_path / "files"


def get(file, into):
    """Pull a download to its end; return the path and the last step."""
    steps = download(file, into)
    last = None
    while True:
        try:
            last = next(steps)
        except StopIteration as end:
            return end.value, last


def remote(url, **more):
    return RemoteFile("data.bin", url, **more)


def md5(data):
    return hashlib.md5(data, usedforsecurity=False).hexdigest()


def test_a_file_comes_whole(server, into):
    url = server.serve("/f", DATA)
    path, last = get(remote(url, size=len(DATA), md5=md5(DATA)), into)
    assert path == into / "data.bin"
    assert path.read_bytes() == DATA
    assert last == (len(DATA), len(DATA))
    assert not list(into.glob("*.part"))


def test_a_file_that_is_there_is_not_asked_for_again(server, into):
    file = remote(server.serve("/f", DATA))
    get(file, into)
    assert is_here(file, into) == len(DATA)
    assert get(file, into)[0].read_bytes() == DATA
    assert len(server.paths["/f"].asked) == 1
    other = remote(server.serve("/g", DATA[:100]))
    assert is_here(other, into) == 0
    assert get(other, into)[0].read_bytes() == DATA[:100]


@pytest.mark.parametrize("headers", [ETAG, {"Last-Modified": "Sat, 31 Jan 2026 12:00:00 GMT"}])
def test_a_broken_connection_is_continued(server, into, headers):
    url = server.serve("/f", DATA, headers=headers, breaks=[100_000, 50_000])
    assert get(remote(url), into)[0].read_bytes() == DATA
    asked = server.paths["/f"].asked
    assert [a.get("Range") for a in asked] == [None, "bytes=100000-", "bytes=150000-"]
    assert {a.get("If-Range") for a in asked[1:]} == set(headers.values())
    assert server.paths["/f"].sent == len(DATA)


def test_a_later_attempt_continues(server, into):
    url = server.serve("/f", DATA, headers=ETAG)
    steps = download(remote(url), into)
    while next(steps)[0] < 200_000:
        pass
    steps.close()
    have = (into / "data.bin.part").stat().st_size
    assert is_here(remote(url), into) == have >= 200_000
    assert get(remote(url), into)[0].read_bytes() == DATA
    assert server.paths["/f"].asked[1]["Range"] == f"bytes={have}-"


def test_a_file_that_changed_meanwhile_starts_anew(server, into):
    url = server.serve("/f", DATA, headers=ETAG)
    (into).mkdir()
    steps = download(remote(url), into)
    next(steps), next(steps)
    steps.close()
    newer = DATA[::-1]
    server.serve("/f", newer, headers={"ETag": '"two"'})
    assert get(remote(url), into)[0].read_bytes() == newer


def test_a_server_that_ignores_if_range_cannot_mix_two_files(server, into):
    url = server.serve("/f", DATA, headers=ETAG)
    steps = download(remote(url), into)
    next(steps), next(steps)
    steps.close()
    newer = DATA[::-1]
    server.serve("/f", newer, headers={"ETag": '"two"'}, validated=False)
    assert get(remote(url), into)[0].read_bytes() == newer


def test_a_server_without_ranges_starts_anew(server, into):
    url = server.serve("/f", DATA, headers=ETAG, ranges=False, breaks=[100_000])
    assert get(remote(url), into)[0].read_bytes() == DATA
    assert server.paths["/f"].sent == len(DATA) + 100_000


def test_without_any_mark_of_the_version_nothing_is_continued(server, into):
    url = server.serve("/f", DATA, headers={"ETag": 'W/"weak"'}, breaks=[100_000])
    assert get(remote(url), into)[0].read_bytes() == DATA
    assert "Range" not in server.paths["/f"].asked[1]


def test_a_checksum_is_mark_enough(server, into):
    url = server.serve("/f", DATA, breaks=[100_000])
    assert get(remote(url, md5=md5(DATA)), into)[0].read_bytes() == DATA
    assert server.paths["/f"].asked[1]["Range"] == "bytes=100000-"


def test_a_part_that_turns_out_wrong_is_thrown_away_once(server, into):
    url = server.serve("/f", DATA)
    file = remote(url, md5=md5(DATA))
    steps = download(file, into)
    next(steps), next(steps)
    steps.close()
    part = into / "data.bin.part"
    part.write_bytes(b"x" * part.stat().st_size)
    assert get(file, into)[0].read_bytes() == DATA


@pytest.mark.parametrize("kind", ["md5", "sha256"])
def test_a_wrong_checksum_is_refused(server, into, kind):
    url = server.serve("/f", DATA)
    with pytest.raises(DataError, match=f"its {kind} is"):
        get(remote(url, **{kind: "0" * 32}), into)
    assert not (into / "data.bin").exists()
    assert not (into / "data.bin.part").exists()


def test_a_server_that_announces_too_much(server, into):
    url = server.serve("/f", DATA, announce=len(DATA) + 5)
    with pytest.raises(DataError, match=r"6 attempts.*broke off after 300 kB"):
        get(remote(url), into)
    assert not (into / "data.bin").exists()
    # One that gives parts admits the true size when it is asked for the rest.
    url = server.serve("/g", DATA, announce=len(DATA) + 5, headers=ETAG)
    assert get(remote(url), into)[0].read_bytes() == DATA


def test_a_server_that_announces_too_little(server, into):
    url = server.serve("/f", DATA, announce=len(DATA) - 5)
    with pytest.raises(DataError, match="not the same file"):
        get(remote(url, size=len(DATA)), into)
    with pytest.raises(DataError, match="its md5"):
        get(remote(url, md5=md5(DATA)), into)


def test_another_size_than_listed_is_noticed_before_downloading(server, into):
    url = server.serve("/f", DATA)
    with pytest.raises(DataError, match="not the same file"):
        get(remote(url, size=7), into)
    assert server.paths["/f"].sent <= len(DATA)
    assert not (into / "data.bin.part").exists()


def test_a_server_that_is_busy_is_asked_again(server, into):
    url = server.serve("/f", DATA, statuses=[503, 429, 500])
    assert get(remote(url), into)[0].read_bytes() == DATA


def test_a_server_that_stays_busy(server, into):
    url = server.serve("/f", DATA, statuses=[500] * 50)
    with pytest.raises(DataError, match=r"6 attempts: .*500"):
        get(remote(url), into)
    assert len(server.paths["/f"].asked) == 6


def test_retry_after_is_heeded_while_stopping_stays_possible(server, into):
    url = server.serve("/f", DATA, statuses=[503], headers={"Retry-After": "3600"})
    steps = download(remote(url), into)
    next(steps)
    steps.close()
    assert len(server.paths["/f"].asked) == 1


@pytest.mark.parametrize(
    ("status", "what"), [(404, "not there"), (410, "not there"), (403, "browser"), (418, "418")]
)
def test_a_refusal_is_final(server, into, status, what):
    url = server.serve("/f", DATA, statuses=[status] * 9)
    with pytest.raises(DataError, match=what):
        get(remote(url), into)
    assert len(server.paths["/f"].asked) == 1


def test_redirects_are_followed(server, into):
    server.serve("/f", DATA)
    url = server.serve("/moved", location="/f")
    assert get(remote(url), into)[0].read_bytes() == DATA
    circle = server.serve("/circle", location="/circle")
    with pytest.raises(DataError, match="circles"):
        get(remote(circle), into)


def test_nobody_listens(into, monkeypatch):
    monkeypatch.setattr(transfer, "PAUSE", 0.001)
    with pytest.raises(DataError, match=r"127\.0\.0\.1:9"):
        get(remote("http://127.0.0.1:9/f"), into)


@pytest.mark.parametrize("url", ["ftp://x/y", "file:///etc/passwd", "http://", "nonsense"])
def test_what_is_no_address_of_the_web(url, into):
    with pytest.raises(DataError, match="no address"):
        get(remote(url), into)


def test_a_full_disk_is_noticed_before_it_is_full(server, into, monkeypatch):
    monkeypatch.setattr(transfer, "RESERVE", 2**60)
    url = server.serve("/f", DATA)
    with pytest.raises(DataError, match=r"300 kB are needed and 0 bytes are free"):
        get(remote(url), into)
    with pytest.raises(DataError, match="free"):
        check_disk(into, 1)

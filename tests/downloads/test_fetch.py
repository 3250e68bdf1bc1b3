import json
import os
from pathlib import Path

import pytest

from napari_unet.data.dataset import open_dataset
from napari_unet.downloads import catalog, transfer
from napari_unet.downloads.catalog import Entry
from napari_unet.downloads.fetch import fetch
from napari_unet.engine.dispatch import start
from napari_unet.errors import DataError
from napari_unet.events import FetchFinished, Note, Offer, Progress, RemoteFile
from napari_unet.jobs import FetchJob
from napari_unet.schema import from_json, to_json


@pytest.fixture
def url(server, zipped, data_set):
    return server.serve("/brain.zip", zipped(data_set), headers={"ETag": '"1"'})


def run(source, **more):
    return list(fetch(FetchJob(source, **{"agreed": True, **more})))


def test_first_the_offer_and_nothing_without_consent(url, server, own_workspace):
    events = run(url, agreed=False)
    assert isinstance(events[-1], Offer)
    assert events[-1].size == len(server.paths["/brain.zip"].data)
    assert not own_workspace.exists()


def test_a_data_set_is_fetched_whole(url, own_workspace, data_set):
    *events, done = run(url)
    assert isinstance(done, FetchFinished)
    assert (done.cases, done.patients, done.problem) == (4, 2, "")
    assert len(open_dataset(done.folder)) == 4
    there = {p.name for p in (own_workspace / "data").iterdir()}
    assert len(there) == 1  # nothing is left beside it
    offer = next(e for e in events if isinstance(e, Offer))
    assert any(isinstance(e, Progress) and e.done == e.total == offer.size for e in events)


def test_it_says_where_it_is_from(url):
    done = run(url)[-1]
    origin = json.loads((Path(done.folder) / ".origin.json").read_text())
    assert origin["source"] == url
    assert origin["fetched"]


def test_what_was_fetched_is_not_fetched_again(url, server):
    first = run(url)[-1]
    asked = len(server.paths["/brain.zip"].asked)
    *events, again = run(url)
    assert again.folder == first.folder
    assert again.cases == 4
    assert any(isinstance(e, Note) and "before" in e.text for e in events)
    assert len(server.paths["/brain.zip"].asked) == asked + 1  # the offer's


def test_into_a_folder_of_ones_own(url, tmp_path):
    out = tmp_path / "mine" / "brain"
    out.mkdir(parents=True)
    assert run(url, out=str(out))[-1].folder == str(out)
    assert [p.name for p in out.parent.iterdir()] == ["brain"]


def test_a_folder_in_use_is_left_alone(url, tmp_path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("years of work")
    with pytest.raises(DataError, match="exists already"):
        run(url, out=str(tmp_path / "mine"))
    assert [p.name for p in (tmp_path / "mine").iterdir()] == ["thesis.txt"]


def test_a_stopped_fetch_is_continued(server, zipped, data_set, monkeypatch):
    monkeypatch.setattr(transfer, "CHUNK", 1000)
    data = zipped(data_set, compress=0)
    url = server.serve("/brain.zip", data, headers={"ETag": '"1"'})
    events = fetch(FetchJob(url, agreed=True))
    for event in events:
        if isinstance(event, Progress) and 3000 <= event.done < event.total:
            break
    events.close()
    *events, done = run(url)
    assert done.cases == 4
    assert any(isinstance(e, Note) and "earlier attempt" in e.text for e in events)
    assert int(server.paths["/brain.zip"].asked[-1]["Range"][6:-1]) >= 3000


def test_stopped_while_unpacking(url, server):
    events = fetch(FetchJob(url, agreed=True))
    for event in events:
        if isinstance(event, Progress) and event.what.startswith("unpacking"):
            break
    events.close()
    sent = server.paths["/brain.zip"].sent
    assert run(url)[-1].cases == 4
    assert server.paths["/brain.zip"].sent - sent < 2 * len(server.paths["/brain.zip"].data)


def test_two_processes_do_not_fetch_into_one_folder(url, tmp_path):
    work = tmp_path / ".brain.fetching"
    work.mkdir()
    (work / "process").write_text(str(os.getppid()))
    with pytest.raises(DataError, match=f"process {os.getppid()} is at it"):
        run(url, out=str(tmp_path / "brain"))
    (work / "process").write_text("999999999")  # one that ended without tidying up
    assert run(url, out=str(tmp_path / "brain"))[-1].cases == 4
    assert not work.exists()


def test_unknown_patients_are_not_counted(server, zipped, data_set):
    del data_set["metadata.csv"]
    names = sorted({n.rpartition("/")[2] for n in data_set})
    members = {
        f"{n.partition('/')[0]}/{names.index(n.rpartition('/')[2])}.png": d
        for n, d in data_set.items()
    }
    done = run(server.serve("/b.zip", zipped(members)))[-1]
    assert done.cases == 4
    assert done.patients == 0


def test_a_hostile_archive_leaves_no_data_set(server, zipped, own_workspace):
    url = server.serve("/evil.zip", zipped({"images/1.png": b"x", "../../../evil": b"x"}))
    with pytest.raises(DataError, match="leads out of the folder"):
        run(url)
    visible = [p for p in (own_workspace / "data").iterdir() if not p.name.startswith(".")]
    assert visible == []
    assert not list(own_workspace.parent.rglob("evil"))


def test_what_holds_no_cases_is_kept_and_said(server, zipped):
    done = run(server.serve("/text.zip", zipped({"a.txt": b"hello"})))[-1]
    assert done.cases == 0
    assert "no pair" in done.problem


def test_a_single_file_is_kept_as_it_is(server, zipped):
    done = run(server.serve("/scan.npy", b"not really"))[-1]
    assert [p.name for p in Path(done.folder).glob("[!.]*")] == ["scan.npy"]


def test_several_files_of_a_known_data_set(server, zipped, data_set, monkeypatch):
    files = []
    for kind in ("images", "masks"):
        inside = {n.rpartition("/")[2]: d for n, d in data_set.items() if n.startswith(kind)}
        data = zipped(inside)
        name = f"{kind}.zip"
        files.append(RemoteFile(name, server.serve(f"/{name}", data), len(data)))
    table = data_set["metadata.csv"]
    files.append(RemoteFile("metadata.csv", server.serve("/metadata.csv", table), len(table)))
    entry = Entry("mine", "Mine", "pictures", "CC0", "http://x", tuple(files))
    monkeypatch.setattr(catalog, "_ENTRIES", (entry,))
    *events, done = run("mine")
    assert (done.cases, done.patients) == (4, 2)
    shares = [e.done / e.total for e in events if isinstance(e, Progress) and "of" in e.what]
    assert shares == sorted(shares)


def test_a_disk_too_small_is_said_before_downloading(url, server, monkeypatch):
    monkeypatch.setattr(transfer, "RESERVE", 2**60)
    with pytest.raises(DataError, match="are needed"):
        run(url)
    assert len(server.paths["/brain.zip"].asked) == 1  # the offer's


def test_the_engine_can_run_it(url):
    job = FetchJob(url, agreed=True)
    assert from_json(FetchJob, to_json(job)) == job
    events = list(start(job))
    for event in (events[1], events[-1]):  # the offer and the end
        assert isinstance(event, Offer | FetchFinished)
        assert from_json(type(event), json.loads(json.dumps(to_json(event)))) == event

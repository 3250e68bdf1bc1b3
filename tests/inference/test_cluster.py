"""Clusters are named in words, and what is wrong with one is said."""

import sys
from pathlib import Path

import pytest

from napari_unet.errors import ConfigError, JobError
from napari_unet.inference import cluster
from napari_unet.inference.cluster import Cluster, connected


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("dask://host:8786", Cluster(address="tcp://host:8786")),
        ("tls://10.0.0.1:1", Cluster(address="tls://10.0.0.1:1")),
        ("dask://file:/a/s.json", Cluster(file="/a/s.json")),
        ("dask://local", Cluster()),
        ("dask://local?workers=3&threads=2", Cluster(workers=3, threads=2)),
    ],
)
def test_what_a_person_writes(text, wanted):
    assert Cluster.parse(text) == wanted


@pytest.mark.parametrize(
    "text",
    ["host", "dask://host", "dask://:1", "dask://local?workers=0", "dask://local?n=1", "a.json"],
)
def test_what_names_no_cluster(text):
    with pytest.raises(ConfigError, match=r"dask://"):
        Cluster.parse(text)


def test_a_schedulers_file(tmp_path):
    (tmp_path / "s.json").write_text("{}")
    assert Cluster.parse(str(tmp_path / "s.json")).file == str(tmp_path / "s.json")
    with pytest.raises(JobError, match="no scheduler file"), connected(Cluster(file="no.json"), ""):
        pass


def test_without_the_package_it_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    with (
        pytest.raises(JobError, match=r"napari-unet-workbench\[cluster\]"),
        connected(Cluster(), "m"),
    ):
        pass


def test_a_scheduler_that_does_not_answer(monkeypatch):
    pytest.importorskip("distributed")
    monkeypatch.setattr(cluster, "SECONDS", 0.5)
    with (
        pytest.raises(JobError, match="No Dask scheduler answers at tcp://127"),
        connected(Cluster(address="tcp://127.0.0.1:9"), "m"),
    ):
        pass


class Client:
    """Stands in for a Dask client; its workers run nothing but say what they are told."""

    def __init__(self, said, workers=True):
        self.said, self.workers = said, workers

    def wait_for_workers(self, n, timeout):
        if not self.workers:
            raise TimeoutError

    def run(self, look, model, on_error):
        said = self.said(look, model) if callable(self.said) else self.said
        return {"tcp://a:1": said}


def check(said, tmp_path, workers=True):
    cluster._check(Client(said, workers), Cluster(address="tcp://s:1"), str(tmp_path / "m"))


def test_workers_that_cannot_segment(tmp_path):
    with pytest.raises(JobError, match="has no workers"):
        check("", tmp_path, workers=False)
    with pytest.raises(JobError, match=r"a:1 cannot segment: it lacks the package"):
        check("lacks the package: x", tmp_path)
    with pytest.raises(JobError, match=r"it has version 0\.0; here is"):
        check("version 0.0", tmp_path)
    with pytest.raises(JobError, match="No module named"):
        check(ModuleNotFoundError("No module named 'x'"), tmp_path)


def test_what_a_worker_says_of_itself(tmp_path, monkeypatch):
    def ask(look, model):
        return look(model)

    with pytest.raises(JobError, match="sees no file"):
        check(ask, tmp_path)
    Path(tmp_path / "m").write_text("")
    check(ask, tmp_path)
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    with pytest.raises(JobError, match="lacks the package"):
        check(ask, tmp_path)


def test_processes_made_for_the_occasion_end_with_it(tmp_path):
    pytest.importorskip("distributed")
    (tmp_path / "m").write_text("")
    with connected(Cluster.parse("dask://local?workers=1"), str(tmp_path / "m")) as client:
        assert len(client.scheduler_info()["workers"]) == 1
    assert client.status == "closed"

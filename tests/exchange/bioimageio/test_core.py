"""bioimageio.core's own test, of packages that this program wrote."""

from __future__ import annotations

import gc
import socket
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from napari_unet.card import checksum, read_card
from napari_unet.exchange.bioimageio.read import read

pytestmark = [
    # bioimageio.spec leaves the archives open that it is given, and its temporary folders.
    pytest.mark.filterwarnings("ignore:unclosed file .*bioimageio.zip:ResourceWarning"),
    pytest.mark.filterwarnings("ignore:Implicitly cleaning up:ResourceWarning"),
]


@pytest.fixture
def core(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Any]:
    """bioimageio.core, which may neither connect to anything nor write into the user's cache."""
    monkeypatch.setenv("BIOIMAGEIO_CACHE_PATH", str(tmp_path_factory.getbasetemp() / "cache"))
    found = pytest.importorskip("bioimageio.core", reason="bioimageio.core is not installed")
    monkeypatch.setattr(socket.socket, "connect", _refused)
    gc.freeze()  # it collects garbage again and again, and need not look at all of pytest
    yield found
    gc.unfreeze()


def _refused(*_: object) -> None:
    raise AssertionError("bioimageio.core wants to connect to something")


@pytest.mark.parametrize("key", ["binary", "classes", "volumes", "slices"])
def test_bioimageio_core_reproduces_the_answer(
    core: Any, exported: Mapping[str, Any], key: str
) -> None:
    summary = core.test_model(exported[key].package, devices=["cpu"])
    failed = [(d.name, [e.msg for e in d.errors]) for d in summary.details if d.errors]
    assert (summary.status, failed) == ("passed", [])
    names = " ".join(d.name for d in summary.details)
    for weights in ("pytorch_state_dict", "onnx"):
        assert f"Reproduce test outputs from test inputs ({weights})" in names
    # Images of other sizes were tried as well, unless the network takes whole images of one size.
    assert ("size parameter n: 2" in names) is (key != "classes")


def test_a_package_that_bioimageio_core_wrote_anew_is_still_ours(
    core: Any, exported: Mapping[str, Any], tmp_path: Path
) -> None:
    from bioimageio.spec import load_description, save_bioimageio_package

    ours = exported["binary"]
    loaded = load_description(ours.package)
    theirs = save_bioimageio_package(loaded, output_path=tmp_path / "theirs.bioimageio.zip")
    with zipfile.ZipFile(ours.package) as one, zipfile.ZipFile(str(theirs)) as other:
        assert one.read("rdf.yaml") != other.read("rdf.yaml")
    back = read(Path(str(theirs)), tmp_path / "back.unet.safetensors")
    assert (checksum(back), read_card(back)) == (checksum(ours.model), ours.card)

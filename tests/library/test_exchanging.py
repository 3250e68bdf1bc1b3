"""Models that come in, and copies that go out."""

from __future__ import annotations

from pathlib import Path

import pytest

from models import bright_model
from napari_unet.card import SUFFIX, read_card
from napari_unet.data.splits.split import split_path
from napari_unet.errors import ConfigError, DiskError, ModelError
from napari_unet.library import add, entries, export, formats, verify
from napari_unet.library.formats import Format
from napari_unet.workspace import models_dir


def model(path: Path, size: int = 32) -> Path:
    return bright_model(path / f"m{SUFFIX}", size=size)


def in_library() -> list[str]:
    return sorted(p.name for p in models_dir().iterdir())


def test_a_copy_comes_in_with_its_split_and_the_file_stays(tmp_path):
    source = model(tmp_path)
    split_path(source).write_text("{}")
    (tmp_path / "m.resume.pt").write_bytes(b"state")
    done = add(source)
    assert not done.known
    assert done.entry.name == "m"
    assert Path(done.entry.path).read_bytes() == source.read_bytes()
    assert in_library() == ["m.split.json", f"m{SUFFIX}"]
    assert len(list(tmp_path.glob("m.*"))) == 3


def test_the_very_same_model_comes_in_once_whatever_it_is_called(tmp_path, boxed):
    source = model(tmp_path, 64)
    first = add(source).entry
    for again in (add(source), add(source, "other"), add(first.path)):
        assert again.known
        assert again.entry == first
    assert add(boxed).entry.name == "brain-tumor"
    assert in_library() == [f"m{SUFFIX}"]


def test_another_model_of_the_same_name_gets_a_number(tmp_path, boxed):
    add(model(tmp_path, 64))
    assert add(model(tmp_path, 96)).entry.name == "m-2"
    with pytest.raises(ModelError, match="called m already"):
        add(model(tmp_path, 160), "M")
    other = bright_model(tmp_path / f"brain-tumor{SUFFIX}", size=128)
    assert add(other).entry.name == "brain-tumor-2"


def test_a_name_that_cannot_be_kept_is_made_one_that_can(tmp_path):
    assert add(bright_model(tmp_path / f"-CON:?{SUFFIX}")).entry.name == "model CON"


def test_what_is_no_sound_model_is_refused_and_nothing_is_left(tmp_path):
    whole = model(tmp_path).read_bytes()
    for name, data in (("cut", whole[:-8]), ("none", b"no model"), ("empty", b"")):
        bad = tmp_path / f"{name}{SUFFIX}"
        bad.write_bytes(data)
        with pytest.raises(ModelError, match=name):
            add(bad)
    with pytest.raises(ModelError, match="There is no file"):
        add(tmp_path / f"nothing{SUFFIX}")
    with pytest.raises(ConfigError, match="ending"):
        add(tmp_path / "photo.jpg")
    with pytest.raises(ModelError, match="is a folder"):
        add(tmp_path)
    assert in_library() == []


def test_an_import_that_was_stopped_changes_nothing(tmp_path):
    def stop():
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        add(model(tmp_path), checkpoint=stop)
    assert in_library() == []


def test_an_export_that_was_stopped_changes_nothing(tmp_path, boxed):
    def stop():
        raise KeyboardInterrupt

    folder = tmp_path / "out"
    folder.mkdir()
    out = folder / f"out{SUFFIX}"
    out.write_bytes(b"somebody's")
    for target in (out, folder / f"new{SUFFIX}"):
        with pytest.raises(KeyboardInterrupt):
            export("brain-tumor", target, checkpoint=stop)
    assert list(folder.iterdir()) == [out]
    assert out.read_bytes() == b"somebody's"


def test_a_full_disk_is_said_and_nothing_is_left(tmp_path, monkeypatch):
    source = model(tmp_path)

    def full(*_):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr("shutil.copyfile", full)
        with pytest.raises(DiskError, match="No space left"):
            add(source)
        with pytest.raises(DiskError, match="No space left"):
            export(source, tmp_path / f"out{SUFFIX}")
    assert in_library() == []
    assert [p.name for p in tmp_path.glob(f"*{SUFFIX}")] == [source.name]


def test_a_model_goes_out_by_name_to_a_file_or_a_folder(tmp_path, boxed):
    out = tmp_path / "new" / f"out{SUFFIX}"
    assert export("brain-tumor", out) == out
    assert out.read_bytes() == boxed.read_bytes()
    assert verify(out).checksum == verify("brain-tumor").checksum
    assert export("brain-tumor", tmp_path) == tmp_path / f"brain-tumor{SUFFIX}"


def test_what_was_there_is_kept_under_a_dated_name(tmp_path, boxed):
    out = tmp_path / f"out{SUFFIX}"
    out.write_bytes(b"somebody's")
    export("brain-tumor", out)
    assert out.read_bytes() == boxed.read_bytes()
    kept = [p for p in tmp_path.glob("out.*") if p != out]
    assert [p.read_bytes() for p in kept] == [b"somebody's"]
    with pytest.raises(ModelError, match="is the model itself"):
        export(out, out)
    with pytest.raises(ModelError, match="own folder"):
        export(out, models_dir())


def test_formats_are_told_by_ending_and_what_is_missing_by_name(tmp_path, boxed, monkeypatch):
    with pytest.raises(ConfigError, match="ending"):
        export("brain-tumor", tmp_path / "out.xyz")
    with pytest.raises(ConfigError, match="no format 'zebra'"):
        export("brain-tumor", tmp_path / "out.xyz", "zebra")
    zebra = Format("zebra", "Zebra", ".zeb", extra="zebra", write="striped.animals:write")
    monkeypatch.setattr("napari_unet.library.formats.FORMATS", (zebra,))
    with pytest.raises(ModelError, match=r"pip install 'napari-unet-workbench\[zebra\]'"):
        export("brain-tumor", tmp_path / "out.zeb")
    with pytest.raises(ConfigError, match="cannot be read"):
        add(tmp_path / "in.zeb", format="zebra")


def test_another_format_is_read_into_the_library(tmp_path, monkeypatch):
    source = tmp_path / "Net 1.ZEB"
    source.write_text("32")
    zebra = Format("zebra", "Zebra", ".zeb", read=f"{__name__}:read_zebra")
    monkeypatch.setattr(formats, "FORMATS", (zebra,))
    monkeypatch.setattr(formats.importlib, "import_module", lambda _: ZEBRA)
    assert add(source).entry.name == "Net 1"
    assert read_card(models_dir() / f"Net 1{SUFFIX}").classes == ("foreground",)
    assert add(source).known
    assert [e.name for e in entries()] == ["Net 1"]


class ZEBRA:
    """A module of another format."""

    @staticmethod
    def read_zebra(source: Path, target: Path) -> Path:
        return bright_model(target, size=int(source.read_text()))

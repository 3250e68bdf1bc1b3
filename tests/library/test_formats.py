"""The table of formats."""

from __future__ import annotations

from importlib import import_module

import pytest

from napari_unet.errors import ConfigError
from napari_unet.library import formats
from napari_unet.library.formats import FORMATS, Format


def test_names_and_endings_are_given_once_for_each_direction():
    assert len({f.name for f in FORMATS}) == len(FORMATS)
    for able in ("read", "write"):
        endings = [s for f in FORMATS if getattr(f, able) for s in f.suffixes]
        assert len(set(endings)) == len(endings)
    assert all(s == s.lower() and s.startswith(".") for f in FORMATS for s in f.suffixes)


@pytest.mark.parametrize("form", FORMATS, ids=lambda f: f.name)
def test_what_the_table_names_is_there(form: Format):
    if missing := formats.missing(form):
        pytest.skip(missing)
    for function in filter(None, (form.read, form.write)):
        module, _, name = function.partition(":")
        assert callable(getattr(import_module(module), name))


def test_a_format_is_told_by_its_ending_or_named():
    own = formats.named("unet")
    assert formats.to_write("a/B.UNET.safetensors") is own
    assert formats.to_read("a", "unet") is own
    assert formats.is_readable("x.unet.safetensors")
    assert not formats.is_readable("x.jpg")
    with pytest.raises(ConfigError, match="its ending tells no format"):
        formats.to_read("x.jpg")
    with pytest.raises(ConfigError, match=r"x\.onnx: ONNX cannot be read, but these can: "):
        formats.to_read("x.onnx")


@pytest.mark.parametrize(
    ("form", "given", "made"),
    [
        ("onnx", "a.b", "a.b.onnx"),
        ("onnx", "a.ONNX", "a.ONNX"),
        ("bioimageio", "a.zip", "a.zip"),
        ("state-dict", "a.pt", "a.pt"),
        ("state-dict", "a.unet.safetensors", "a.unet.safetensors.pth"),
    ],
)
def test_a_file_is_given_an_ending_that_tells_its_format(form, given, made):
    assert formats.with_ending(given, formats.named(form)) == made


def test_what_an_extra_lacks_is_said_with_how_to_install_it(monkeypatch):
    form = Format("z", "Zebra", ".z", extra="zebra")
    lines = ["numpy>=2", 'stripes>=3; extra == "zebra"', 'numpy; extra == "zebra"']
    monkeypatch.setattr(formats, "requires", lambda _: lines)
    assert formats.missing(form) == (
        "Zebra: stripes is not installed. Install it: pip install 'napari-unet-workbench[zebra]'"
    )
    monkeypatch.setattr(formats, "requires", lambda _: lines[::2])
    assert formats.missing(form) == ""

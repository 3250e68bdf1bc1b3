import pytest

from models import bright_model
from napari_unet.report.html.describe import (
    duration,
    file_name,
    model,
    model_sections,
    moment,
    without_paths,
)


@pytest.mark.parametrize(
    ("said", "left"),
    [
        ("/data/My Scans/a b/1.png is broken", "1.png is broken"),
        ("/data/My Scans is gone", "My Scans is gone"),
        ("cannot open '/etc/secret/x.nii.gz'", "cannot open 'x.nii.gz'"),
        ("C:\\Users\\Anna\\x.png and ~/y/z.png", "x.png and z.png"),
        ("images/3.png: 1/2 of it, 10 mm/px", "images/3.png: 1/2 of it, 10 mm/px"),
        ("(/home/anna/.napari/m.safetensors)", "(m.safetensors)"),
    ],
)
def test_private_folders_are_taken_out(said, left):
    clean = without_paths(["/data/My Scans/a b"])
    assert clean(said) == left


def test_names_of_files_of_any_system():
    assert file_name("/a/b/") == "b"
    assert file_name("C:\\a\\b.png") == "b.png"
    assert file_name("b") == "b"


def test_a_model_that_is_gone_keeps_its_name(tmp_path):
    found = model(str(tmp_path / "old.unet.safetensors"))
    assert found.name == "old"
    assert ("File", "cannot be read any more") in model_sections(found)[0].pairs


def test_a_model_is_told_by_its_card(tmp_path):
    sections = model_sections(model(str(bright_model(tmp_path / "b.unet.safetensors"))), "b: ")
    assert [s.title for s in sections] == ["b: Model", "b: Network", "b: Preprocessing"]
    about = dict(sections[0].pairs)
    assert about["Finds"] == "foreground"
    assert str(tmp_path) not in str(sections)


def test_times_are_told_as_people_do():
    assert moment("2026-05-01T09:30:00+00:00") == "2026-05-01 09:30 UTC"
    assert moment("long ago") == "long ago"
    assert [duration(s) for s in (0, 42, 300, 7200)] == ["", "42 s", "5 min", "2.0 h"]

import base64
import io
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from models import bright_model, bright_squares
from napari_unet import reporting
from napari_unet.comparison import compare
from napari_unet.data import corrections
from napari_unet.data.sample import write_sample
from napari_unet.drawing import EXTRA, HIT, MISSED
from napari_unet.engine.wire import Wire
from napari_unet.errors import DiskError, JobError
from napari_unet.evaluation import evaluate
from napari_unet.events import EvaluateFinished, Note, Progress, ReportFinished
from napari_unet.jobs import CompareJob, EvaluateJob, ReportJob
from napari_unet.reporting import report
from pages import read_page


@pytest.fixture
def folder(tmp_path):
    """Six images of a bright square, whose references are ever wider."""
    return bright_squares(tmp_path / "data", 6, wider=2)


@pytest.fixture
def model(tmp_path):
    return bright_model(tmp_path / "m.unet.safetensors", size=64)


def evaluated(folder, model) -> EvaluateFinished:
    *_, done = evaluate(EvaluateJob(str(folder), str(model), "all"))
    return done


def job(tmp_path, folder, done, **more) -> ReportJob:
    return ReportJob(str(tmp_path / "r.html"), str(folder), done, **more)


def pictures(page) -> list[tuple[str, np.ndarray]]:
    """Return the pictures of a page with their descriptions."""
    found = []
    for tag, attributes in page.tags:
        if tag == "img":
            data = base64.b64decode(attributes["src"].partition(",")[2])
            with Image.open(io.BytesIO(data)) as png:
                assert png.size == (int(attributes["width"]), int(attributes["height"]))
                found.append((attributes["alt"], np.asarray(png.convert("RGB"))))
    return found


def has(picture: np.ndarray, colour: tuple[int, int, int]) -> bool:
    return bool((picture == colour).all(axis=-1).any())


def test_a_report_shows_worst_median_and_best(tmp_path, folder, model):
    done = evaluated(folder, model)
    *events, last = report(job(tmp_path, folder, done, pictures=2))
    assert last == ReportFinished(str(tmp_path / "r.html"), last.size, 6, last.seconds)
    assert [e.done for e in events if e.what == "drawing cases"] == list(range(7))
    page = read_page(last.path)
    assert not page.outside()
    drawn = pictures(page)
    assert len(drawn) == 4 * 6
    names = [alt for alt, _ in drawn if alt.startswith("Agreement")]
    assert [n[-1] for n in names] == ["5", "4", "3", "2", "1", "0"]
    worst = dict(drawn)["Agreement of images/5"]
    assert has(worst, HIT)
    assert has(worst, MISSED)
    assert not has(worst, EXTRA)


def test_a_case_that_is_gone_is_named_and_the_rest_drawn(tmp_path, folder, model):
    done = evaluated(folder, model)
    (folder / "images" / "5.png").write_bytes(b"nothing")
    *events, last = report(job(tmp_path, folder, done, pictures=1))
    assert last.pictures == 2
    assert any(isinstance(e, Note) and "5.png" in e.text for e in events)
    page = read_page(last.path)
    assert "Not drawn" in page.text
    assert str(tmp_path) not in page.source


@pytest.mark.parametrize("gone", ["folder", "model"])
def test_without_folder_or_model_there_are_numbers(tmp_path, folder, model, gone):
    done = evaluated(folder, model)
    model.unlink() if gone == "model" else folder.rename(tmp_path / "moved")
    *_, last = report(job(tmp_path, folder, done))
    page = read_page(last.path)
    assert last.pictures == 0
    assert len(page.rows("cases")) == 6
    assert "Not drawn" in page.text


def test_without_pictures_nothing_is_read(tmp_path, folder, model):
    done = evaluated(folder, model)
    events = list(report(job(tmp_path, folder, done, pictures=0)))
    assert [e.what for e in events if isinstance(e, Progress)] == ["writing the report"]
    assert "Not drawn" not in read_page(events[-1].path).text


def test_pictures_end_where_there_is_no_more_room(tmp_path, folder, model, monkeypatch):
    monkeypatch.setattr(reporting, "BUDGET", 12_000)
    *_, last = report(job(tmp_path, folder, evaluated(folder, model), pictures=2))
    assert 0 < last.pictures < 6
    assert "to keep this file small" in read_page(last.path).text


def test_a_stopped_report_leaves_nothing(tmp_path, folder, model):
    events = report(job(tmp_path, folder, evaluated(folder, model)))
    next(events)
    next(events)
    events.close()
    assert not list(tmp_path.glob("*.html*"))


def test_a_corrected_prediction_is_shown_as_it_was_corrected(tmp_path, folder, model):
    done = evaluated(folder, model)
    nothing = np.zeros((40, 40), np.uint8)
    corrections.save(folder, "images/5", nothing, "prediction")
    scores = tuple(replace(s, corrected=s.name == "images/5") for s in done.scores)
    *_, last = report(job(tmp_path, folder, replace(done, scores=scores), pictures=1))
    drawn = dict(pictures(read_page(last.path)))
    assert not has(drawn["Agreement of images/5"], HIT)
    assert has(drawn["Agreement of images/0"], HIT)


def test_nothing_to_report_on(tmp_path):
    with pytest.raises(JobError, match="Nothing was evaluated"):
        list(report(ReportJob(str(tmp_path / "r.html"), "")))


def test_a_place_that_cannot_be_written(tmp_path, folder, model):
    (tmp_path / "file").write_text("")
    place = str(tmp_path / "file" / "r.html")
    with pytest.raises(DiskError, match="could not be written"):
        list(report(ReportJob(place, str(folder), evaluated(folder, model), pictures=0)))


def test_a_job_travels_to_the_engine_and_back(tmp_path, folder, model):
    done = job(tmp_path, folder, evaluated(folder, model))
    wire = Wire([tmp_path])
    found = wire.decode(wire.encode({"do": "run", "value": done}))["value"]
    assert isinstance(found, ReportJob)
    assert isinstance(found.evaluated, EvaluateFinished)
    assert [s.name for s in found.evaluated.scores] == [s.name for s in done.evaluated.scores]
    assert found.evaluated.calibration == done.evaluated.calibration
    list(report(found))


def test_volumes_show_the_plane_with_most_foreground(tmp_path):
    root = tmp_path / "v"
    for part in ("images", "masks"):
        (root / part).mkdir(parents=True)
        for i in range(3):
            volume = np.full((6, 48, 40), 10, np.uint8)
            volume[3, 10:30, 10:30] = 200
            np.save(root / part / f"{i}.npy", volume if part == "images" else volume // 200)
    model = bright_model(tmp_path / "m.unet.safetensors", size=64)
    *_, last = report(job(tmp_path, root, evaluated(root, model), pictures=1))
    page = read_page(last.path)
    assert last.pictures == 3
    assert "slice 4 of 6" in page.text


def test_a_report_of_the_sample(tmp_path):
    root = write_sample(tmp_path / "d", patients=3, slices=1, size=64)
    model = bright_model(tmp_path / "m.unet.safetensors")
    *_, last = report(job(tmp_path, root, evaluated(root, model)))
    assert Path(last.path).stat().st_size == last.size < 1_000_000
    assert last.pictures == 3


def test_a_comparison_shows_where_models_and_readers_differ_most(tmp_path, folder, model):
    reader = tmp_path / "anna"
    shutil.copytree(folder / "masks", reader)
    (reader / "0.png").unlink()
    *_, found = compare(CompareJob(str(folder), (str(model),), (str(reader),), "all"))
    out = tmp_path / "c.html"
    *events, last = report(ReportJob(str(out), str(folder), compared=found, pictures=1))
    page = read_page(out)
    assert not page.outside()
    assert last.pictures == 3
    assert [e.done for e in events if e.what == "drawing cases"] == [0, 1, 2, 3]
    drawn = pictures(page)
    worst = drawn[:4]
    assert [alt.partition(" of ")[0] for alt, _ in worst][:2] == ["Image", "Reference"]
    assert worst[0][0].endswith("images/5")
    assert "anna: Dice 1.000" in worst[3][0]
    assert has(worst[2][1], MISSED)
    assert not has(worst[3][1], MISSED)
    assert page.rows("paired")[0]["Cases"] == "5"


def test_a_reader_that_is_gone_is_not_drawn(tmp_path, folder, model):
    reader = tmp_path / "anna"
    shutil.copytree(folder / "masks", reader)
    *_, found = compare(CompareJob(str(folder), (str(model),), (str(reader),), "all"))
    shutil.rmtree(reader)
    *_, last = report(ReportJob(str(tmp_path / "c.html"), str(folder), compared=found, pictures=1))
    titles = {alt.partition(":")[0] for alt, _ in pictures(read_page(last.path))}
    assert last.pictures == 3
    assert "anna" not in titles
    assert "m" in titles

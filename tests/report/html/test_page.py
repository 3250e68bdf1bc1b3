from __future__ import annotations

import csv
from base64 import b64encode
from dataclasses import replace
from hashlib import sha256

import pytest

from models import bright_model
from napari_unet.events import Calibration, CaseScore, Compared, EvaluateFinished, Paired
from napari_unet.metrics import SCORES, score_masks, summarise
from napari_unet.report import write_csv
from napari_unet.report.html import Drawn, Panel, tables, write_html
from napari_unet.report.html import page as page_module
from pages import read_page
from scored import NAN, empty, failed, masks, scored

HOSTILE = "<script>alert('x')</script>\"&<img src=http://evil.org/x onerror=alert(1)>"


def evaluated(scores, model="m.unet.safetensors", **more) -> EvaluateFinished:
    return EvaluateFinished(model, "test", 0.5, tuple(scores), summarise(scores), 3.0, **more)


def written(tmp_path, finished, folder="/home/anna/secret/data", **more):
    path = tmp_path / "r.html"
    assert write_html(path, finished, folder, **more) == path.stat().st_size
    page = read_page(path)
    assert not page.outside()
    assert not page.unclosed
    return page


def compared(n: int = 5) -> Compared:
    first, second = scored(n), [replace(s, dice=min(s.dice + 0.1, 1.0)) for s in scored(n)]
    pair = Paired("reader", "model", "dice", n, 0.1, 0.08, 0.12, 0.0625, n, 0, 0)
    return Compared(
        columns=("model", "reader"),
        kinds=("model", "reader"),
        scores=(tuple(first), tuple(second)),
        paired=(pair,),
        agreement=((1.0, 0.7), (0.7, 1.0)),
        sources=("/home/anna/m.unet.safetensors", "/home/anna/reader"),
        left_out={"other": "/home/anna/other cannot be read"},
    )


def test_the_table_of_cases_says_what_the_csv_says(tmp_path):
    scores = [*scored(), failed(), empty()]
    page = written(tmp_path, evaluated(scores))
    write_csv(tmp_path / "s.csv", scores)
    with (tmp_path / "s.csv").open(newline="") as file:
        exact = {row["name"]: row for row in csv.DictReader(file)}
    shown = {row["Case"]: row for row in page.rows("cases")}
    assert shown.keys() == exact.keys()
    titles = {"dice": "Dice", "iou": "IoU", "pixel_accuracy": "Accuracy"}
    titles |= {"precision": "Precision", "recall": "Recall"}
    for name, row in shown.items():
        for key in SCORES:
            value = exact[name][key]
            assert row[titles[key]] == (f"{float(value):.4f}" if value else "–")
    assert shown["broken"]["Remarks"] == "failed: broken.png is truncated"
    assert "no foreground" in shown["healthy"]["Remarks"]


def test_the_worst_case_comes_first_and_failed_ones_last(tmp_path):
    names = [
        row["Case"] for row in written(tmp_path, evaluated([failed(), *scored()])).rows("cases")
    ]
    worst = min(scored(), key=lambda s: s.dice)
    assert (names[0], names[-1]) == (worst.name, "broken")


def test_the_summary_is_that_of_the_scores(tmp_path):
    scores = [*scored(), failed(), empty()]
    page = written(tmp_path, evaluated(scores))
    summary = summarise(scores)
    rows = {tuple(r[:2]): r[2:] for r in page.tables["summary"][1:]}
    for over, of in (("images (6)", summary), ("patients (4)", summary["patients"])):
        for part, words in (("mean", "mean"), ("median", "median"), ("std", "standard deviation")):
            assert rows[over, words][0] == f"{of[part]['dice']:.4f}"
    assert "In 1 image neither mask has foreground" in page.text
    assert "1 image could not be scored" in page.text


def test_a_hostile_name_is_a_name_everywhere(tmp_path):
    score = replace(scored(1)[0], name=HOSTILE, patient=HOSTILE, tags={HOSTILE: HOSTILE})
    bad = replace(failed(HOSTILE, HOSTILE), tags={HOSTILE: "other"})
    one = Drawn(HOSTILE, HOSTILE, HOSTILE, (Panel(HOSTILE, "data:image/png;base64,AA", 1, 1),))
    page = written(
        tmp_path,
        evaluated([score, replace(score, name="b"), bad], f"x/{HOSTILE}.unet.safetensors"),
        folder=f"/data/{HOSTILE}",
        drawn=[one],
        notes=[HOSTILE],
    )
    assert page.count("script") == 1
    assert page.count("img") == 1
    assert HOSTILE in page.text
    assert HOSTILE in {row["Case"] for row in page.rows("cases")}


def test_hostile_names_in_a_comparison(tmp_path):
    found = compared()
    pair = replace(found.paired[0], name=HOSTILE, against="model")
    found = replace(found, columns=("model", HOSTILE), paired=(pair,), left_out={HOSTILE: HOSTILE})
    page = written(tmp_path, found)
    assert page.count("script") == 1
    assert page.count("img") == 0


def test_only_its_own_script_may_run(tmp_path):
    source = written(tmp_path, evaluated(scored())).source
    script = source[source.index("<script>") + 8 : source.index("</script>")]
    digest = b64encode(sha256(script.encode()).digest()).decode()
    assert "default-src 'none'; img-src data:;" in source
    assert f"script-src 'sha256-{digest}'" in source


def test_no_private_path_is_told(tmp_path):
    error = "/home/anna/secret/data/images/3.png cannot be read (C:\\Users\\Anna\\3.png)"
    bad = failed("3", error)
    done = evaluated([*scored(), bad], "/home/anna/models/brain.unet.safetensors")
    page = written(tmp_path, done)
    assert "anna" not in page.source.lower()
    assert "secret" not in page.source
    assert "3.png cannot be read (3.png)" in page.text
    assert "brain on data" in page.text
    assert "anna" not in written(tmp_path, compared()).source


@pytest.mark.parametrize(
    "scores",
    [[], scored(1), [failed()], [empty()], [failed(), failed("b")]],
    ids=["none", "one", "failed", "empty", "all failed"],
)
def test_few_cases(tmp_path, scores):
    page = written(tmp_path, evaluated(scores))
    assert len(page.rows("cases")) == len(scores)
    assert ("No case could be scored." in page.text) == (bool(scores) and bool(scores[0].error))


def test_several_classes_have_a_table_columns_and_boxes(tmp_path):
    names = ("liver", "tumour")
    scores = [score_masks(masks(i, 2), masks(i + 9, 2), names, str(i)) for i in range(4)]
    page = written(tmp_path, evaluated(scores))
    (table,) = [rows for rows in page.tables.values() if rows[0][0] == "Class"]
    assert [row[0] for row in table[1:]] == ["liver", "tumour"]
    mean = summarise(scores)["classes"]["tumour"]["mean"]["dice"]
    column = table[0].index("Dice")
    assert table[2][column].startswith(f"{mean:.3f} ±")
    shown = {row["Case"]: row for row in page.rows("cases")}
    assert shown["2"]["Dice tumour"] == f"{scores[2].per_class['tumour']['dice']:.4f}"
    assert "Dice by class" in page.text


def test_patients_are_summed_up_only_where_one_has_several_images(tmp_path):
    alone = [replace(s, patient=s.name) for s in scored()]
    overs = {row[0] for row in written(tmp_path, evaluated(alone)).tables["summary"][1:]}
    assert overs == {"images (5)"}


def test_tags_group_cases_once_even_if_two_say_the_same(tmp_path):
    kinds = ["glioma", "pituitary"]
    scores = [
        replace(s, tags={"label": str(i % 2), "type": kinds[i % 2], "id": str(i)})
        for i, s in enumerate(scored(6))
    ]
    page = written(tmp_path, evaluated(scores))
    groups = [rows for rows in page.tables.values() if rows[0][0] in ("label", "type", "id")]
    assert [(rows[0][0], [r[:2] for r in rows[1:]]) for rows in groups] == [
        ("type", [["glioma", "3"], ["pituitary", "3"]])
    ]


def test_distances_carry_their_unit_and_undefined_ones_are_counted(tmp_path):
    def at(name: str, **values: float) -> CaseScore:
        score = replace(scored(1)[0], name=name, unit="mm", dims=3, **values)
        own = {"foreground": {"dice": 0.5, "hd95": values["hd95"]}}
        return replace(score, per_class=own)

    scores = [at("a", hd95=2.5, volume=120.0, reference_volume=150.0), at("b", hd95=NAN)]
    page = written(tmp_path, evaluated(scores))
    row = {r["Case"]: r for r in page.rows("cases")}
    assert (row["a"]["HD95 (mm)"], row["b"]["HD95 (mm)"]) == ("2.50", "–")
    assert row["a"]["Difference (mm³)"] == "−30.00"
    assert "In 1 image only one of the masks has foreground" in page.text


def test_a_model_is_described_with_its_curves(tmp_path):
    model = bright_model(tmp_path / "bright.unet.safetensors")
    page = written(tmp_path, evaluated(scored(), str(model)))
    assert "bright on data" in page.text
    assert "Preprocessing" in page.text
    assert "Training: loss" not in page.text  # it was never trained


def test_calibration_is_drawn_and_told(tmp_path):
    found = Calibration((0.0, 0.5, 1.0), (90, 10), (0, 8), (0.1, 0.7))
    page = written(tmp_path, evaluated(scored(), calibration=found))
    assert "Expected calibration error over 100 pixels: 0.1000" in page.text
    assert "at least 0.50: 0.100" in page.text
    assert "Calibration" not in written(tmp_path, evaluated(scored())).text


def test_a_comparison_has_differences_agreement_and_all_cases(tmp_path):
    found = compared()
    page = written(tmp_path, found)
    (row,) = page.rows("paired")
    assert row["Mean difference"] == "+0.1000"
    assert row["95 % interval"] == "+0.0800 to +0.1200"
    assert row["p"] == "0.0625"
    assert page.tables["agreement"][1] == ["model", "1.000", "0.700"]
    shown = {r["Case"]: r for r in page.rows("cases")}
    for a, b in zip(*found.scores, strict=True):
        assert shown[a.name]["Dice model"] == f"{a.dice:.4f}"
        assert shown[a.name]["Dice reader"] == f"{b.dice:.4f}"
    assert "other cannot be read" in page.text


def test_thousands_of_cases_make_a_bounded_file(tmp_path, monkeypatch):
    one = scored(1)[0]
    page = written(tmp_path, evaluated([replace(one, name=f"{i:05d}") for i in range(2500)]))
    assert len(page.rows("cases")) == 2500
    assert len(page.source) < 1_000_000
    for module in (tables, page_module):
        monkeypatch.setattr(module, "MOST_ROWS", 10)
    page = written(tmp_path, evaluated([replace(one, name=str(i)) for i in range(30)]))
    assert len(page.rows("cases")) == 10
    assert "the CSV file has them all" in page.text


def test_an_earlier_report_survives_a_failed_write(tmp_path, monkeypatch):
    path = tmp_path / "r.html"
    write_html(path, evaluated(scored()))
    before = path.read_bytes()

    def broken(*_args: object, **_more: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(tables, "_remarks", broken)
    with pytest.raises(OSError, match="No space"):
        write_html(path, evaluated(scored()))
    assert path.read_bytes() == before
    assert [p.name for p in tmp_path.iterdir()] == ["r.html"]


def test_a_name_that_is_no_text_is_written_all_the_same(tmp_path):
    odd = replace(scored(1)[0], name="a\udcff")
    assert "a\\udcff" in written(tmp_path, evaluated([odd])).text

"""The Data dock: folders and cases, and what a person decides about them."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import numpy as np
from qtpy.QtWidgets import QFileDialog, QInputDialog

from napari_unet.data.sample import write_sample
from napari_unet.errors import DataError
from napari_unet.events import AuditFinished, FetchFinished, Finding, Offer, Progress
from napari_unet.jobs import AuditJob
from napari_unet.session import Message
from napari_unet.widgets import DatasetDock, TrainDock
from napari_unet.widgets.docks.fetch import fetch_dialog
from napari_unet.widgets.shelf import shelf_key


def test_a_folder_is_read_and_its_cases_are_opened_one_after_the_other(
    viewer, desk, folder, show, qtbot, monkeypatch
):
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *_: str(folder))
    dock = show(DatasetDock(viewer))
    dock.view.browse_button.click()
    assert "Reading brains" in dock.view.summary.plain
    qtbot.waitUntil(lambda: bool(desk.session.subsets), timeout=20_000)
    assert "20 grey images" in dock.view.summary.plain
    assert dock.view.split.plain.startswith("Split planned for training: ")
    # Nothing else was open, so the first case is shown.
    qtbot.waitUntil(lambda: desk.session.case is not None)
    assert dock.view.cases.current.text().startswith("1 of 20")
    assert not dock.view.cases.previous.isEnabled()
    image, reference = viewer.layers
    assert image.name == desk.session.case.name
    assert reference.data.shape == image.data.shape
    dock.view.cases.next.click()
    qtbot.waitUntil(lambda: dock.view.cases.current.text().startswith("2 of 20"))
    assert len(viewer.layers) == 2
    assert dock.view.cases.table.currentIndex().row() == 1


def test_a_folder_does_not_push_aside_what_somebody_looks_at(viewer, scan, folder, qtbot):
    scan.folders.open(str(folder))
    qtbot.waitUntil(lambda: bool(scan.session.subsets), timeout=20_000)
    qtbot.wait(100)
    assert [layer.name for layer in viewer.layers] == ["scan"]


def test_a_case_that_is_open_is_not_read_again(viewer, opened, qtbot):
    qtbot.waitUntil(lambda: opened.session.case is not None)
    pixels, then = viewer.layers[0].data, []
    opened.loader.open_case(opened.session.case, lambda: then.append(1))
    assert then == [1]
    assert viewer.layers[0].data is pixels


def test_the_next_cases_are_read_ahead_and_open_at_once(viewer, opened, qtbot):
    session, loader = opened.session, opened.loader
    qtbot.waitUntil(lambda: session.case is not None)
    layers = list(viewer.layers)
    for _ in range(3):
        wanted = session.neighbour(1)
        key = shelf_key(session.dataset, wanted)
        qtbot.waitUntil(lambda key=key: loader.shelf.get(key) is not None)
        loader.step(1)
        assert session.case is wanted  # without waiting
        assert viewer.layers[0].data is loader.shelf.get(key).shown.scan.array
    assert list(viewer.layers) == layers


def test_cases_are_gone_through_as_a_stack_and_one_by_one_again(viewer, opened, show, qtbot):
    dock = show(DatasetDock(viewer))
    session, cases = opened.session, opened.session.dataset.cases
    qtbot.waitUntil(lambda: session.case is not None)
    dock.view.cases.step_wanted.emit(1)
    qtbot.waitUntil(lambda: session.case is cases[1])
    dock.view.cases.show_only({"Patient": cases[0].patient})
    qtbot.waitUntil(lambda: session.shown == cases[:2])
    dock.view.cases.stack_button.click()
    qtbot.waitUntil(lambda: opened.loader.stacks.stack is not None)
    image, reference = viewer.layers
    assert image.data.shape == reference.data.shape == (2, 32, 32)
    assert viewer.dims.current_step[0] == 1
    viewer.dims.set_current_step(0, 0)
    assert session.case is cases[0]
    assert dock.view.cases.current.text().startswith("1 of 2")
    dock.view.cases.next.click()
    assert viewer.dims.current_step[0] == 1
    assert session.case is cases[1]
    dock.view.cases.stack_button.click()
    qtbot.waitUntil(lambda: viewer.layers[0].ndim == 2)
    assert not dock.view.cases.stack_button.isChecked()
    assert viewer.layers[0].name == cases[1].name


def test_closing_the_dataset_takes_its_case_away_and_leaves_the_rest(viewer, opened, show, qtbot):
    dock = show(DatasetDock(viewer))
    qtbot.waitUntil(lambda: opened.session.case is not None)
    viewer.add_image(np.ones((4, 4)), name="mine")
    dock.view.close_button.click()
    assert [layer.name for layer in viewer.layers] == ["mine"]
    assert opened.session.dataset is None
    assert "Choose a folder" in dock.view.summary.plain
    assert not dock.view.cases.isVisible()


def test_the_check_runs_in_the_engine_and_its_findings_are_shown(
    viewer, opened, engines, show, qtbot
):
    dock = show(DatasetDock(viewer))
    dataset = opened.session.dataset
    name = dataset.cases[3].name
    finding = Finding("constant", "warning", "1 image is constant.", "", (name,))
    engines.interactive.script = [
        Progress(1, 20, "auditing"),
        AuditFinished(str(dataset.root), 20, (finding,), {}, 0.1),
    ]
    dock.view.check.set_open(True)
    dock.view.audit.check.button.click()
    assert not dock.view.audit.check.button.isEnabled()
    qtbot.waitUntil(lambda: not opened.session.busy)
    job = engines.interactive.jobs[-1]
    assert isinstance(job, AuditJob)
    assert Path(job.split).is_file()
    dock.view.audit.cards[0].show_button.click()
    qtbot.waitUntil(lambda: len(opened.session.shown) == 1)
    assert opened.session.shown[0].name == name


def test_cases_are_left_out_and_put_back_and_no_file_is_touched(viewer, opened, show, qtbot):
    dock = show(DatasetDock(viewer))
    session = opened.session
    qtbot.waitUntil(lambda: session.case is not None)
    files = sorted(session.dataset.root.rglob("*"))
    first, second = session.dataset.cases[:2]
    assert session.case is first
    dock.view.cases.menus.leave_out_wanted.emit((second,), "mask is wrong")
    qtbot.waitUntil(lambda: len(session.dataset) == 19)
    assert session.case is first
    assert dock.view.left_out.list.item(0).text() == f"{second.name}: mask is wrong"
    qtbot.waitUntil(lambda: second.name not in session.subsets)
    dock.view.left_out.back.click()
    qtbot.waitUntil(lambda: len(session.dataset) == 20)
    assert not dock.view.left_out.isVisible()
    assert sorted(session.dataset.root.rglob("*")) == files
    dock.view.cases.menus.leave_out_wanted.emit(session.dataset.cases, "all of them")
    qtbot.waitUntil(dock.view.strip.isVisible)
    assert "left out" in dock.view.strip.text.plain


def test_a_pair_and_patients_are_changed_by_hand_and_back(viewer, opened, show, qtbot):
    session, curator = opened.session, opened.curator
    qtbot.waitUntil(lambda: session.case is not None)
    first, second = session.dataset.cases[:2]
    curator.set_masks(first, (second.mask,))
    qtbot.waitUntil(lambda: len(session.dataset) == 19)
    changed = session.dataset.cases[0]
    assert changed.mask == second.mask
    assert "by hand" in changed.reason
    qtbot.waitUntil(lambda: session.case == changed)  # shown anew, with its other mask
    curator.set_patients({changed.name: "somebody"})
    qtbot.waitUntil(lambda: session.dataset.cases[0].patient == "somebody")
    curator.undo(session.dataset.cases[:1])
    qtbot.waitUntil(lambda: len(session.dataset) == 20)
    assert session.dataset.cases[0].mask == first.mask
    assert session.dataset.cases[0].patient == first.patient


def test_ids_with_a_last_letter_are_one_patient_unless_a_person_says_no(
    viewer, desk, show, qtbot, tmp_path
):
    folder = write_sample(tmp_path / "brains", 3, 2, 32)
    table = folder / "metadata.csv"
    text = table.read_text()
    for old, new in (("patient02", "MR024780B"), ("patient03", "MR024780G")):
        text = re.sub(rf"(,|^){old}(,|$)", rf"\1{new}\2", text, flags=re.MULTILINE)
    table.write_text(text)
    dock = show(DatasetDock(viewer))
    desk.folders.open(str(folder))
    qtbot.waitUntil(lambda: desk.session.case is not None, timeout=20_000)
    assert desk.session.dataset.patients == 2
    assert dock.view.manage.panel.merge.isChecked()
    dock.view.manage.panel.merge.click()
    qtbot.waitUntil(lambda: desk.session.dataset.patients == 3)
    assert not dock.view.manage.panel.merge.isChecked()
    again = show(DatasetDock(viewer))
    assert not again.view.manage.panel.merge.isChecked()


def test_classes_are_named_by_hand_and_found_again(viewer, opened, show, qtbot):
    dock = show(DatasetDock(viewer))
    classes, session = dock.view.classes, opened.session
    classes.set_open(True)
    qtbot.waitUntil(lambda: classes.table.rowCount() == 2)
    classes.table.item(1, 2).setText("tumour")
    classes.use.click()
    qtbot.waitUntil(lambda: session.dataset.labels.names == ("tumour",))
    assert "tumour" in dock.view.summary.plain
    classes.table.setRowCount(0)
    classes.use.click()
    qtbot.waitUntil(dock.view.strip.isVisible)
    assert "at least one" in dock.view.strip.text.plain
    classes.again.click()
    qtbot.waitUntil(lambda: session.dataset.labels.names == ("foreground",))


def test_pairs_and_folders_are_written(viewer, opened, qtbot, tmp_path):
    said = []
    opened.session.message_changed.connect(
        lambda place: said.append(opened.session.messages[place].text)
    )
    opened.curator.export_pairs(str(tmp_path / "pairs.csv"))
    qtbot.waitUntil(lambda: any("Saved" in text for text in said))
    assert len((tmp_path / "pairs.csv").read_text().splitlines()) == 21
    opened.curator.export_folders(str(tmp_path / "out"))
    qtbot.waitUntil(lambda: any("Copied 20 cases" in text for text in said))
    assert {p.name for p in (tmp_path / "out").iterdir()} >= {"train", "val", "test"}
    opened.curator.export_folders(str(tmp_path / "out"))
    qtbot.waitUntil(lambda: "not empty" in said[-1])


def test_a_split_chosen_under_dataset_is_the_one_that_is_trained_with(viewer, opened, show, qtbot):
    dock, train = show(DatasetDock(viewer)), show(TrainDock(viewer))
    dock.view.manage.panel.form.fields["folds"].spin.setValue(5)
    assert opened.divider.split.folds == 5
    assert train.view.form.value().split == opened.divider.split
    train.view.form.split.combo.setEditText("70:15:15")
    assert opened.divider.split.folds == 5
    assert opened.divider.split.train == 70
    assert dock.view.manage.panel.form.value() == opened.divider.split
    qtbot.waitUntil(lambda: list(opened.session.subsets.values()).count("test") == 4)


def test_an_imported_split_that_parts_a_patient_is_reported_by_name(
    viewer, opened, show, qtbot, tmp_path
):
    dock = show(DatasetDock(viewer))
    cases = opened.session.dataset.cases
    rows = [f"{c.name},{'test' if i == 1 else 'train'}" for i, c in enumerate(cases)]
    path = tmp_path / "split.csv"
    path.write_text("\n".join(["image,subset", *rows]))
    panel = dock.view.manage.panel
    panel.split_changed.emit(replace(opened.divider.split, file=str(path)))
    qtbot.waitUntil(lambda: "leak" in panel.notes.text.plain.casefold())
    assert cases[0].patient in panel.notes.text.plain
    assert opened.session.subsets[cases[1].name] == "test"


def test_a_dataset_is_downloaded_and_opened(viewer, desk, folder, engines, show, qtbot):
    dock = show(DatasetDock(viewer))
    dialog = fetch_dialog(dock)
    dialog.show()
    dialog.list.setCurrentRow(0)
    offer = Offer("brain-tumor", "Brains", (), 880_000_000, "CC BY 4.0", "", str(folder))
    engines.interactive.script = [offer]
    dialog.look_up.button.click()
    qtbot.waitUntil(dialog.download.isVisible)
    qtbot.waitUntil(lambda: not desk.session.busy)
    engines.interactive.script = [offer, FetchFinished(str(folder), 20, 10, 1.0)]
    dialog.download.button.click()
    qtbot.waitUntil(lambda: desk.session.dataset is not None, timeout=20_000)
    assert not dialog.isVisible()
    assert [job.agreed for job in engines.interactive.jobs] == [False, True]
    qtbot.waitUntil(lambda: not desk.session.busy and desk.session.case is not None)
    again = fetch_dialog(dock)
    again.show()
    engines.interactive.script = [DataError("The connection broke off.")]
    again.address.setText("https://nowhere")
    again.look_up_wanted.emit("https://nowhere")
    qtbot.waitUntil(again.strip.isVisible)
    assert "broke off" in again.strip.text.plain
    again.reject()


def test_an_empty_folder_is_reported_and_what_was_open_stays(viewer, opened, show, qtbot, tmp_path):
    dock = show(DatasetDock(viewer))
    opened.folders.open(str(tmp_path))
    qtbot.waitUntil(dock.view.strip.isVisible)
    assert "is empty" in dock.view.strip.text.plain
    assert opened.session.dataset.root.name == "brains"
    assert "20 grey images" in dock.view.summary.plain
    assert dock.view.browse_button.isEnabled()
    dock.view.strip.close_button.click()
    assert not opened.session.messages["dataset"].text


def test_a_damaged_image_is_reported_and_a_damaged_mask_leaves_the_image(
    viewer, desk, show, qtbot, tmp_path
):
    folder = write_sample(tmp_path / "brains", 3, 2, 32)
    dock = show(DatasetDock(viewer))
    viewer.add_labels(np.zeros((4, 4), np.uint8), name="mine")
    desk.folders.open(str(folder))
    qtbot.waitUntil(lambda: desk.session.case is not None, timeout=20_000)
    viewer.layers.clear()
    first, second = desk.session.dataset.cases[1:3]
    first.image.write_bytes(first.image.read_bytes()[:40])
    second.mask.write_bytes(b"")
    desk.loader.open_case(first)
    qtbot.waitUntil(dock.view.strip.isVisible)
    assert first.image.name in dock.view.strip.text.plain
    assert not viewer.layers
    desk.loader.open_case(second)
    qtbot.waitUntil(lambda: desk.session.case is second)
    assert second.mask.name in dock.view.strip.text.plain
    assert [layer.name for layer in viewer.layers] == [second.name]


def test_an_error_about_a_folder_outlasts_the_next_case_and_one_about_a_case_does_not(
    viewer, opened, qtbot
):
    session, cases = opened.session, opened.session.dataset.cases
    qtbot.waitUntil(lambda: session.case is not None)
    session.fail("dataset", "This folder is empty.")
    opened.loader.step(1)
    qtbot.waitUntil(lambda: session.case is cases[1])
    assert "empty" in session.messages["dataset"].text
    session.set_message("dataset", Message())
    opened.loader.understanding.say("This case is damaged.", "error")
    opened.loader.step(1)
    qtbot.waitUntil(lambda: session.case is cases[2])
    assert not session.messages["dataset"].text


def test_the_sample_data_is_made_once(viewer, desk, show, qtbot, own_workspace):
    dock = show(DatasetDock(viewer))
    dock.view.sample_button.click()
    qtbot.waitUntil(lambda: desk.session.dataset is not None, timeout=30_000)
    made = (own_workspace / "sample" / "metadata.csv").stat().st_mtime_ns
    desk.session.dataset = None
    dock.view.sample_button.click()
    qtbot.waitUntil(lambda: desk.session.dataset is not None, timeout=30_000)
    assert (own_workspace / "sample" / "metadata.csv").stat().st_mtime_ns == made


def test_guessed_axes_are_shown_and_changed_and_found_again(
    viewer, desk, show, qtbot, tmp_path, monkeypatch
):
    for name in ("images", "masks"):
        (tmp_path / "stacks" / name).mkdir(parents=True)
        for i in range(2):
            stack = np.arange(6 * 24 * 32).reshape(6, 24, 32) % 2
            np.save(tmp_path / "stacks" / name / f"{i}.npy", stack.astype(np.uint8))
    dock, session = show(DatasetDock(viewer)), desk.session
    cases = dock.view.cases
    desk.folders.open(str(tmp_path / "stacks"))
    qtbot.waitUntil(lambda: session.case is not None, timeout=20_000)
    assert "slices" in cases.reading.plain
    offered = []

    def choose(*args, **options):
        offered[:] = args[3]
        return answers.pop(0), True

    monkeypatch.setattr(QInputDialog, "getItem", choose)
    answers = ["times, rows, columns", "as found by the program"]
    for word in ("times", "slices"):
        cases.axes_button.click()
        qtbot.waitUntil(lambda word=word: word in cases.reading.plain, timeout=20_000)
        qtbot.waitUntil(lambda: session.case in session.dataset.cases)
    assert "slices, rows, columns" in offered
    assert session.case.axes == ""


def test_axes_that_the_file_names_are_not_for_changing(viewer, opened, show, qtbot):
    dock = show(DatasetDock(viewer))
    qtbot.waitUntil(lambda: opened.session.case is not None)
    assert not dock.view.cases.axes_button.isVisible()

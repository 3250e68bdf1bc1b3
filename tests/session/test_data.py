"""The data set, its cases and their order."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from napari_unet.events import (
    AuditFinished,
    Finding,
)
from napari_unet.jobs import AuditJob
from napari_unet.session import Session
from sessions import dataset


def test_another_dataset_closes_the_case_and_tells():
    session, heard = Session(), []
    session.dataset_changed.connect(lambda: heard.append("dataset"))
    session.case_changed.connect(lambda: heard.append("case"))
    first = dataset()
    session.set_dataset(first)
    session.set_subsets({"c0": "test"}, "planned")
    session.set_case(first.cases[1])
    session.set_dataset(dataset("/other"))
    assert session.case is None
    assert not session.subsets
    assert heard == ["dataset", "case", "case", "dataset", "case"]


def test_neighbours_end_at_both_ends():
    session = Session()
    assert session.neighbour(1) is None
    cases = dataset().cases
    session.set_dataset(dataset())
    assert session.neighbour(1) == cases[0]  # nothing is open yet: begin
    session.set_case(cases[0])
    assert session.neighbour(-1) is None
    assert session.neighbour(1) == cases[1]
    session.set_case(cases[2])
    assert session.neighbour(1) is None


def test_neighbours_are_those_that_are_shown():
    session = Session()
    session.set_dataset(dataset())
    cases = session.dataset.cases
    session.set_case(cases[1])
    session.set_shown((cases[2], cases[1], cases[0]))
    assert session.place == 1
    assert session.neighbour(-1) == cases[2]
    assert session.neighbour(1) == cases[0]
    session.set_shown(cases[2:])
    assert session.place is None
    assert session.neighbour(1) == cases[2]
    session.set_shown(())
    assert session.neighbour(1) is None


def test_an_audit_of_the_open_folder_tells_what_is_wrong_with_cases():
    session, heard = Session(), []
    session.audit_changed.connect(lambda: heard.append(session.audit))
    session.set_dataset(dataset())
    found = (
        Finding("shape", "error", "differ in size", cases=("c1",)),
        Finding("copies", "warning", "are the same", cases=("c0", "c1")),
        Finding("blank", "info", "have no foreground", cases=("c2",)),
    )
    session.start("interactive", AuditJob("/data"), "checking", "dataset")
    session.receive("interactive", AuditFinished("/elsewhere", 3, found, {}, 0.1))
    assert session.audit is None
    audit = AuditFinished(str(session.dataset.root), 3, found, {}, 0.1)
    session.receive("interactive", audit)
    assert session.audit is audit
    assert session.problems == {"c1": ("shape", "copies"), "c0": ("copies",)}
    session.set_dataset(dataset("/other"))
    assert session.audit is None
    assert not session.problems
    assert heard == [None, audit, None]


def test_an_amended_dataset_keeps_the_open_case_and_the_order():
    session = Session()
    first = dataset()
    session.set_dataset(first)
    session.set_case(first.cases[1])
    session.set_shown(first.cases[::-1])
    assert session.amend_dataset(replace(first, cases=first.cases[:2])) is None
    assert session.case is first.cases[1]
    assert len(session.shown) == 2
    other = replace(first.cases[1], patient="another")
    assert session.amend_dataset(replace(first, cases=(first.cases[0], other))) is other
    assert session.amend_dataset(replace(first, cases=first.cases[:1])) is None
    assert session.case is None


def test_a_corrected_case_is_known_everywhere_without_being_opened_anew():
    session, told = Session(), []
    session.set_dataset(dataset())
    session.set_case(session.dataset.cases[1])
    session.set_shown(session.dataset.cases[:2])
    session.corrections_changed.connect(lambda: told.append("corrections"))
    session.case_changed.connect(lambda: told.append("case"))
    case = replace(session.dataset.cases[1], correction=Path("/w/0001.reference.tif"))
    session.replace_case(case)
    assert session.case == session.dataset.cases[1] == session.shown[1] == case
    assert session.dataset.cases[0].correction is None
    assert told == ["corrections"]

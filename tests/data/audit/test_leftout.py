import json

import pytest

from napari_unet.data.audit import leftout
from napari_unet.data.dataset import open_dataset
from napari_unet.data.overview import describe, describe_text
from napari_unet.data.sample import write_sample
from napari_unet.errors import DataError


@pytest.fixture
def root(tmp_path):
    return write_sample(tmp_path / "brain", patients=3, slices=2, size=32)


def files(root):
    return {p: p.read_bytes() for p in root.rglob("*") if p.is_file()}


def test_a_case_left_out_stays_out_with_its_reason(root):
    dataset, before = open_dataset(root), files(root)
    name = dataset.cases[1].name
    smaller = leftout.leave_out(dataset, [name], "  moved\nduring the scan ")
    assert len(smaller) == len(dataset) - 1
    again = open_dataset(root)
    assert name not in {c.name for c in again.cases}
    assert [(c.name, c.reason) for c in again.left_out] == [(name, "moved during the scan")]
    assert again.left_out[0].since
    assert files(root) == before


def test_the_list_is_shown(root):
    dataset = open_dataset(root)
    smaller = leftout.leave_out(dataset, [dataset.cases[0].name], "blurred")
    assert describe(smaller)["left_out"] == [{"name": dataset.cases[0].name, "reason": "blurred"}]
    assert f"Left out by you: {dataset.cases[0].name}: blurred" in describe_text(smaller)


def test_putting_back_undoes_it(root):
    dataset = open_dataset(root)
    one, two = (c.name for c in dataset.cases[:2])
    leftout.leave_out(dataset, [one, two], "why not")
    assert [c.name for c in leftout.put_back(root, [one])] == [two]
    assert {c.name for c in open_dataset(root).cases} == {c.name for c in dataset.cases} - {two}
    leftout.put_back(root, [two])
    assert open_dataset(root) == dataset


def test_leaving_out_twice_keeps_the_first_reason(root):
    dataset = open_dataset(root)
    name = dataset.cases[0].name
    smaller = leftout.leave_out(dataset, [name], "first")
    again = leftout.leave_out(smaller, [name], "second")
    assert again == smaller
    assert [c.reason for c in leftout.load(root)] == ["first"]


def test_unknown_names_and_missing_reasons_are_refused(root):
    dataset = open_dataset(root)
    name = dataset.cases[0].name
    with pytest.raises(DataError, match=f"Did you mean .*{name}"):
        leftout.leave_out(dataset, [name[:-1]], "why")
    with pytest.raises(DataError, match="Say why"):
        leftout.leave_out(dataset, [name], "  ")
    with pytest.raises(DataError, match="no case"):
        leftout.put_back(root, [name])
    assert leftout.load(root) == ()


def test_one_case_must_remain(root):
    dataset = open_dataset(root)
    with pytest.raises(DataError, match="All 6 cases"):
        leftout.leave_out(dataset, [c.name for c in dataset.cases], "all")
    assert leftout.load(root) == ()


def test_two_folders_of_one_name_have_lists_of_their_own(tmp_path):
    one, two = (write_sample(tmp_path / p / "d", patients=2, slices=1, size=32) for p in "ab")
    leftout.leave_out(open_dataset(one), [open_dataset(one).cases[0].name], "why")
    assert not open_dataset(two).left_out


def test_names_that_are_gone_are_passed_over(root):
    dataset = open_dataset(root)
    gone = dataset.cases[0]
    leftout.leave_out(dataset, [gone.name], "why")
    gone.image.unlink()
    gone.mask.unlink()
    assert open_dataset(root).left_out == ()


@pytest.mark.parametrize("text", ["", "[]", '{"format": 1}', '{"format": 1, "cases": [{"x": 1}]}'])
def test_a_damaged_list_is_an_error_that_names_it(root, text):
    path = leftout.list_path(root)
    path.parent.mkdir(parents=True)
    path.write_text(text)
    with pytest.raises(DataError, match="damaged") as e:
        open_dataset(root)
    assert str(path) in str(e.value)


def test_a_newer_list_is_left_alone(root):
    path = leftout.list_path(root)
    path.parent.mkdir(parents=True)
    path.write_text(json.dumps({"format": 99, "cases": []}))
    with pytest.raises(DataError, match="newer"):
        open_dataset(root)

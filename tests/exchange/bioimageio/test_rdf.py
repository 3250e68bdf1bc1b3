from __future__ import annotations

import time

import pytest

from napari_unet.errors import DataError
from napari_unet.exchange.bioimageio import rdf


def test_a_description_comes_back_and_empty_fields_are_left_out() -> None:
    text = '{"a": 1e-05}\nsecond line'
    content = {"name": "x", "card": text, "list": [1, 2.5, None, True], "none": None, "empty": []}
    stored = rdf.dump(content)
    assert rdf.parse(stored) == {"name": "x", "card": text, "list": [1, 2.5, None, True]}


def test_what_occurs_twice_is_written_twice() -> None:
    twice = ["x"]
    assert b"&" not in rdf.dump({"a": twice, "b": twice})


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("a: !!python/object/apply:os.system ['touch hacked']", "no plain value"),
        ("a: !!python/name:os.system", "no plain value"),
        ("a: !!binary aGk=", "no plain value"),
        ("a: &x [1]\nb: *x", "parts of itself"),
        ("a: &x {b: *x}", "parts of itself"),
        ("a: &x {k: 1}\nb:\n  <<: *x", "parts of itself"),
        ("- 1", "is empty"),
        ("", "is empty"),
        ("a: [1", "no YAML"),
        ("a: 2020-99-99", "no YAML"),
        ("a: \x00", "no YAML"),
        ("\ud800".encode("utf-16", "surrogatepass").decode("latin-1"), "no YAML"),
        ("a: " + "[" * 500 + "]" * 500, "levels deep"),
        ("? [a, b]\n: 1", "no YAML"),
        ("a: " + "[" * 50_000, "levels deep"),
        ("a: " + "x" * rdf.MOST, "larger than"),
    ],
)
def test_what_is_no_description_is_refused(text: str, why: str) -> None:
    with pytest.raises(DataError, match=why):
        rdf.parse(text.encode("utf-8"))


def test_a_billion_laughs_are_refused_at_once() -> None:
    lines = ["a0: &a0 [ha, ha, ha, ha, ha, ha, ha, ha, ha, ha]"]
    lines += [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 10)}]" for i in range(1, 12)]
    before = time.monotonic()
    with pytest.raises(DataError, match="parts of itself"):
        rdf.parse("\n".join(lines).encode())
    assert time.monotonic() - before < 30

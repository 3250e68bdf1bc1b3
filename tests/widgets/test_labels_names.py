"""What names of Labels layers say: each thing once, and not what is wrong beside another."""

from __future__ import annotations

from napari_unet.widgets.labels_names import (
    OLD,
    STALE,
    apart_name,
    by_model,
    corrected_name,
    old_name,
    stale_name,
)

NAME = by_model("scan", "m")


def test_a_name_says_a_thing_once():
    for say in (corrected_name, old_name, lambda name: stale_name(name, True)):
        assert say(say(NAME)) == say(NAME) != NAME


def test_labels_become_fresh_again_but_not_those_of_another_model():
    stale = stale_name(NAME, True)
    assert stale.endswith(STALE)
    assert stale_name(stale, False) == NAME
    old = old_name(stale)
    assert old == f"{NAME}{OLD}"
    assert stale_name(old, True) == old


def test_what_a_person_painted_is_not_called_stale():
    stale = stale_name(NAME, True)
    assert STALE not in corrected_name(stale)
    assert STALE not in apart_name(stale)

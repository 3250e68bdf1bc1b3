from __future__ import annotations

from dataclasses import replace

import pytest

from napari_unet.exchange.bioimageio import texts
from packages import CARDS

CARD = CARDS["binary"]


@pytest.mark.parametrize(
    ("given", "name"),
    [
        ("abc", "abc U-Net"),
        ("größe/ä.x (1)", "gr  e   x (1)"),
        ("x" * 200, "x" * 128),
        ("", "U-Net"),
    ],
)
def test_names_have_the_letters_that_are_allowed(given: str, name: str) -> None:
    assert texts.name(replace(CARD, name=given)) == name


@pytest.mark.parametrize(
    ("given", "licence"),
    [
        ("CC BY 4.0 (see the data's page)", "CC-BY-4.0"),
        ("CC-BY-SA-4.0", "CC-BY-SA-4.0"),
        ("BSD-3-Clause; the data are CC BY 4.0", "BSD-3-Clause"),
        ("ask me", None),
        ("", None),
    ],
)
def test_licences_are_told_by_their_names(given: str, licence: str | None) -> None:
    assert texts.licence(replace(CARD, about={"licence": given})) == licence


def test_a_summary_is_never_too_long() -> None:
    assert texts.summary(CARD) == "Finds what is bright."
    assert texts.summary(replace(CARD, about={})) == "A U-Net that segments class 0."
    assert len(texts.summary(replace(CARD, about={"summary": "x" * 2000}))) == 1024


def test_authors_are_names_or_what_is_known_of_them() -> None:
    found = texts.authors(CARD)
    assert found == [{"name": "A. Person"}, {"name": "B C", "affiliation": "Somewhere"}]
    assert texts.authors(replace(CARD, about={"authors": "One"})) == [{"name": "One"}]
    assert texts.authors(replace(CARD, about={})) == []


def test_what_has_a_doi_is_cited_and_the_network_s_paper() -> None:
    first, own = texts.citations(CARD)
    assert first == {"text": "A. Person: A paper. doi:10.1234/abc.5.", "doi": "10.1234/abc.5"}
    assert own == texts.UNET
    assert texts.citations(CARDS["volumes"]) == [texts.UNET_3D]
    twice = replace(CARD, about={"cite": f"U-Net, {texts.UNET['doi']}"})
    assert len(texts.citations(twice)) == 1


def test_tags_and_remarks_tell_what_is_found() -> None:
    assert texts.tags(CARD)[2:] == ["2d", "semantic-segmentation", "napari-unet", "class-0"]
    remarks = texts.remarks(CARD, 7)
    assert remarks["model_parameter_count"] == 7
    assert remarks["out_of_scope_use"] == "Diagnosis."
    limits = remarks["bias_risks_limitations"]["limitations"]
    assert limits == "Dark images.\n\nVery bright ones."

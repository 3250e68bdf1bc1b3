"""Pieces of an answer: shown while the rest computes, and taken back."""

from __future__ import annotations

import pytest

from answers import MODEL, ones
from napari_unet.session import Made
from napari_unet.session.portion import all_of
from napari_unet.widgets.pieces import Pieces


@pytest.fixture
def pieces(layers):
    return Pieces(layers)


def test_pieces_show_and_go_again_if_there_is_no_answer(viewer, layers, pieces, whose):
    whole = all_of((4, 6, 8))
    pieces.show(whose, whole, Made(1.0), ((1, 2), (0, 6), (0, 8)), ones(1, 6, 8))
    assert viewer.layers["scan · m"].data.sum() == 48
    assert pieces.take_back()
    assert "scan · m" not in viewer.layers
    layers.write(whose, 2 * ones(4, 6, 8))
    for z in (0, 1):
        pieces.show(whose, whole, Made(1.0), ((z, z + 1), (0, 6), (0, 8)), ones(1, 6, 8))
    labels = viewer.layers["scan · m"]
    assert labels.data.sum(axis=(1, 2)).tolist() == [48, 48, 96, 96]
    assert not layers.painted(whose.image, MODEL)
    assert pieces.take_back()
    assert (labels.data == 2).all()
    assert not layers.painted(whose.image, MODEL)


def test_no_piece_is_shown_on_what_was_painted(viewer, layers, pieces, whose):
    layers.write(whose, ones(4, 6, 8))
    labels = viewer.layers["scan · m"]
    labels.data[0, 0, 0] = 7
    pieces.show(whose, all_of((4, 6, 8)), Made(1.0), ((0, 1), (0, 6), (0, 8)), 2 * ones(1, 6, 8))
    assert labels.data[0, 0, 0] == 7
    pieces.take_back()
    assert labels.data[0, 0, 0] == 7


def test_what_is_painted_on_pieces_is_not_taken_back(viewer, layers, pieces, whose):
    pieces.show(whose, all_of((4, 6, 8)), Made(1.0), ((0, 1), (0, 6), (0, 8)), ones(1, 6, 8))
    viewer.layers["scan · m"].data[3, 3, 3] = 9
    assert not pieces.take_back()
    assert viewer.layers["scan · m"].data[3, 3, 3] == 9


def test_labels_that_came_are_not_taken_back(viewer, layers, pieces, whose):
    pieces.prepare(whose, all_of((4, 6, 8)), Made(1.0))
    layers.write(whose, ones(4, 6, 8))
    assert not pieces.take_back()
    assert viewer.layers["scan · m"].data.all()

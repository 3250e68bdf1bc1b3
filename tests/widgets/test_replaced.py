"""Painted labels that were replaced and come back."""

from __future__ import annotations

from answers import MODEL, ones


def test_what_was_painted_comes_back(viewer, layers, whose):
    layers.write(whose, ones(4, 6, 8))
    labels = viewer.layers["scan · m"]
    labels.data[0, 0, 0] = 7
    assert not layers.replaced.has(labels)
    layers.replaced.keep(labels)
    layers.write(whose, 2 * ones(4, 6, 8))
    assert labels.data[0, 0, 0] == 2
    assert layers.replaced.has(labels)
    layers.replaced.bring_back(labels)
    assert labels.data[0, 0, 0] == 7
    assert labels.data[0, 0, 1] == 1
    assert layers.painted(whose.image, MODEL)
    assert not layers.replaced.has(labels)


def test_what_was_given_up_does_not_come_back(viewer, layers, whose):
    layers.write(whose, ones(4, 6, 8))
    labels = viewer.layers["scan · m"]
    layers.replaced.keep(labels)
    layers.replaced.forget(labels)
    labels.data[0, 0, 0] = 7
    layers.replaced.bring_back(labels)
    assert labels.data[0, 0, 0] == 7
    assert not layers.replaced.has(None)

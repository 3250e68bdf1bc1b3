"""Packages of bioimage.io, both ways: its model description, format 0.5 (bioimage-io/spec).

A package is a zip archive: ``rdf.yaml`` describes a model, and the files beside it are its weights,
a Python file that makes the network they belong to, a test, pictures and a text for people.

Writing needs no more than the program itself; what is written is held to bioimageio.core's own test
by the tests. Reading executes nothing and fetches nothing: of a package's files only the
description, the weights and the picture are looked at.
"""

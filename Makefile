# Sets up and runs everything in .venv. Needs only Python (3.11 or newer), pip and make:
# `make demo`, `make test`. Another interpreter: `make test PYTHON=python3.12`.

ifeq ($(OS),Windows_NT)
PYTHON ?= python
BIN := .venv/Scripts
else
PYTHON ?= python3
BIN := .venv/bin
endif
READY := .venv/.ready

.DEFAULT_GOAL := help
.PHONY: help demo test lint venv libraries clean

help:
	@$(PYTHON) tools/setup.py help

demo: venv
	$(BIN)/napari-unet demo

# Tests with real windows go for themselves; each worker has a screen of its own (pytest-xvfb).
test: lint
	$(BIN)/python -m pytest --ignore=tests/gui -n logical --dist loadfile
	$(BIN)/python -m pytest tests/gui -n 2 --dist loadfile

lint: venv
	$(BIN)/python -m ruff check .
	$(BIN)/python -m ruff format --check .
	$(BIN)/python -m mypy

venv: libraries

# Looked for every time: it takes no time, and they can be installed or lost without our noticing.
libraries: $(READY)
	@$(BIN)/python tools/setup.py libraries

$(READY): pyproject.toml constraints.txt tools/setup.py
	$(PYTHON) tools/setup.py venv

clean:
	@$(PYTHON) tools/setup.py clean

# Charthouse: set up, run, test. `make` alone lists what there is.

PYTHON ?= python3
PORT   ?= 8080
DATA   ?= demo-data
JOBS   ?= 2

VENV := .venv
BIN  := $(VENV)/bin
PIP  := $(BIN)/python -m pip --disable-pip-version-check --quiet
RUN  := $(VENV)/.installed
DEV  := $(VENV)/.installed-dev
BUILD_SOURCES := pyproject.toml CHANGELOG.md hatch_build.py \
	$(wildcard building/*.py building/*.tsv building/npm/*.json building/pypi/*.txt) \
	src/charthouse/fhir/branches.py src/charthouse/fhir/definitions.py \
	$(wildcard src/charthouse/terminology/*.py src/charthouse/terminology/find/*.py)

.DEFAULT_GOAL := help
.PHONY: help demo install test lint types imports check browser soak bench fmt docs lock wheel sbom clean

help:  ## this list
	@sed -n 's/^\([a-z]*\):.*## /  make \1\t/p' Makefile | expand -t 18

demo: $(RUN)  ## a clinic with invented patients on http://localhost:8080 (PORT=, DATA= override)
	@exec $(BIN)/charthouse demo --data "$(DATA)" --port "$(PORT)"

install: $(DEV)  ## the environment in .venv, with everything the tests need

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
	  echo "Charthouse needs Python 3.11 or later; $(PYTHON) is $$($(PYTHON) --version 2>&1)."; \
	  echo "Name another with: make PYTHON=python3.12 $(MAKECMDGOALS)"; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { \
	  echo "Python's venv module is missing. On Debian and Ubuntu:"; echo "  apt install python3-venv"; exit 1; }
	@echo "Making the environment in $(VENV) (once; a minute or two) ..."
	@$(PYTHON) -m venv --clear $(VENV)

$(RUN): $(VENV)/bin/python requirements.txt $(BUILD_SOURCES)
	@$(PIP) install --require-hashes -r requirements.txt
	@$(PIP) install --no-deps -e .
	@touch $@

$(DEV): $(RUN) requirements-dev.txt
	@$(PIP) install --require-hashes -r requirements-dev.txt
	@touch $@

test: lint types imports browser check  ## everything that must hold before a change is taken (under 15 minutes)

check: $(DEV)  ## the tests alone: unit, API, pages in a browser, conformance, short faults
	$(BIN)/python -m pytest -n $(JOBS) --dist worksteal --durations 10 -q tests

browser: $(DEV)  ## Chromium for the browser tests, from the system's packages
	@.ci/chromium

lint: $(DEV)  ## style, likely bugs, security rules
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(DEV)  ## the type checker, strict
	$(BIN)/mypy

imports: $(DEV)  ## who may import whom
	$(BIN)/lint-imports --no-logo

soak: $(DEV)  ## long runs: soaks, hundreds of kills, big data
	$(BIN)/python -m pytest -m soak -q tests

bench: $(RUN)  ## speed and memory beside their floors
	$(BIN)/charthouse bench

fmt: $(DEV)  ## bring the code into shape
	$(BIN)/ruff check --fix-only --quiet .
	$(BIN)/ruff format .

docs: $(DEV)  ## write the reference pages that are generated from code
	$(BIN)/python -m building.reference

wheel: $(DEV)  ## dist/charthouse-*.whl, with all it needs at run time
	$(BIN)/python -m pip --disable-pip-version-check wheel --no-deps --wheel-dir dist .

sbom: $(RUN)  ## dist/sbom.json, what it is made of (CycloneDX), from the locks
	@$(BIN)/python -m building.sbom

lock: $(DEV)  ## choose newest versions within pyproject.toml, with their hashes
	$(PIP) install uv
	$(BIN)/uv pip compile pyproject.toml $(LOCK) --extra postgres -o requirements.txt >/dev/null
	$(BIN)/uv pip compile pyproject.toml $(LOCK) --extra dev -o requirements-dev.txt >/dev/null

LOCK := --upgrade --universal --python-version 3.11 --generate-hashes --no-header --no-annotate

clean:  ## remove what builds and tests left (not .venv, not anybody's data)
	rm -rf dist building/stamp src/charthouse/fhir/definitions.bin src/charthouse/web/static/vendor tests/web/vendor
	rm -rf tests/interop/vendor
	rm -f src/charthouse/terminology/codes.db src/charthouse/terminology/units.bin
	rm -f src/charthouse/search/people/nicknames.csv
	rm -rf .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
	rm -f $(RUN) $(DEV)
	find src tests building -name __pycache__ -type d -exec rm -rf {} +

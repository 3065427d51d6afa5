# Everything a contributor runs. `make help` lists it.

PYTHON ?= python3
VENV ?= .venv
JOBS ?= 2
ARGS ?=

BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check
BASE := $(VENV)/.installed-base
DEV := $(VENV)/.installed-dev

# Set for all recipes: a tool that runs beside others gets one thread, and asks nobody about newer versions of itself.
export OMP_NUM_THREADS ?= 1
export PYRIGHT_PYTHON_IGNORE_WARNINGS := 1
export NO_MKDOCS_2_WARNING := 1

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help install dev demo test lint format docs bench screenshots serve clean distclean

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

install: $(BASE) ## Make the environment and install Affetto in it

dev: $(DEV) ## Install everything that development needs (training, tests, docs)

demo: $(BASE) ## Read a bundled voice and answer with a playlist
	@$(BIN)/affetto demo

test: $(DEV) ## Run the tests and doctests with coverage; ARGS="-k name" chooses
	$(BIN)/pytest -n $(JOBS) --cov --cov-report=term:skip-covered $(ARGS)

lint: $(DEV) ## Check format, style, types, import layers and the docs
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/pyright
	$(BIN)/lint-imports
	$(BIN)/mkdocs build --strict --quiet

format: $(DEV) ## Put the code into shape
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

docs: $(DEV) ## Build the documentation into site/
	$(BIN)/mkdocs build --strict

bench: $(DEV) ## Measure speed and memory against their bounds; ARGS="reading live" chooses, ARGS=--json for programs
	@$(BIN)/python -m benchmarks.run $(ARGS)

screenshots: $(DEV) ## Draw every page, light and dark, for a desk and a phone, into docs/images/page/
	$(BIN)/python -m tools.screenshots

serve: $(BASE) ## Open the page on this machine, and serve programs
	@$(BIN)/affetto serve

clean: ## Remove what the tools left behind
	rm -rf build dist site htmlcov .coverage .coverage.* .pytest_cache .ruff_cache .hypothesis .import_linter_cache
	find src tests benchmarks tools -name __pycache__ -type d -prune -exec rm -rf {} +

distclean: clean ## Remove the environment too
	rm -rf $(VENV)

$(BIN)/python:
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Affetto needs Python 3.11 or newer: make PYTHON=python3.11 ...")'
	$(PYTHON) -m venv $(VENV)

$(BASE): pyproject.toml | $(BIN)/python
	@echo "Installing Affetto in $(VENV) (once, about a minute)"
	$(PIP) install --quiet --editable .
	@touch $@

# torch first and by its exact version: nothing that follows may then ask for another build of it.
$(DEV): pyproject.toml constraints.txt | $(BIN)/python
	@echo "Installing what development needs in $(VENV) (once, some minutes: torch is large)"
	$(PIP) install --quiet --constraint constraints.txt torch
	$(PIP) install --quiet --constraint constraints.txt --editable '.[dev]'
	@touch $(BASE) $@

# `make` alone lists the targets. Everything a target needs it sets up by itself in .venv.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
NODE_TESTS := tests/signing/node
UV := $(shell command -v uv 2>/dev/null)
ARGS ?=
# Where there is room, tests write to memory: what they would wait for is the disk.
IN_MEMORY = $(shell ! grep -q ' /dev/shm .*noexec' /proc/mounts 2>/dev/null \
  && [ "$$(df -kP /dev/shm 2>/dev/null | awk 'END { print $$4 + 0 }')" -gt 4000000 ] && echo TMPDIR=/dev/shm)
# Where it is set, every command that a test or the demonstration starts would compile voltpass anew.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help setup demo node serve test test-fast check static fmt lint types contracts openapi golden migrate bench soak requirements clean

help: ## list the targets
	@awk -F':.*## ' '/^[a-z-]+:.*## /{printf "  make %-13s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo "voltpass needs Python 3.11 or newer; point PYTHON at one: make PYTHON=python3.12"; exit 1; }
ifdef UV
	@uv venv --quiet --python $(PYTHON) $(VENV)
else
	@$(PYTHON) -m venv $(VENV) || { echo "python3-venv is missing: install it, or install uv"; exit 1; }
endif

# Two stamps: what running needs, and on top of it what tests and checks need.
$(VENV)/.runtime: requirements.txt pyproject.toml | $(BIN)/python
	@echo "setting up $(VENV) ..."
ifdef UV
	@uv pip install --quiet --python $(BIN)/python --require-hashes -r requirements.txt
	@uv pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation -e .
else
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.txt
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
endif
	@touch $@

$(VENV)/.dev: requirements-dev.txt $(VENV)/.runtime
	@echo "adding what tests and checks need ..."
ifdef UV
	@uv pip install --quiet --python $(BIN)/python --require-hashes -r requirements-dev.txt
else
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.txt
endif
	@touch $@

setup: $(VENV)/.dev ## make .venv with voltpass and all that tests and checks need

$(NODE_TESTS)/node_modules/.installed: $(NODE_TESTS)/package.json
	@node -e 'process.exit(parseInt(process.versions.node) < 20 ? 1 : 0)' \
	  || { echo "the independent verifiers need Node 20 or newer, and npm"; exit 1; }
	@cd $(NODE_TESTS) && npm install --no-package-lock --no-audit --no-fund --ignore-scripts --loglevel=error
	@touch $@

node: $(NODE_TESTS)/node_modules/.installed ## verifiers written by others, which tests run where they are installed

demo: $(VENV)/.runtime ## the whole way on real data, then serve on http://127.0.0.1:8000
	@$(BIN)/voltpass demo $(ARGS)

serve: $(VENV)/.runtime ## serve what is in VOLTPASS_HOME (default ./.voltpass)
	@$(BIN)/voltpass serve $(ARGS)

test: $(VENV)/.dev ## all tests, with a real PostgreSQL of their own
	@$(IN_MEMORY) $(BIN)/python -m pytest -m "not soak" $(ARGS)

test-fast: $(VENV)/.dev ## stop at the first failure
	@$(IN_MEMORY) $(BIN)/python -m pytest -m "not soak" -x -q $(ARGS)

soak: $(VENV)/.dev ## the slow, exhaustive tests
	@$(IN_MEMORY) $(BIN)/python -m pytest -m soak $(ARGS)

check: static test ## what CI runs: format, lint, types, contracts, OpenAPI, migrations, tests

static: $(VENV)/.dev ## all of check but the tests
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/voltpass openapi --check
	$(BIN)/python -m passports.store.migrations --check

fmt: $(VENV)/.dev ## format the code and mend what can be mended
	@$(BIN)/ruff check --fix --quiet . || true
	@$(BIN)/ruff format .

lint: $(VENV)/.dev ## ruff
	@$(BIN)/ruff format --check . && $(BIN)/ruff check .

types: $(VENV)/.dev ## mypy, strict, tests included
	@$(BIN)/mypy

contracts: $(VENV)/.dev ## the one-way house
	@$(BIN)/lint-imports

openapi: $(VENV)/.runtime ## rewrite openapi/v1.json from the code
	@$(BIN)/voltpass openapi --write

golden: $(VENV)/.dev ## rewrite the golden results; read the difference before you commit it
	@VOLTPASS_GOLDEN=write $(BIN)/python -m pytest -q -k golden

migrate: $(VENV)/.runtime ## bring the database of VOLTPASS_DATABASE_URL to the newest schema
	@$(BIN)/python -m passports.store.migrations --upgrade

bench: $(VENV)/.dev ## one benchmark: make bench BENCH=issue
	@OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 $(BIN)/python -m tests.bench $(BENCH) $(ARGS)

requirements: ## pin the newest releases, with hashes (needs uv)
	@uv pip compile --quiet --universal --generate-hashes --no-emit-index-url --no-emit-find-links --no-header \
	  --no-annotate --python-version 3.11 --group build pyproject.toml -o requirements.txt
	@uv pip compile --quiet --universal --generate-hashes --no-emit-index-url --no-emit-find-links --no-header \
	  --no-annotate --python-version 3.11 -c requirements.txt --group build --group dev pyproject.toml -o requirements-dev.txt

clean: ## remove .venv and caches; .voltpass stays
	@rm -rf $(VENV) build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache

# Two commands on a fresh machine: `make demo` and `make test`. Needs Python 3.11+, make and a C library.

PYTHON ?= $(firstword $(foreach p,python3.11 python3.12 python3.13 python3,$(shell command -v $(p) 2>/dev/null)))
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
# Each user of the machine gets a demo hub of their own: keys and sockets are private to who made them.
DEMO_DIR ?= var/demo-$(shell id -un)
SERVE_DIR ?= var/serve-$(shell id -un)
PEOPLE ?= 20000
SEED ?= 7
TESTS ?= tests
# Two workers: one for each of the cores the project is measured on.
WORKERS ?= 2
UV := UV_SYSTEM_CERTS=1 UV_NO_CONFIG=1 $(BIN)/uv

.DEFAULT_GOAL := help

help: ## this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-10s %s\n", $$1, $$2}'

$(STAMP): requirements.lock bootstrap.lock pyproject.toml
	@test -n "$(PYTHON)" || { echo "Python 3.11 or newer is needed"; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or newer is needed"; exit 1; }
	@echo "installing into $(VENV)"
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps -r bootstrap.lock
	@$(UV) pip sync --quiet --python $(BIN)/python --require-hashes --no-build requirements.lock
	@$(UV) pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation -e .
	@touch $@

install: $(STAMP) ## everything pinned and hashed, into .venv

demo: $(STAMP) ## an invented population held by five agencies: load, link, resolve, look up, consent, prove
	@$(BIN)/hub demo run --people $(PEOPLE) --seed $(SEED) --dir $(DEMO_DIR)

check: $(STAMP) ## format, lint, types, import walls
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

test: check ## every test, after the checks
	@$(BIN)/pytest -n $(WORKERS) $(TESTS)

serve: export HUB_DATA_DIR := $(SERVE_DIR)/hub
serve: export HUB_SOURCES_DIR := $(SERVE_DIR)/world
serve: $(STAMP) ## a hub to try the API on: a small invented world, served until interrupted
	@$(BIN)/hub demo seed --dir $(SERVE_DIR)
	@exec $(BIN)/hub serve

bench: $(STAMP) ## the budgets, measured: see docs/running.md
	@$(BIN)/python -m benchmarks

openapi: $(STAMP) ## write docs/openapi.json anew, after a change of the API
	@$(BIN)/hub openapi --out docs/openapi.json

lock: $(STAMP) ## resolve the dependencies again
	@$(UV) pip compile pyproject.toml --quiet --group dev --generate-hashes --no-header --no-annotate --universal --python-version 3.11 -o requirements.lock

.PHONY: help install demo check test serve bench openapi lock

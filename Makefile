# `make demo` and `make test` are the two commands; the rest is listed by `make help`.
PYTHON ?= $(shell command -v python3.11 || command -v python3)
BIN := .venv/bin
STAMP := .venv/.locked
BOOST := build/boost
TRANSFORMERS := build/transformers
JOBS ?= 2

.DEFAULT_GOAL := help
.PHONY: help setup demo up bench test test-boost test-transformers test-docker test-long check lint format typecheck imports migrations image clean

help: ## list the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /	/' | expand -t 18

$(STAMP): requirements.lock
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Probity needs Python 3.11 or newer; set PYTHON=...")'
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps --only-binary :all: -r requirements.lock
	@touch $@

$(BOOST)/.locked: requirements.lock requirements-boost.lock
	$(PYTHON) -m venv --clear $(BOOST)
	$(BOOST)/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps --only-binary :all: \
	  -r requirements.lock -r requirements-boost.lock
	@touch $@

$(TRANSFORMERS)/.locked: requirements.lock requirements-transformers.lock
	$(PYTHON) -m venv --clear $(TRANSFORMERS)
	$(TRANSFORMERS)/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps --only-binary :all: \
	  -r requirements.lock -r requirements-transformers.lock
	@touch $@

setup: $(STAMP) ## build .venv from the locked list (does nothing when that is up to date)

demo: setup ## the main job on real data; ARGS="--auto --json" asks nothing
	@$(BIN)/python manage.py demo $(ARGS)

up: setup ## the whole service: migrate, broker, worker, beat, web; Ctrl-C stops all
	@$(BIN)/python manage.py up $(ARGS)

test: setup check ## everything that a change must pass: style, types, layers, migrations, tests on SQLite and PostgreSQL
	$(BIN)/python -m tests.run -n $(JOBS) $(ARGS)

test-boost: $(BOOST)/.locked ## models of XGBoost, LightGBM and ONNX, in an environment of its own that has them
	PROBITY_TEST_DATABASE=sqlite $(BOOST)/bin/python -m tests.run \
	  tests/registry/backends/test_boosted_models.py tests/governance/promotion/test_formats.py $(ARGS)

test-transformers: $(TRANSFORMERS)/.locked ## a name model of transformers, in an environment of its own that has PyTorch
	$(TRANSFORMERS)/bin/python -m pytest tests/privacy/scan/test_transformer_names.py $(ARGS)

test-docker: setup ## the container as the sandbox, with the engine of this machine (DOCKER_HOST) and the image of `make image`
	$(BIN)/python -m pytest tests/registry/backends/test_real_container.py $(ARGS)

test-long: setup check ## the same, with the tests that take minutes
	$(BIN)/python -m tests.run -n $(JOBS) -m "long or not long" $(ARGS)

check: lint typecheck imports migrations

lint: setup ## style and format
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

format: setup ## put the code into the agreed format
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

typecheck: setup ## types, strictly
	$(BIN)/mypy .

imports: setup ## the layers
	$(BIN)/lint-imports

migrations: setup ## every table has its migration
	$(BIN)/python manage.py makemigrations --check --dry-run

bench: setup ## what is claimed of speed, each beside a peer; ARGS="--rows 100000" is quicker
	@for one in bench/ledger.py bench/fairness.py bench/drift.py bench/explain.py bench/pii.py; do $(BIN)/python $$one $(ARGS) || exit 1; done

image: ## the container image; ENGINE=podman for another engine
	$(or $(ENGINE),docker) build --tag probity:local .

clean: ## remove what can be made again (not var/, which holds data)
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis build *.egg-info
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# `make demo` and `make test` are the two commands; the rest is listed by `make help`.
PYTHON ?= $(shell command -v python3.11 || command -v python3)
BIN := .venv/bin
STAMP := .venv/.locked

.DEFAULT_GOAL := help
.PHONY: help setup demo test test-long up lint lock clean

help: ## list the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /	/' | expand -t 18

$(STAMP): requirements.lock
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Probity needs Python 3.11 or newer; set PYTHON=...")'
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps --only-binary :all: -r requirements.lock
	@touch $@

setup: $(STAMP) ## build .venv from the locked list (does nothing when that is up to date)

demo: setup ## the main job on real data; ARGS="--auto --json" asks nothing
	@$(BIN)/python manage.py demo $(ARGS)

up: setup ## the whole service: migrate, broker, worker, beat, web; Ctrl-C stops all
	@$(BIN)/python manage.py up $(ARGS)

# One door for a developer. `make demo` shows the product, `make test` passes every test, `make check` is for each change.
SHELL := /bin/bash
.ONESHELL:
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help

PYTHON ?= $(shell for p in python3 python3.14 python3.13 python3.12 python3.11; do \
	"$$p" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1 && echo "$$p" && break; done)
READY := .venv/.ready
BIN := .venv/bin
PYTEST := $(BIN)/python -m pytest -q --numprocesses auto --dist loadfile
LOCK := $(BIN)/uv pip compile pyproject.toml --universal --python-version 3.11 --generate-hashes \
	--no-header --no-emit-index-url --no-emit-find-links --quiet --upgrade

.PHONY: help setup demo demo-check test test-core check bench bench-node bench-log bench-portal bench-learn attacks editor fonts mutants docs lock clean

help:  ## what each target does
	@sed -n 's/^\([a-z-]*\):.*## /  make \1\t/p' Makefile | expand -t 20

setup: $(READY)  ## make the virtual environment .venv with the locked requirements

$(READY): requirements/dev.txt pyproject.toml
	@if [ -z "$(PYTHON)" ]; then
		echo "Amana needs Python 3.11 or later: install it, or run: make PYTHON=/path/to/python3 $(MAKECMDGOALS)" >&2; exit 1
	fi
	if [ ! -x $(BIN)/python ]; then
		if $(PYTHON) -c 'import ensurepip' 2>/dev/null; then $(PYTHON) -m venv .venv; else $(PYTHON) -m venv --without-pip .venv; fi
	fi
	if $(BIN)/python -c 'import pip' 2>/dev/null; then pip="$(BIN)/python -m pip"
	else pip="pip --python $(BIN)/python"; fi
	echo "Installing the locked requirements into .venv (once)"
	$$pip install --quiet --disable-pip-version-check --require-hashes -r requirements/dev.txt
	$$pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	touch $@

demo: $(READY)  ## publish an invented country, invite its people, train a model, carry out a plan, ask three questions, serve
	@$(BIN)/python examples/demo/run.py --folder demo-data

demo-check: $(READY)  ## the same without serving: it ends
	@$(BIN)/python examples/demo/run.py --folder demo-data --check

test: $(READY)  ## format, lint, types, contracts and every test (about an hour on two cores)
	@$(MAKE) --no-print-directory static
	$(PYTEST)

test-core: $(READY)  ## every test that needs no browser
	@$(MAKE) --no-print-directory static
	$(PYTEST) -m "not browser"

check: $(READY)  ## format, lint, types, contracts, fast tests (under two minutes)
	@$(MAKE) --no-print-directory static
	HYPOTHESIS_PROFILE=fast $(PYTEST) -m "not slow and not browser"

.PHONY: static
static: $(READY)
	@echo "format"; $(BIN)/ruff format --check --quiet .
	echo "lint"; $(BIN)/ruff check --quiet .
	echo "types"; $(BIN)/mypy --no-error-summary
	$(BIN)/pyright --warnings | tail -n 20
	echo "contracts"; $(BIN)/lint-imports --no-logo --no-cache | tail -n 12

bench: $(READY)  ## measure speed and accuracy against plain DuckDB and the peers (long)
	@$(BIN)/python bench/sql.py

bench-node: $(READY)  ## measure what the service adds to the engine, with 1, 8 and 64 clients (five minutes)
	@$(BIN)/python bench/node.py

bench-log: $(READY)  ## measure the public log beside SQLite, and proofs from a million entries (five minutes)
	@$(BIN)/python bench/log.py

editor:  ## bundle the SQL editor of the portal anew, with Node.js and npm (vendor/editor)
	@cd vendor/editor && npm ci --silent --no-progress && npm run --silent build

bench-portal: $(READY)  ## measure public pages with 64 readers at once, and the bytes of a first view (two minutes)
	@$(BIN)/python bench/portal.py

bench-learn: $(READY)  ## measure the learners on public data, through the kernel, and their peers (hours; data: BENCH_DATA or ../shared/data)
	@$(BIN)/python bench/learn.py
	$(BIN)/python bench/learn.py --data heart diabetes --splits fresh --seeds 10
	$(BIN)/python bench/learn_text.py
	$(BIN)/python bench/learn_synthetic.py
	$(BIN)/python bench/learn_peers.py
	$(BIN)/python bench/learn_peers.py --data heart diabetes --splits fresh --seeds 10
	$(BIN)/python bench/learn_synthetic_peers.py
	$(BIN)/python bench/learn_audit.py
	$(BIN)/python bench/learn_attacks.py
	$(BIN)/python bench/learn_report.py

attacks: $(READY)  ## attack an invented dataset in known ways; the page about privacy shows what they find (five minutes, for each release)
	@$(BIN)/python -m tests.attacks.run
	$(BIN)/python -m tests.attacks.audits
	$(BIN)/python -m tests.attacks.leaks

mutants: $(READY)  ## plant every fault made by rule in the kernel, one at a time, and see which tests catch it (long)
	@$(BIN)/python -m tests.mutation.run --generated

docs: $(READY)  ## write the reference pages that are generated from the code
	@$(BIN)/python -m tests.docs.generate

FONTS ?= /usr/share/fonts/truetype/noto
fonts: $(READY)  ## make the subsets of the two fonts anew (FONTS: the folder of Debian's fonts-noto-core)
	@$(BIN)/python vendor/make_fonts.py $(FONTS)

lock: $(READY)  ## choose new versions and write their hashes
	@$(LOCK) --output-file requirements/node.txt --extra node
	$(LOCK) --output-file requirements/dev.txt --extra node --extra arrow --extra mcp --extra pandas --extra polars --extra postgres --extra learn --extra programme --group dev

clean:  ## remove the environment and everything that was made
	@rm -rf .venv .bench demo-data dist build .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache

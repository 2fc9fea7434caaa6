# `make` alone explains itself. Everything lives in .venv; data of the embedded server in ~/.local/share/sgate (root:
# /var/lib/sgate). `make test` asks apt for Chromium, Redis and PostgreSQL 15 where it may (root or sudo).
PYTHON ?= python3
BIN := .venv/bin
ARGS ?=
export UV_NO_PROGRESS := 1

.DEFAULT_GOAL := help

help: ## Show what there is to do
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | awk -F'\t' '{printf "  \033[1mmake %-12s\033[0m %s\n", $$1, $$2}'

demo: .venv/installed ## Watch a payment from intent to webhook, then stay up (ARGS=--once ends)
	@$(BIN)/sgate demo $(ARGS)

run: .venv/installed ## Run the server (settings: docs/settings.md)
	@$(BIN)/sgate run $(ARGS)

test: .venv/installed-dev system-packages ## Run all tests (ARGS are given to pytest)
	@$(BIN)/python -m pytest -n auto --dist worksteal $(ARGS)

lint: .venv/installed-dev ## Style, types, architecture
	@$(BIN)/ruff check
	@$(BIN)/ruff format --check
	@$(BIN)/pyright
	@$(BIN)/lint-imports

check: lint test ## Everything that must hold before a commit

fmt: .venv/installed-dev ## Format, and mend what can be mended by itself
	@$(BIN)/ruff check --fix-only --quiet
	@$(BIN)/ruff format --quiet

coverage: .venv/installed-dev system-packages ## Run all tests and show which branches they miss
	@$(BIN)/python -m pytest -n auto --cov --cov-report=term-missing:skip-covered $(ARGS)

bench: .venv/installed-dev ## Measure against the limits of this machine, as ratios (ARGS=--quick is shorter)
	@$(BIN)/python benchmarks/run.py $(ARGS)

screenshots: .venv/installed-dev system-packages ## Take the pictures of the checkout for the README: docs/images/checkout-*.png
	@$(BIN)/python tools/screenshots.py

generate: .venv/installed-dev ## Write what is made from code: docs/settings.md, docs/schema.sql, docs/openapi.json, docs/errors.md
	@$(BIN)/python tools/generate.py

lock: .venv/installed-dev ## Choose the newest allowed versions of all dependencies, and lock them
	@$(BIN)/uv pip compile -q --universal --generate-hashes --no-emit-index-url --no-header pyproject.toml -o requirements.lock $(ARGS)
	@$(BIN)/uv pip compile -q --universal --generate-hashes --no-emit-index-url --no-header --group dev pyproject.toml -c requirements.lock -o requirements-dev.lock $(ARGS)

clean: ## Remove what was built
	rm -rf .venv build dist .pytest_cache .ruff_cache .hypothesis .import_linter_cache

system-packages:
	@sh tools/system-packages.sh

.venv/bin/uv:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or newer is needed; say PYTHON=/path/to/python3.11"; exit 1; }
	@$(PYTHON) -m venv .venv
	@$(BIN)/python -m pip install -q --disable-pip-version-check --require-hashes -r requirements-uv.lock

.venv/installed: .venv/bin/uv requirements.lock pyproject.toml
	@echo "Installing sGate into .venv"
	@$(BIN)/uv pip install -q --python $(BIN)/python --require-hashes -r requirements.lock
	@$(BIN)/uv pip install -q --python $(BIN)/python --no-deps -e .
	@touch $@

.venv/installed-dev: .venv/installed requirements-dev.lock
	@echo "Installing the tools for development into .venv"
	@$(BIN)/uv pip install -q --python $(BIN)/python --require-hashes -r requirements-dev.lock
	@touch $@

.PHONY: help demo run test lint check fmt coverage bench screenshots generate lock clean system-packages

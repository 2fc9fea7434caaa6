# `make` alone explains itself. Everything lives in .venv; data of the embedded server in ~/.local/share/sgate (root:
# /var/lib/sgate). `make test` asks apt for Chromium, Redis, PostgreSQL 15, nginx and PgBouncer where it may (root or sudo).
PYTHON ?= python3
BIN := .venv/bin
ARGS ?=
SEEDS ?= 50
export UV_NO_PROGRESS := 1
BUILT := src/sgate/web/static/manifest.json
SDK_JS := sdk/js/dist/umd/sgate.js
EXPRESS := examples/express-shop/node_modules/.installed
NPM_CI := npm ci --ignore-scripts --no-audit --no-fund --loglevel=error

.DEFAULT_GOAL := help

help: ## Show what there is to do
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | awk -F'\t' '{printf "  \033[1mmake %-15s\033[0m %s\n", $$1, $$2}'

web: $(BUILT) ## Build the style and the scripts of the pages (needs Node 20.19 or newer)

demo: .venv/installed pages ## Watch a payment from intent to webhook, then stay up (ARGS=--once ends)
	@$(BIN)/sgate demo $(ARGS)

run: .venv/installed pages ## Run the server (settings: docs/settings.md)
	@$(BIN)/sgate run $(ARGS)

example-flask: .venv/installed-dev pages ## Open a Flask shop that takes sBTC, at http://localhost:8000
	@$(BIN)/python examples/run.py flask-shop

example-express: .venv/installed-dev pages $(EXPRESS) ## Open an Express shop
	@$(BIN)/python examples/run.py express-shop

example-static: .venv/installed-dev pages $(SDK_JS) ## Open a static page with a payment button
	@$(BIN)/python examples/run.py static-page

test: .venv/installed-dev system-packages pages test-pages sdk-js $(EXPRESS) ## Run all tests (ARGS are given to pytest)
	@$(BIN)/python -m pytest -n auto --dist worksteal $(ARGS)

test-pages: web/node_modules/.installed-dev ## Check the types of the pages' scripts, and test them
	@cd web && npm run --silent types && npm run --silent test

secrets: .venv/installed-dev ## Look for secrets in every file that git knows
	@$(BIN)/python tools/find_secrets.py

audit: .venv/installed-dev ## Ask for known vulnerabilities of what is locked (needs the advisory services of PyPI and npm)
	@$(BIN)/python tools/audit.py

sbom: .venv/installed-dev ## Write what is in a release, as CycloneDX: build/sbom/*.json
	@mkdir -p build/sbom
	@$(BIN)/cyclonedx-py requirements --pyproject pyproject.toml --output-reproducible --no-validate -o build/sbom/server.json requirements.lock
	@cd web && npm sbom --sbom-format cyclonedx --package-lock-only --omit dev > ../build/sbom/pages.json
	@ls build/sbom/*.json

sdk-js: $(SDK_JS) ## Build the JavaScript SDK, test it, and check its package
	@cd sdk/js && npm run --silent types && npm run --silent test && npm run --silent check

js-package: $(SDK_JS) ## Build the JavaScript SDK and pack it into dist/, as npm would get it
	@mkdir -p dist && cd sdk/js && npm pack --silent --pack-destination ../../dist

lint: .venv/installed-dev ## Style, types, architecture
	@$(BIN)/ruff check
	@$(BIN)/ruff format --check
	@$(BIN)/pyright
	@$(BIN)/pyright -p sdk/python
	@$(BIN)/lint-imports

check: lint secrets test ## Everything that must hold before a commit

fmt: .venv/installed-dev ## Format, and mend what can be mended by itself
	@$(BIN)/ruff check --fix-only --quiet
	@$(BIN)/ruff format --quiet

fuzz: .venv/installed-dev system-packages ## Throw thousands of made-up requests at each call, and bytes at each parser (ARGS: of pytest)
	@SGATE_FUZZ_EXAMPLES=300 $(BIN)/python -m pytest -n auto tests/api/test_openapi.py tests/fuzz --timeout 1800 $(ARGS)

coverage: .venv/installed-dev system-packages ## Run all tests and show which branches they miss
	@$(BIN)/python -m pytest -n auto --cov --cov-report=term-missing:skip-covered $(ARGS)

bench: .venv/installed-dev ## Measure against the limits of this machine, as ratios (ARGS=--quick is shorter)
	@$(BIN)/python benchmarks/run.py $(ARGS)

bench-web: .venv/installed-dev system-packages pages ## Measure the checkout page: bytes, server, slow phone, news (ARGS=--quick is shorter)
	@$(BIN)/python benchmarks/pages.py $(ARGS)

simulate: .venv/installed-dev ## Run whole worlds of merchants, payers, forks and crashes (SEEDS=200; ARGS="--seed 7 --verbose", ARGS=--mutants)
	@PYTHONPATH=tests $(BIN)/python -m simulation.simulate --seeds $(SEEDS) $(ARGS)

rig: .venv/installed-dev system-packages pages ## Start all of production here, break it under load, compare the books: build/rig (ARGS=--short is shorter)
	@PYTHONPATH=tests $(BIN)/python -m rig $(ARGS)

screenshots: .venv/installed-dev system-packages pages ## Take pictures of every state: build/screenshots, four for docs/images
	@$(BIN)/python tools/screenshots.py $(ARGS)

generate: .venv/installed-dev sdk/js/node_modules/.installed ## Write what is made from code: settings, errors, metrics, cli, openapi.json, schema.sql in docs/, types of the SDK
	@$(BIN)/python tools/generate.py
	@cd sdk/js && npm run --silent generate

docs: .venv/installed-dev $(BUILT) ## Build the documentation as a site, into build/site
	@NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict --quiet
	@echo "built build/site/index.html"

docs-serve: .venv/installed-dev $(BUILT) ## Show the documentation at http://localhost:8001 while you write
	@NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs serve --dev-addr localhost:8001

translations: .venv/installed-dev ## Bring the catalogues of the pages up to date, and list what is not translated
	@$(BIN)/python tools/translations.py

wheels: .venv/installed-dev pages ## Build what is published, the server and the Python SDK, into dist/, and check it
	@rm -rf dist
	@for project in . sdk/python; do $(BIN)/python -m build --wheel --no-isolation --outdir dist $$project >/dev/null || exit 1; done
	@$(BIN)/twine check --strict dist/*

lock: .venv/installed-dev ## Choose the newest allowed versions of all dependencies, and lock them
	@$(BIN)/uv pip compile -q --universal --generate-hashes --no-emit-index-url --no-header pyproject.toml -o requirements.lock $(ARGS)
	@$(BIN)/uv pip compile -q --universal --generate-hashes --no-emit-index-url --no-header --group dev pyproject.toml -c requirements.lock -o requirements-dev.lock $(ARGS)
	@$(BIN)/uv pip compile -q --universal --generate-hashes --no-emit-index-url --no-header --group build -c requirements-dev.lock -o requirements-build.lock $(ARGS)
	@$(BIN)/uv pip compile -q --universal --generate-hashes --no-emit-index-url --no-header --extra tracing pyproject.toml -c requirements.lock -o requirements-tracing.lock $(ARGS)
	@for folder in web sdk/js examples/express-shop; do (cd $$folder && npm update --package-lock-only --ignore-scripts --no-audit --no-fund --loglevel=error) || exit 1; done
	@node web/strip-lock.mjs

clean: ## Remove what was built
	rm -rf .venv build dist examples/express-shop/node_modules web/node_modules sdk/js/node_modules sdk/js/dist src/sgate/web/static .pytest_cache .ruff_cache .hypothesis .import_linter_cache

# Built pages are not in the repository. Without Node the pages are plain and everything else works, so this never fails.
pages:
	@if command -v npm >/dev/null 2>&1; then $(MAKE) -s $(BUILT) || echo "The pages could not be built, see above; they stay plain."; \
	elif [ ! -f $(BUILT) ]; then \
	  echo "The pages are plain: building their style and scripts needs Node 20.19 or newer, and there is no npm here."; \
	  echo "Install Node and say 'make web', or install the wheel, which brings them along."; fi

$(BUILT): web/node_modules/.installed $(shell find web/src src/sgate/web/templates -type f) web/vite.config.ts web/budgets.ts
	@cd web && npm run --silent build

web/node_modules/.installed: web/package-lock.json
	@echo "Installing what builds the pages into web/node_modules"
	@cd web && $(NPM_CI) --omit=dev
	@touch $@

web/node_modules/.installed-dev: web/package-lock.json
	@cd web && $(NPM_CI)
	@touch web/node_modules/.installed $@

$(SDK_JS): sdk/js/node_modules/.installed $(shell find sdk/js/src -type f) sdk/js/rollup.config.mjs sdk/js/package.json
	@cd sdk/js && npm run --silent build

sdk/js/node_modules/.installed: sdk/js/package-lock.json
	@echo "Installing what builds the JavaScript SDK into sdk/js/node_modules"
	@cd sdk/js && $(NPM_CI)
	@touch $@

$(EXPRESS): examples/express-shop/package-lock.json $(SDK_JS)
	@cd examples/express-shop && $(NPM_CI)
	@touch $@

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

.venv/installed-dev: .venv/installed requirements-dev.lock sdk/python/pyproject.toml
	@echo "Installing the tools for development into .venv"
	@$(BIN)/uv pip install -q --python $(BIN)/python --require-hashes -r requirements-dev.lock
	@$(BIN)/uv pip install -q --python $(BIN)/python --no-deps -e sdk/python
	@touch $@

.PHONY: help web translations pages test-pages demo run test sdk-js lint check fmt fuzz coverage bench bench-web simulate rig screenshots generate lock clean system-packages wheels secrets audit sbom example-flask example-express example-static docs docs-serve js-package

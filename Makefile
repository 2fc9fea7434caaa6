# `make` lists the targets. Everything is installed into .venv; the embedded server keeps its data in ~/.local/share/sgate
# (as root: /var/lib/sgate). `make test` installs Chromium, Redis, PostgreSQL 15, nginx and PgBouncer with apt, as root or
# through sudo.
# Bytecode is cached even where the environment says otherwise: a test run starts hundreds of processes.
unexport PYTHONDONTWRITEBYTECODE
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

help: ## List the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | awk -F'\t' '{printf "  \033[1mmake %-15s\033[0m %s\n", $$1, $$2}'

web: $(BUILT) ## Build the style sheet and scripts of the pages (needs Node 20.19 or newer)

demo: .venv/installed pages ## Show a payment from intent to webhook, then keep running (ARGS=--once exits)
	@$(BIN)/sgate demo $(ARGS)

run: .venv/installed pages ## Run the server (settings: docs/settings.md)
	@$(BIN)/sgate run $(ARGS)

example-flask: .venv/installed-dev pages ## Run a Flask shop that accepts sBTC, at http://localhost:8000
	@$(BIN)/python examples/run.py flask-shop

example-express: .venv/installed-dev pages $(EXPRESS) ## Run an Express shop that accepts sBTC
	@$(BIN)/python examples/run.py express-shop

example-static: .venv/installed-dev pages $(SDK_JS) ## Run a static page with a payment button
	@$(BIN)/python examples/run.py static-page

test: .venv/installed-dev system-packages pages test-pages sdk-js $(EXPRESS) ## Run all tests (ARGS are passed to pytest)
	@$(BIN)/python -m pytest -n auto --dist worksteal $(ARGS)

test-unit: .venv/installed-dev pages ## Run the quick tests: no browser, nginx, PgBouncer or Node
	@$(BIN)/python -m pytest -n auto --dist worksteal -m "not browser" $(addprefix tests/,core db store ledger services workers api) $(ARGS)

test-pages: web/node_modules/.installed-dev ## Type-check and test the scripts of the pages
	@cd web && npm run --silent types && npm run --silent test

secrets: .venv/installed-dev ## Search every file tracked by git for secrets
	@$(BIN)/python tools/find_secrets.py

audit: .venv/installed-dev ## Check the locked dependencies for known vulnerabilities (needs the advisory services of PyPI and npm)
	@$(BIN)/python tools/audit.py

sbom: .venv/installed-dev ## Write the CycloneDX bills of materials of a release: build/sbom/*.json
	@mkdir -p build/sbom
	@$(BIN)/cyclonedx-py requirements --pyproject pyproject.toml --output-reproducible --no-validate -o build/sbom/server.json requirements.lock
	@$(BIN)/cyclonedx-py requirements --pyproject pyproject.toml --output-reproducible --no-validate -o build/sbom/image.json requirements-production.lock
	@cd web && npm sbom --sbom-format cyclonedx --package-lock-only --omit dev > ../build/sbom/pages.json
	@ls build/sbom/*.json

sdk-js: $(SDK_JS) ## Build the JavaScript SDK, test it, and check its package
	@cd sdk/js && npm run --silent types && npm run --silent test && npm run --silent check

js-package: $(SDK_JS) ## Build the JavaScript SDK and pack it for npm, into dist/
	@mkdir -p dist && cd sdk/js && npm pack --silent --pack-destination ../../dist

lint: .venv/installed-dev ## Check style, types and architecture
	@$(BIN)/ruff check
	@$(BIN)/ruff format --check
	@$(BIN)/pyright
	@$(BIN)/pyright -p sdk/python
	@$(BIN)/lint-imports
	@$(BIN)/python tools/words.py

check: lint secrets test ## Run all checks that must pass before a commit

fmt: .venv/installed-dev ## Format, and fix what can be fixed automatically
	@$(BIN)/ruff check --fix-only --quiet
	@$(BIN)/ruff format --quiet

fuzz: .venv/installed-dev system-packages ## Send thousands of generated requests to each endpoint, and bytes to each parser (ARGS are passed to pytest)
	@SGATE_FUZZ_EXAMPLES=300 $(BIN)/python -m pytest -n auto tests/api/test_openapi.py tests/fuzz --timeout 1800 $(ARGS)

coverage: .venv/installed-dev system-packages ## Run all tests and list the branches they miss
	@$(BIN)/python -m pytest -n auto --cov --cov-report=term-missing:skip-covered $(ARGS)

bench: .venv/installed-dev ## Run the benchmarks, as ratios to the limits of this machine (ARGS=--quick is shorter)
	@$(BIN)/python benchmarks/run.py $(ARGS)

bench-web: .venv/installed-dev system-packages pages ## Benchmark the checkout page: size, server, slow phone, updates (ARGS=--quick is shorter)
	@$(BIN)/python benchmarks/pages.py $(ARGS)

simulate: .venv/installed-dev ## Simulate merchants, customers, forks and crashes (SEEDS=200; ARGS="--seed 7 --verbose", ARGS=--mutants)
	@PYTHONPATH=tests $(BIN)/python -m simulation.simulate --seeds $(SEEDS) $(ARGS)

rig: .venv/installed-dev system-packages pages ## Run the production stack here, break it under load and audit the results: build/rig (ARGS=--short is shorter)
	@PYTHONPATH=tests $(BIN)/python -m rig $(ARGS)

screenshots: .venv/installed-dev system-packages pages ## Take screenshots of every state of the pages: build/screenshots, four for docs/images
	@$(BIN)/python tools/screenshots.py $(ARGS)

generate: .venv/installed-dev sdk/js/node_modules/.installed ## Generate from code: examples of the API; settings, errors, metrics, cli, openapi.json and schema.sql in docs/; types of the SDK
	@PYTHONPATH=tests $(BIN)/python tools/api_examples.py
	@$(BIN)/python tools/generate.py
	@cd sdk/js && npm run --silent generate

docs: .venv/installed-dev $(BUILT) ## Build the documentation site, into build/site
	@NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict --quiet
	@echo "built build/site/index.html"

docs-serve: .venv/installed-dev $(BUILT) ## Serve the documentation at http://localhost:8001, rebuilt on every change
	@NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs serve --dev-addr localhost:8001

translations: .venv/installed-dev ## Update the translation catalogs of the pages and list missing translations
	@$(BIN)/python tools/translations.py

wheels: .venv/installed-dev pages ## Build and check the published packages, server and Python SDK, into dist/
	@rm -rf dist
	@for project in . sdk/python; do $(BIN)/python -m build --wheel --no-isolation --outdir dist $$project >/dev/null || exit 1; done
	@$(BIN)/twine check --strict dist/*

lock: .venv/installed-dev ## Lock the newest allowed versions of all dependencies
	@$(BIN)/uv pip compile -q --universal --generate-hashes --no-emit-index-url --no-header pyproject.toml -o requirements.lock $(ARGS)
	@$(BIN)/uv pip compile -q --universal --generate-hashes --no-emit-index-url --no-header pyproject.toml -c requirements.lock --excludes deploy/not-in-the-image.txt -o requirements-production.lock $(ARGS)
	@$(BIN)/uv pip compile -q --universal --generate-hashes --no-emit-index-url --no-header --group dev pyproject.toml -c requirements.lock -o requirements-dev.lock $(ARGS)
	@$(BIN)/uv pip compile -q --universal --generate-hashes --no-emit-index-url --no-header --group build -c requirements-dev.lock -o requirements-build.lock $(ARGS)
	@$(BIN)/uv pip compile -q --universal --generate-hashes --no-emit-index-url --no-header --extra tracing pyproject.toml -c requirements.lock -o requirements-tracing.lock $(ARGS)
	@for folder in web sdk/js examples/express-shop; do (cd $$folder && npm update --package-lock-only --ignore-scripts --no-audit --no-fund --loglevel=error) || exit 1; done
	@node web/strip-lock.mjs

clean: ## Remove everything that was built
	rm -rf .venv build dist examples/express-shop/node_modules web/node_modules sdk/js/node_modules sdk/js/dist src/sgate/web/static .pytest_cache .ruff_cache .hypothesis .import_linter_cache

# The built style sheet and scripts are not in the repository. Without Node the pages are unstyled and everything else works,
# so this target never fails.
pages:
	@if command -v npm >/dev/null 2>&1; then $(MAKE) -s $(BUILT) || echo "The style sheet and scripts could not be built, see above; the pages will be unstyled."; \
	elif [ ! -f $(BUILT) ]; then \
	  echo "The pages will be unstyled: building their style sheet and scripts needs Node 20.19 or newer, and npm was not found."; \
	  echo "Install Node and run 'make web', or install the wheel, which contains them."; fi

$(BUILT): web/node_modules/.installed $(shell find web/src src/sgate/web/templates -type f) web/vite.config.ts web/budgets.ts
	@cd web && npm run --silent build

web/node_modules/.installed: web/package-lock.json
	@echo "Installing the build tools of the pages into web/node_modules"
	@cd web && $(NPM_CI) --omit=dev
	@touch $@

web/node_modules/.installed-dev: web/package-lock.json
	@cd web && $(NPM_CI)
	@touch web/node_modules/.installed $@

$(SDK_JS): sdk/js/node_modules/.installed $(shell find sdk/js/src -type f) sdk/js/rollup.config.mjs sdk/js/package.json
	@cd sdk/js && npm run --silent build

sdk/js/node_modules/.installed: sdk/js/package-lock.json
	@echo "Installing the build tools of the JavaScript SDK into sdk/js/node_modules"
	@cd sdk/js && $(NPM_CI)
	@touch $@

$(EXPRESS): examples/express-shop/package-lock.json $(SDK_JS)
	@cd examples/express-shop && $(NPM_CI)
	@touch $@

system-packages:
	@sh tools/system-packages.sh

.venv/bin/uv:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or newer is required; set PYTHON=/path/to/python3.11"; exit 1; }
	@$(PYTHON) -m venv .venv
	@$(BIN)/python -m pip install -q --disable-pip-version-check --require-hashes -r requirements-uv.lock

.venv/installed: .venv/bin/uv requirements.lock pyproject.toml
	@echo "Installing sGate into .venv"
	@$(BIN)/uv pip install -q --python $(BIN)/python --require-hashes -r requirements.lock
	@$(BIN)/uv pip install -q --python $(BIN)/python --no-deps -e .
	@touch $@

.venv/installed-dev: .venv/installed requirements-dev.lock sdk/python/pyproject.toml
	@echo "Installing the development tools into .venv"
	@$(BIN)/uv pip install -q --python $(BIN)/python --require-hashes -r requirements-dev.lock
	@$(BIN)/uv pip install -q --python $(BIN)/python --no-deps -e sdk/python
	@touch $@

.PHONY: help web translations pages test-pages test-unit demo run test sdk-js lint check fmt fuzz coverage bench bench-web simulate rig screenshots generate lock clean system-packages wheels secrets audit sbom example-flask example-express example-static docs docs-serve js-package

# Tenon's verbs. Nothing but Python 3.11+ and make has to be there; `make help` lists them.

BIN := .venv/bin
UV := $(or $(shell command -v uv 2>/dev/null),.tools/bin/uv)
WORKERS ?= logical
PYTEST := $(BIN)/pytest -n $(WORKERS) --maxprocesses 4 --dist worksteal
INSTALLED := .venv/.installed
INPUTS := $(wildcard core/pyproject.toml plugins/*/pyproject.toml requirements/*.lock) pyproject.toml \
          core/hatch_build.py core/package-lock.json core/assets/vendor.toml core/assets/icons.txt scripts/install.sh

# uv brings certificates of its own; a company's network may need those that the system trusts.
ifneq ($(wildcard /etc/ssl/certs/ca-certificates.crt /etc/pki/tls/certs/ca-bundle.crt /etc/ssl/cert.pem),)
export UV_SYSTEM_CERTS ?= true
endif

# Modules compiled once are quicker to start again, also where the environment forbids it.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help install run test test-access test-browser check format bench build lock clean

help: ## show this list
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1\t\2/p' Makefile | expand -t 22

install: $(INSTALLED) ## prepare .venv with everything, from the locks

run: $(INSTALLED) ## serve a demo on http://127.0.0.1:8000 (ARGS= goes to `tenon run`)
	@$(BIN)/tenon run --demo $(ARGS)

test: $(INSTALLED) ## the whole suite but the longest proofs (ARGS= goes to pytest)
	@$(PYTEST) -m "not deep" $(ARGS)

test-access: $(INSTALLED) ## the proofs of access at full size: fuzz, reloads, revocation, non-interference
	@TENON_TEST_ACCESS=full $(PYTEST) plugins/permissions/tests tests/access tests/identity $(ARGS)

test-browser: $(INSTALLED) ## the tests that drive a real browser
	@$(PYTEST) -m browser $(ARGS)

check: $(INSTALLED) ## lint, format, types, import contracts, templates, files
	@$(BIN)/ruff check
	@$(BIN)/ruff format --check
	@$(BIN)/mypy core/src $(wildcard plugins/*/src)
	@$(BIN)/lint-imports --no-logo
	@$(BIN)/djlint --configuration pyproject.toml --lint --quiet core/src plugins
	@$(BIN)/python scripts/check_files.py
	@$(BIN)/python scripts/third_party.py --check

format: $(INSTALLED) ## put the code in its form
	@$(BIN)/ruff check --fix
	@$(BIN)/ruff format

bench: $(INSTALLED) ## the benchmarks (ONLY=kernel|… one part, SCALE=small|full)
	@$(BIN)/python -m bench

build: $(INSTALLED) ## a wheel and a source archive of each package, in dist/
	@$(UV) build --all-packages --out-dir dist --build-constraints requirements/build.lock --require-hashes

lock: ## resolve the dependencies again (UPGRADE=1 takes the newest) and list the licences
	@UV=$(UV) sh scripts/lock.sh
	@$(MAKE) --no-print-directory install
	@$(BIN)/python scripts/third_party.py

clean: ## remove caches, builds and fetched assets; keeps .venv and your data
	@rm -rf dist build .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache .coverage
	@rm -rf core/src/tenon/web/static/vendor $(INSTALLED)

$(INSTALLED): $(INPUTS)
	@sh scripts/install.sh
	@touch $@

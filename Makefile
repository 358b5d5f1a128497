# make run       start the assistant with a demo cohort; prints one sign-in link per role
# make test      run the tests, without the slow ones
# make test-all  run all tests       make lint   formatting, lint, types, layering, dependencies
# make coverage  measure what the tests run, against the floors in tests/floors.py
# make bench     compare with peers  make lock   lock the dependencies anew
# make guides   take the pictures of the guides in docs/guides anew
# make torture   five minutes against a hostile Telegram, with kill -9 (docs/operating/torture.md)
# make aiogram   add the other library for Telegram (YINGCAI_TELEGRAM__DRIVER=aiogram)

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
INSTALL := $(BIN)/pip install -qq --disable-pip-version-check

# One process more than there are cores: many tests wait, for a pace or for another process.
# COVERAGE=1 measures; WHOLE=1 fails where PostgreSQL or Chromium is missing, instead of skipping.
PYTEST = $(BIN)/$(if $(COVERAGE),coverage run -m )pytest $(if $(WHOLE),--whole) \
  -n $$(( $$(nproc 2>/dev/null || echo 2) + 1 )) --dist worksteal

# Many machines forbid it, and then each of the tests' processes compiles the program anew.
export PYTHONDONTWRITEBYTECODE :=

.PHONY: run test test-slow test-all coverage lint bench torture lock aiogram emulator cards guides clean

run: $(VENV)/installed
	@$(BIN)/yingcai serve --demo

test: $(VENV)/installed-dev
	@$(PYTEST) -m "not slow"

test-slow: $(VENV)/installed-dev
	@$(PYTEST) -m slow

test-all: test test-slow

# What earlier runs with COVERAGE=1 have measured, put together.
coverage: $(VENV)/installed-dev
	@$(BIN)/coverage combine -q
	@$(BIN)/python -m tests.floors

lint: $(VENV)/installed-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache
	$(BIN)/deptry . --exclude '^(tests|benchmarks|\.venv)/'
	$(BIN)/deptry . --exclude '^\.venv/' --ignore DEP002,DEP004

# Every card of the product on one page, as each platform draws it.
cards: $(VENV)/installed-dev
	@$(BIN)/python -m tests.cards

# The pictures of docs/guides, from a walk through the web chat of the demo's cohort.
guides: $(VENV)/installed-dev
	@$(BIN)/python -m tests.guides

bench: $(VENV)/installed-bench
	$(BIN)/python -m benchmarks

torture: $(VENV)/installed-dev
	@$(BIN)/python -m tests.torture

aiogram: $(VENV)/installed-aiogram

# Somebody else's Telegram, for tests that are skipped without it.
EMULATOR ?= $(or $(XDG_CACHE_HOME),$(HOME)/.cache)/yingcai/telegram-test-api

emulator:
	@mkdir -p $(EMULATOR)
	@npm install --prefix $(EMULATOR) --no-audit --no-fund --no-package-lock --loglevel=error \
	  telegram-test-api@4.2.1

# Hashes, and no addresses: where packages come from is each machine's own affair.
lock:
	uv pip compile -q --universal --generate-hashes --no-header --python-version 3.11 \
	  pyproject.toml --extra aiogram --group dev --group build -o requirements-dev.lock
	uv pip compile -q --universal --generate-hashes --no-header --python-version 3.11 \
	  pyproject.toml --group build -c requirements-dev.lock -o requirements.lock
	uv pip compile -q --universal --generate-hashes --no-header --python-version 3.11 \
	  pyproject.toml --extra aiogram --group build -c requirements-dev.lock \
	  -o requirements-aiogram.lock
	uv pip compile -q --universal --generate-hashes --no-header --python-version 3.11 \
	  --group bench -c requirements-dev.lock -o requirements-bench.lock

$(BIN)/pip:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "需要 Python 3.11 或更新的版本 / Python 3.11 or newer is needed")'
	@echo "正在准备运行环境，第一次约需一分钟…… / Preparing the environment, about a minute the first time …"
	@$(PYTHON) -m venv $(VENV)

$(VENV)/installed: requirements.lock pyproject.toml | $(BIN)/pip
	@$(INSTALL) --require-hashes -r requirements.lock
	@$(INSTALL) --no-deps --no-build-isolation -e .
	@touch $@

$(VENV)/installed-dev: requirements-dev.lock pyproject.toml | $(BIN)/pip
	@$(INSTALL) --require-hashes -r requirements-dev.lock
	@$(INSTALL) --no-deps --no-build-isolation -e .
	@touch $@ $(VENV)/installed

$(VENV)/installed-bench: requirements-bench.lock $(VENV)/installed-dev
	@$(INSTALL) --require-hashes -r requirements-bench.lock
	@touch $@

$(VENV)/installed-aiogram: requirements-aiogram.lock $(VENV)/installed
	@$(INSTALL) --require-hashes -r requirements-aiogram.lock
	@touch $@

clean:
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis .coverage*

# make run    start the assistant with a demo cohort; prints one sign-in link per role
# make test   run the tests          make lint   formatting, lint, types, layering
# make bench  compare with peers     make lock   lock the dependencies anew
# make cards  write docs/cards.html, the page of all cards

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
INSTALL := $(BIN)/pip install -qq --disable-pip-version-check

.PHONY: run test lint bench cards lock clean

run: $(VENV)/installed
	@$(BIN)/yingcai serve --demo

# One process more than there are cores: many tests wait, for a pace or for another process.
test: $(VENV)/installed-dev
	@$(BIN)/pytest -n $$(( $$(nproc 2>/dev/null || echo 2) + 1 )) --dist worksteal

lint: $(VENV)/installed-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache

bench: $(VENV)/installed-bench
	$(BIN)/python -m benchmarks

cards: $(VENV)/installed-dev
	$(BIN)/python -m tests.cards

# Hashes, and no addresses: where packages come from is each machine's own affair.
lock:
	uv pip compile -q --universal --generate-hashes --no-header --python-version 3.11 \
	  pyproject.toml --group dev --group build -o requirements-dev.lock
	uv pip compile -q --universal --generate-hashes --no-header --python-version 3.11 \
	  pyproject.toml --group build -c requirements-dev.lock -o requirements.lock
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

clean:
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis

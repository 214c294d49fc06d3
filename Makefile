# `make` alone lists the targets. The environment is built on the first use of any of them, and again when its pins change.

PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
BENCH_STAMP := $(VENV)/.installed-bench
SOAK := tests/kafka/test_faults.py tests/kafka/test_chain.py tests/kafka/test_exactly_once.py
SIMULATED := tests.simulation.payments:at_least_once tests.simulation.payments:exactly_once
FAST := -m "not kafka and not postgres"
REAL := -m "kafka or postgres"

.DEFAULT_GOAL := help
.PHONY: help setup run test test-fast soak test-pythons graph mutants simulate bench check constraints clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: $(STAMP) ## build the environment in .venv (PYTHON=python3.12 chooses the interpreter)

run: $(STAMP) ## start the sample application
	@exec $(BIN)/python main.py

test: $(STAMP) ## all tests, on a real Kafka broker and a real PostgreSQL server
	@$(BIN)/python -m eventy.testing.kafka.jars
	$(BIN)/python -m pytest $(FAST) --numprocesses auto
	$(BIN)/python -m pytest $(REAL)

test-fast: $(STAMP) ## the tests that need no server
	$(BIN)/python -m pytest $(FAST) --numprocesses auto

soak: $(STAMP) ## the long forms of what kills processes and the broker, and exactly once in every conformance test
	@$(BIN)/python -m eventy.testing.kafka.jars
	$(BIN)/python -m pytest $(SOAK) --soak -s -o faulthandler_timeout=600
	$(BIN)/python -m pytest tests/conformance -k kafka-exactly-once --soak

test-pythons: $(STAMP) ## the fast tests on every supported Python that is here
	@$(BIN)/python scripts/test_pythons.py

graph: $(STAMP) ## draw the sample's architecture anew, in docs/architecture.md
	@$(BIN)/python -m eventy graph --output docs/architecture.md

mutants: $(STAMP) ## take each rule of the engine out and see its test go red (RULES="F1 F2" chooses some)
	@$(BIN)/python -m eventy.testing.kafka.jars
	@$(BIN)/python scripts/mutants.py $(RULES)

simulate: $(STAMP) ## play thousands of seeds of the sample in a simulation (SEEDS=10000, FIRST=0, JOBS=2)
	@PYTHONHASHSEED=0 $(BIN)/python -m eventy.testing.simulation $(SIMULATED) --first $(or $(FIRST),0) \
		--seeds $(or $(SEEDS),10000) --jobs $(or $(JOBS),2)

bench: $(BENCH_STAMP) ## measure beside programs written by hand, and write docs/benchmarks.md (ROWS="consume send", ROUNDS=5, QUICK=1)
	@$(BIN)/python -m eventy.testing.kafka.jars
	@$(BIN)/python -m bench $(ROWS) $(if $(ROUNDS),--rounds $(ROUNDS)) $(if $(QUICK),--quick)

check: $(STAMP) ## format, lint, types, import contracts, build, the built wheel in an empty environment
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo
	rm -rf dist
	$(BIN)/python -m build --no-isolation
	$(BIN)/python scripts/check_wheel.py dist/*.whl dist/*.tar.gz

constraints: $(STAMP) ## renew constraints.txt: the newest versions that pyproject.toml allows
	$(BIN)/python -m venv .cache/constraints
	.cache/constraints/bin/pip install --quiet --upgrade uv
	.cache/constraints/bin/uv pip compile pyproject.toml --quiet --universal --all-extras --upgrade \
		--no-header --no-annotate --no-emit-index-url --output-file constraints.txt

clean: ## remove everything that the other targets made
	rm -rf .venv .cache .mypy_cache .pytest_cache .ruff_cache .import_linter_cache dist
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# The build backend goes first, so that it is pinned as well: an isolated build would fetch its own.
$(STAMP): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
		echo 'eventy needs Python 3.11 or newer. $(PYTHON) is' \
			"$$($(PYTHON) --version 2>&1). Name another one: make PYTHON=python3.12 …" >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --constraint constraints.txt hatchling editables
	$(BIN)/pip install --quiet --constraint constraints.txt --no-build-isolation --editable '.[dev]'
	@touch $@

# Whom eventy is compared with: nobody else needs it.
$(BENCH_STAMP): $(STAMP)
	$(BIN)/pip install --quiet --constraint constraints.txt --no-build-isolation --editable '.[bench]'
	@touch $@

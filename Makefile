# SigmaSight. `make help` lists the targets.
SHELL := /bin/bash
PYTHON ?= python3.11
VENV ?= .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed
TEST_PROCESSES ?= 4
# The suite starts dozens of processes: each reads the compiled modules instead of compiling them.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help install page demo up down test unit integration e2e chaos check audit format coverage bench pins calendar compose sbom chart chart-values dashboards client migration clean

help: ## Show this help
	@grep -hE '^[a-z0-9-]+:.*## ' $(MAKEFILE_LIST) | sort | awk -F ':.*## ' '{printf "  %-12s %s\n", $$1, $$2}'

install: $(INSTALLED) ## Create the virtual environment with the pinned packages, and build the dashboard
	@$(BIN)/python -m deploy.page || true

# uv is bootstrapped with pip inside the environment, so nothing needs to be on the machine but Python.
$(INSTALLED): requirements.txt pyproject.toml clients/python/pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check uv
	$(BIN)/uv pip install --quiet --python $(BIN)/python --require-hashes --compile-bytecode -r requirements.txt
	$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation \
		--editable . --editable clients/python
	@touch $@

page: $(INSTALLED) ## Build the dashboard, unless it is of the sources as they are
	$(BIN)/python -m deploy.page

demo: install ## Start everything, replay 90 sessions of three books, print the risk report, open the dashboard (ONCE=1 to exit after the report, LIVE=1 for the latest session, NO_BROWSER=1)
	$(BIN)/sigmasight demo $(if $(ONCE),--once) $(if $(LIVE),--live) $(if $(NO_BROWSER),--no-browser)

up: install ## Start the stack in the background
	$(BIN)/sigmasight up

down: install ## Stop the stack
	$(BIN)/sigmasight down

test: install ## Run the tests but for those of `make check`, with coverage of services and shared (TEST_PROCESSES=4)
	$(BIN)/python -m pytest --ignore tests/architecture --numprocesses $(TEST_PROCESSES) --dist loadfile --no-loadscope-reorder --cov --cov-report=term:skip-covered $(ARGS)

unit: install ## Run the tests without input and output (seconds)
	$(BIN)/python -m pytest tests/unit tests/contracts tests/architecture $(ARGS)

integration: install ## Run the tests on a real Postgres and NATS
	$(BIN)/python -m pytest tests/integration $(ARGS)

e2e: install ## Run the tests of the whole stack
	$(BIN)/python -m pytest tests/e2e $(ARGS)

chaos: install ## Attack a stack under load, and check that nothing is lost (ARGS="--seed 7 --scenario kill --long")
	$(BIN)/python -m tests.chaos $(ARGS)

check: install ## Lint, types, import rules, security, the shape and the words of the code
	$(BIN)/ruff check . && $(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/bandit --quiet --recursive --configfile pyproject.toml --confidence-level medium services shared deploy
	$(BIN)/python -m pytest --quiet tests/architecture

audit: install ## Look for known vulnerabilities in the pinned packages (needs the network)
	$(BIN)/pip-audit --requirement requirements.txt --require-hashes --disable-pip

format: install ## Format the code
	$(BIN)/ruff check --fix-only --quiet . ; $(BIN)/ruff format .

bench: install ## Measure against named peers in one run
	$(BIN)/python -m tests.bench

pins: ## Renew requirements.txt, the universal hashed pins
	$(BIN)/uv pip compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header \
		--no-emit-package sigmasight-client --extra dev --upgrade --quiet --output-file requirements.txt pyproject.toml

calendar: install ## Renew the table of NYSE sessions, to two years ahead
	$(BIN)/python -m deploy.calendar_table

compose: install ## Write docker-compose.yml and .env.example from the topology and the settings
	$(BIN)/python -m deploy.compose

chart: install ## Render the Helm chart for every kind of installation and validate it (needs the network once)
	$(BIN)/python -m tests.integration.deploy.charting
	$(BIN)/python -m pytest tests/architecture/test_chart.py tests/integration/deploy/test_chart.py $(ARGS)

chart-values: install ## Write the chart's values from the topology
	$(BIN)/python -m deploy.chart

dashboards: install ## Write the Grafana dashboards from their panels
	$(BIN)/python -m deploy.observability.dashboards

sbom: install ## Write what is in each image to build/sbom (CycloneDX)
	$(BIN)/python -m deploy.sbom

client: install ## Write the Python client from the OpenAPI document
	$(BIN)/python -m deploy.api_client

migration: install ## Write a migration: make migration SERVICE=greeks MESSAGE="Add a column"
	$(BIN)/python -m deploy.migration $(SERVICE) "$(MESSAGE)"

clean: ## Remove the environment and caches (the demo's data stay in .sigmasight)
	rm -rf $(VENV) web/node_modules services/gateway/web/dist .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .coverage

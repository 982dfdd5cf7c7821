# `make audit` and `make test` do everything on a fresh machine with Python 3.11, make and a package index.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
NOW := 2026-11-22T00:00:00Z

.PHONY: help audit audit-plan test lint format docs bench clean

help:  ## Show this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

$(BIN)/auditor: pyproject.toml
	@echo "Installing into $(VENV), once; a minute or so"
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed: make PYTHON=python3.11")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check --editable .
	@touch $@

$(BIN)/.dev: pyproject.toml $(BIN)/auditor
	$(BIN)/pip install --quiet --disable-pip-version-check --editable '.[dev]'
	@touch $@

audit: $(BIN)/auditor  ## Install, audit the example estate, write audit-report.html
	@$(BIN)/auditor scan examples/lucky_gas/export --exported all --now $(NOW) -o audit-report.html; \
	code=$$?; if [ $$code -eq 1 ]; then \
	  echo "The example has critical findings on purpose, so its gate fails. Open audit-report.html"; \
	else exit $$code; fi

audit-plan: $(BIN)/auditor  ## The same company as a Terraform plan
	$(BIN)/auditor scan examples/lucky_gas/plan.json --now $(NOW)

test: $(BIN)/.dev lint  ## Install, lint, types, all tests
	$(BIN)/pytest -q

lint: $(BIN)/.dev  ## Lint and types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

format: $(BIN)/.dev  ## Format, and fix what lint can fix
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

docs: $(BIN)/.dev  ## Write the generated pages: docs/checks, README help
	$(BIN)/python -m tests.generated --write

bench: $(BIN)/.dev  ## Measure: ratios in one run
	$(BIN)/python -m benchmarks.run
	$(BIN)/python -m benchmarks.live

clean:  ## Remove the environment and what was generated
	rm -rf $(VENV) bench-data audit-report.html .mypy_cache .ruff_cache .pytest_cache

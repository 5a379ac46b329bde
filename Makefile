# Everything from a fresh clone with Python 3.11 or newer, git and make.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
LOCK := uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-annotate --custom-compile-command 'make lock'

# The tests start hundreds of processes: each module is compiled by the first, wherever this is set.
unexport PYTHONDONTWRITEBYTECODE

SHARED := --dist loadgroup --no-loadscope-reorder

.PHONY: help compare lineup serve race test test-fast bench lint install install-lineup lock clean

help: ## What can be made
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-15s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

compare: install ## Run the services one after the other under load, and say what happened and why
	$(BIN)/sync-vs-async compare $(ARGS)

lineup: install-lineup ## Run every framework of the line-up, with its controls: a good quarter of an hour
	$(BIN)/sync-vs-async lineup $(ARGS)

serve: install ## Bring up both twins, the database and the slow service that they wait for, until Ctrl-C
	$(BIN)/sync-vs-async serve $(ARGS)

race: install ## Run two or three services side by side, live on a page for the wall, until Ctrl-C
	$(BIN)/sync-vs-async race $(ARGS)

# What measures time runs last, two tests at a time. ARGS may select nothing (status 5) of one of the two parts, but not of both.
test: install-lineup ## Run the tests
	@part() { echo "pytest $$*"; $(BIN)/pytest "$$@" $(ARGS); status=$$?; \
	  case $$status in 5) ;; 0) selected=0 ;; *) return $$status ;; esac; }; \
	selected=5; part -n 4 $(SHARED) -m "not compose and not measures" && part -n 2 $(SHARED) -m measures && exit $$selected

test-fast: install-lineup ## Run the units, and the contract on both twins: a minute
	$(BIN)/pytest -n 2 $(SHARED) -m "not compose and not measures and not slow" $(ARGS)

bench: install-lineup ## What the twins cost over bare handlers of their frameworks (needs wrk)
	$(BIN)/python -m loadtest.bench $(ARGS)

lint: install-lineup ## ruff, import-linter, mypy
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports
	$(BIN)/mypy

install: $(VENV)/.installed ## Set up .venv

$(VENV)/.installed: requirements/dev.txt pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed; name it with make PYTHON=...")'
	@echo "Setting up $(VENV): about a minute, once."
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --require-hashes -r requirements/dev.txt
	$(BIN)/pip install --quiet --no-deps --no-build-isolation --editable .
	touch $@

install-lineup: $(VENV)/.lineup ## Add the other frameworks of the line-up to it

$(VENV)/.lineup: $(VENV)/.installed requirements/lineup.txt
	@echo "Adding the line-up: half a minute, once."
	$(BIN)/pip install --quiet --require-hashes -r requirements/lineup.txt
	touch $@

lock: ## Pin the dependencies anew, the line-up's first: all three files agree (needs uv)
	$(LOCK) --extra lineup pyproject.toml -o requirements/lineup.txt
	$(LOCK) --constraint requirements/lineup.txt pyproject.toml -o requirements/services.txt
	$(LOCK) --constraint requirements/lineup.txt --extra dev pyproject.toml -o requirements/dev.txt

clean: ## Remove .venv
	rm -rf $(VENV)

# All targets work from a fresh clone, with Python 3.11 or newer, git and make.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
LOCK := $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-annotate --custom-compile-command 'make lock'

# The tests start hundreds of processes: without bytecode files, each of them would compile every module again.
unexport PYTHONDONTWRITEBYTECODE

# A command that ends with 2 or 3 did what it was asked; make would say no more than that it is an error.
EXPLAINED = || { status=$$?; case $$status in \
  2) echo "Inconclusive or interrupted, as said above: figures in brackets cannot be trusted." ;; \
  3) echo "A requirement is broken, as said above." ;; esac; exit $$status; }

SHARED := --dist loadgroup --no-loadscope-reorder

# OFFLINE=FOLDER installs from what make prefetch fetched there, without network.
PIP_INSTALL := $(BIN)/pip install --quiet $(if $(OFFLINE),--no-index --find-links "$(OFFLINE)/wheels")
INTO ?= offline
FETCHED := $(wildcard $(addprefix requirements/,dev.txt lineup.txt workshop.txt))

.PHONY: help compare lineup serve race test test-fast bench lint schema slides slides-record notebook notebook-run test-workshop install install-kubernetes install-lineup install-workshop prefetch lock clean

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-16s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

compare: install ## Load services one after the other, and explain what limited each
	@$(BIN)/sync-vs-async compare $(ARGS) $(EXPLAINED)

lineup: install-lineup ## Compare every framework of the line-up, with two controls (a little over 15 minutes)
	@$(BIN)/sync-vs-async lineup $(ARGS) $(EXPLAINED)

serve: install ## Run both twins with their database and upstream, until Ctrl-C
	$(BIN)/sync-vs-async serve $(ARGS)

race: install ## Run two or three services side by side, live on a web page, until Ctrl-C
	$(BIN)/sync-vs-async race $(ARGS)

# Six tests run at a time, because many of them wait. Tests that measure time run last, two at a time.
# ARGS may select no test (status 5) in one of the two parts, but not in both.
test: install-lineup install-kubernetes ## Run the tests
	@part() { echo "pytest $$*"; $(BIN)/pytest "$$@" $(ARGS); status=$$?; \
	  case $$status in 5) ;; 0) selected=0 ;; *) return $$status ;; esac; }; \
	selected=5; part -n 6 $(SHARED) -m "not compose and not measures and not workshop" && part -n 2 $(SHARED) -m measures && exit $$selected

test-fast: install-lineup install-kubernetes ## Run the unit tests, and the contract tests of both twins (a minute)
	$(BIN)/pytest -n 2 $(SHARED) -m "not compose and not measures and not slow and not workshop" $(ARGS)

test-workshop: install-lineup install-workshop ## Run the tests of the slides and of the notebook, which they run (two minutes)
	$(BIN)/pytest -m workshop $(ARGS)

bench: install-lineup ## Measure the overhead of the twins over bare handlers of their frameworks (needs wrk)
	$(BIN)/python -m loadtest.bench $(ARGS)

lint: install-lineup ## Run ruff, import-linter and mypy
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports
	$(BIN)/mypy

schema: install ## Write the documentation of results.json from its models
	$(BIN)/python -m loadtest.results.document

slides: install-workshop ## Build workshop/slides/slides.html, the slides of the workshop in one file
	@$(BIN)/python -m loadtest.material slides

slides-record: install-lineup ## Measure anew what the slides show (ten minutes, on an idle machine)
	@$(BIN)/python -m loadtest.material record $(ARGS)

notebook: install-workshop ## Open workshop/notebook.ipynb in JupyterLab, until Ctrl-C
	$(BIN)/jupyter lab --ServerApp.ip=127.0.0.1 --LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate $(ARGS) workshop/notebook.ipynb

notebook-run: install-workshop ## Run workshop/notebook.py, and keep its outputs in workshop/notebook.ipynb
	@$(BIN)/python -m loadtest.material notebook

install: $(VENV)/.installed ## Set up .venv (with OFFLINE=offline: from what make prefetch fetched)

$(VENV)/.installed: requirements/dev.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed; name it with make PYTHON=...")'
	@test -z "$(OFFLINE)" || test -d "$(OFFLINE)/wheels" || { echo "There is no folder $(OFFLINE)/wheels: make prefetch makes one."; exit 1; }
	@echo "Setting up $(VENV): about a minute, once."
	$(PYTHON) -m venv $(VENV)
	$(PIP_INSTALL) --require-hashes -r requirements/dev.txt
	$(PIP_INSTALL) --no-deps --no-build-isolation --editable .
	touch $@

install-lineup: $(VENV)/.lineup ## Add the other frameworks of the line-up to .venv

$(VENV)/.lineup: $(VENV)/.installed requirements/lineup.txt
	@echo "Adding the line-up: half a minute, once."
	$(PIP_INSTALL) --require-hashes -r requirements/lineup.txt
	touch $@

install-workshop: $(VENV)/.workshop ## Add what builds the slides and runs the notebook to .venv

$(VENV)/.workshop: $(VENV)/.installed requirements/workshop.txt
	@echo "Adding pandoc, reveal.js and JupyterLab: about a minute, once."
	$(PIP_INSTALL) --require-hashes -r requirements/workshop.txt
	touch $@

install-kubernetes: $(VENV)/.kubernetes ## Add the schemas with which the tests check the manifests to .venv

$(VENV)/.kubernetes: $(VENV)/.installed requirements/kubernetes.txt
	@echo "Adding the schemas of Kubernetes: ten seconds, once."
	$(PIP_INSTALL) --require-hashes -r requirements/kubernetes.txt
	touch $@

prefetch: install ## Fetch all that a room without internet needs into offline/: wheels, images of the containers
	$(BIN)/python requirements/fetch_wheels.py "$(INTO)/wheels" $(FETCHED) $(ARGS)
	requirements/fetch_images.sh "$(INTO)"

lock: install ## Pin the dependencies anew, the line-up's first, so that all files agree
	$(BIN)/pip install --quiet --require-hashes -r requirements/lock.txt
	$(LOCK) requirements/lock.in -o requirements/lock.txt
	$(LOCK) --extra lineup pyproject.toml -o requirements/lineup.txt
	$(LOCK) --constraint requirements/lineup.txt pyproject.toml -o requirements/services.txt
	$(LOCK) --constraint requirements/lineup.txt --extra dev pyproject.toml -o requirements/dev.txt
	$(LOCK) --constraint requirements/lineup.txt --constraint requirements/dev.txt --extra kubernetes pyproject.toml -o requirements/kubernetes.txt
	$(LOCK) --constraint requirements/lineup.txt --constraint requirements/dev.txt --extra workshop pyproject.toml -o requirements/workshop.txt

clean: ## Remove .venv
	rm -rf $(VENV)

# Everything sets itself up: a virtual environment in .venv, pinned by constraints.txt.
SUITABLE := import sys, venv, ensurepip; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 14))
VERSION := import sys; print(sys.version_info[:2])
PYTHON ?= $(shell for name in python3.11 python3.12 python3.13 python3; do $$name -c '$(SUITABLE)' 2>/dev/null && echo $$name && break; done)
READY := .venv/ready
PORT ?= 8000

.DEFAULT_GOAL := help
.PHONY: help setup demo browser test bench docs docs-serve readme clean

help:  ## Print this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /  make \1\t/' | expand -t 20

setup: $(READY)  ## Make .venv (the others do it when needed)

demo: $(READY)  ## Draw phantoms, train on them, evaluate and assess: results in runs/demo
	.venv/bin/boneage demo

browser: $(READY)  ## Build the page of `boneage app` into boneage/apps/live; needs Node and npm
	.venv/bin/python tools/build_browser.py

test: $(READY)  ## Run all tests; TESTS='--only notebooks' or TESTS=nbs/07_evaluation.ipynb for a part
	.venv/bin/python tools/run_tests.py $(TESTS)

bench: $(READY)  ## Time every stage against the report's way; BENCH='--films RSNA --native FOLDER' for real films
	.venv/bin/python benchmarks/run.py $(BENCH)

docs: $(READY)  ## Build the site into _docs, without Quarto
	.venv/bin/python tools/build_docs.py

docs-serve: $(READY)  ## Serve _docs on 127.0.0.1:8000, since search needs a server; PORT=8080 for another
	@test -f _docs/index.html || { echo 'There is no site in _docs yet: run `make docs` first.'; exit 1; }
	@echo 'The site: http://127.0.0.1:$(PORT)/  (Ctrl-C to stop)'
	@.venv/bin/python -m http.server $(PORT) --bind 127.0.0.1 --directory _docs

readme: $(READY)  ## Write README.md from nbs/index.ipynb
	.venv/bin/python tools/build_readme.py

clean:  ## Remove what was built: _docs, _proc, build, dist, caches; not .venv, not runs
	rm -rf _docs _proc build dist *.egg-info boneage/apps/live browser/node_modules
	find boneage nbs tools \( -name __pycache__ -o -name .ipynb_checkpoints \) -type d -prune -exec rm -rf {} +

# `make test PYTHON=python3.13`: a .venv of another Python is made anew
ifeq ($(origin PYTHON),command line)
ifneq ($(shell .venv/bin/python -c '$(VERSION)' 2>&1),$(shell $(PYTHON) -c '$(VERSION)' 2>/dev/null))
.PHONY: another-python
$(READY): another-python
endif
endif

$(READY): constraints.txt settings.ini setup.py pyproject.toml tools/setup_venv.py
ifeq ($(strip $(PYTHON)),)
	@echo 'boneage needs Python 3.11, 3.12 or 3.13 and found none: install one with its venv module, or run `make PYTHON=/path/to/python3.11`.'; exit 1
else
	@$(PYTHON) tools/setup_venv.py
	@touch $@
endif

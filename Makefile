# Every target does its own set-up: a machine needs only Python 3.11+ and make.
# uv makes the set-up quick; where it is missing, pip puts one into .venv.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
NEWEST := cli,vectors,firestore,postgres,langchain,llama-index,pydantic-ai
EXTRAS := $(NEWEST),crewai
export EXTRAS
BASE   := $(VENV)/.base
READY  := $(VENV)/.ready
export TMPDIR := $(shell mkdir -p .tmp && cd .tmp && pwd)
UV     := $(shell uv --version >/dev/null 2>&1 && echo uv || echo $(BIN)/uv)

.PHONY: demo test newest lint dist docs bench clean
.DEFAULT_GOAL := test

$(BASE): pyproject.toml Makefile
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "diarist needs Python 3.11 or newer; name one: make PYTHON=python3.12 $(MAKECMDGOALS)"; exit 2; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV) || \
	  { rm -rf $(VENV); echo "Python's venv module is missing (on Debian: apt install python3-venv)"; exit 2; }
	@$(UV) --version >/dev/null 2>&1 || $(BIN)/python -m pip install --quiet uv
	@$(UV) pip install --quiet --python $(BIN)/python --editable '.[cli]'
	@touch $@

$(READY): $(BASE)
	@$(UV) pip install --quiet --python $(BIN)/python --editable '.[$(EXTRAS)]' --group dev
	@touch $@

demo: $(BASE)  ## a conversation becomes a diary
	@$(BIN)/python demo/run.py

test: $(READY)  ## the whole suite; pass ARGS="-k name" for a part
	$(BIN)/python -m pytest -n auto $(ARGS)

newest:  ## the same without CrewAI, which pins older releases of what others use
	$(MAKE) test VENV=.venv-newest EXTRAS=$(NEWEST) ARGS="--ignore=tests/distribution $(ARGS)"

lint: $(READY)  ## style and types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/pyright

dist: $(BASE)  ## wheel and sdist, the wheel from the sdist
	@rm -rf dist
	@$(UV) build --quiet --out-dir dist
	@ls dist

docs: .venv-docs/.ready  ## everything to read, with the reference, as pages in site/
	@.venv-docs/bin/python docs/site/build.py site

.venv-docs/.ready: pyproject.toml $(BASE)
	@$(UV) venv --quiet --clear --python $(BIN)/python .venv-docs
	@$(UV) pip install --quiet --python .venv-docs/bin/python --group docs
	@touch $@

bench: $(READY)  ## every figure beside the peers', written into benchmarks/README.md; ARGS="records" for some
	$(BIN)/python benchmarks/run.py $(ARGS)

clean:
	rm -rf .venv .venv-newest .venv-docs site .bench .tmp dist

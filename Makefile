# Wenju 文据. `make help` lists the targets.

SHELL := /bin/bash
PYTHON ?= python3
PIP_ARGS ?=
HOST ?= 127.0.0.1
PORT ?= 7860
DOCS ?=
REQUIRE ?=
PYTEST_ARGS ?=
export WENJU_SHARED ?= ../shared

VENV := .venv
BIN := $(VENV)/bin
SAMPLE := index/sample
EVAL_OUT ?= out/eval
ARTICLES ?= 66223
BENCH := .venv-bench

.DEFAULT_GOAL := help
.PHONY: help venv run index test check house eval bench crash fuzz wheel train clean

help: ## this list
	@sed -n 's/^\([a-z]*\):.*## /  make \1\t/p' $(MAKEFILE_LIST) | expand -t 16

# One stamp for each set of extras, made anew when requirements, pins or the version change.
INSTALL = $(BIN)/python -m pip install --disable-pip-version-check --quiet \
	$(PIP_ARGS) --constraint constraints.txt --editable

$(BIN)/python:
	@$(PYTHON) -c 'import sys; v = sys.version_info; sys.exit(0 if v >= (3, 11) else \
	f"Wenju needs Python 3.11 or newer; this is {v[0]}.{v[1]}. Try: make PYTHON=python3.12 …")'
	$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); exit 1; }

$(VENV)/run.stamp: pyproject.toml constraints.txt rag/__init__.py | $(BIN)/python
	@echo "Installing into $(VENV); the first time takes a few minutes." >&2
	$(INSTALL) ".[mcp,models,ocr]"
	@touch $@

$(VENV)/test.stamp: pyproject.toml constraints.txt rag/__init__.py | $(BIN)/python
	@echo "Installing into $(VENV); the first time takes a few minutes." >&2
	$(INSTALL) ".[mcp,models,ocr,test]"
	@touch $(VENV)/run.stamp $@

$(VENV)/dev.stamp: $(VENV)/test.stamp
	$(INSTALL) ".[mcp,models,ocr,test,dev]"
	@touch $@

venv: $(VENV)/run.stamp ## install everything that running needs into .venv

run: $(VENV)/run.stamp ## open the page on your own index, or on the sample (HOST=, PORT=)
	@$(BIN)/rag status >/dev/null 2>&1 || \
	$(BIN)/rag index examples/corpus --index $(SAMPLE) --prune >&2
	@exec $(BIN)/python app.py --host $(HOST) --port $(PORT)

index: $(VENV)/run.stamp ## read your files into your index: make index DOCS="folder file"
	@[ -n "$(DOCS)" ] || { echo 'Say what to index: make index DOCS="path/to/folder"' >&2; exit 2; }
	@$(BIN)/rag index $(DOCS)

test: $(VENV)/test.stamp ## run the tests, a process a core; REQUIRE=all turns every skip into a failure
	@REQUIRE=$(REQUIRE) $(BIN)/python -m pytest --numprocesses auto --dist loadfile $(PYTEST_ARGS)

check: $(VENV)/dev.stamp ## ruff (rules and format) and mypy
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

house: ## the shape of rag/: modules, lines, import depth, cycles, double names
	@$(PYTHON) -m tests.house

eval: $(VENV)/run.stamp ## measure on $WENJU_SHARED, else on the sample (MODEL=openai:NAME, BASE_URL=)
	@$(BIN)/python -m eval table --out $(EVAL_OUT) \
	$(if $(MODEL),--model "$(MODEL)") $(if $(BASE_URL),--base-url "$(BASE_URL)")

$(BENCH)/stamp: eval/speed/rivals/requirements.txt
	@echo "Installing other libraries into $(BENCH); the first time takes a few minutes." >&2
	$(PYTHON) -m venv $(BENCH)
	$(BENCH)/bin/python -m pip install --disable-pip-version-check --quiet $(PIP_ARGS) \
	--requirement eval/speed/rivals/requirements.txt
	@touch $@

bench: $(VENV)/run.stamp $(BENCH)/stamp ## beside LangChain, LlamaIndex, txtai on the shared news (ARTICLES=)
	@HF_HUB_OFFLINE=1 $(BIN)/python -m eval.speed bench out/bench --articles $(ARTICLES) \
	--python $(BENCH)/bin/python

crash: $(VENV)/test.stamp ## kill writers, fill disks, flip bytes; some ten minutes, root for a small disk
	@DURABILITY=full $(BIN)/python -m pytest -s tests/durability tests/durability/full_disk.py

fuzz: $(VENV)/test.stamp ## every parser on 10,000 damaged files, seeded; some fifteen minutes
	@$(BIN)/python -m tests.fuzz

wheel: $(VENV)/dev.stamp ## build dist/*.whl and try it in an empty environment
	@PIP_ARGS="$(PIP_ARGS)" $(BIN)/python -m tests.wheel.check_wheel

train: $(VENV)/test.stamp ## rebuild rag/models/files from $WENJU_SHARED/data
	@$(BIN)/python -m training

clean: ## remove what was built; your own index stays
	rm -rf build dist out *.egg-info $(SAMPLE) .pytest_cache .mypy_cache .ruff_cache .hypothesis

# Two commands do all the set-up: `make demo` and `make test`. `make help` lists the rest.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PORT ?= 8000
export QUANYU_HOME ?= var/demo

.PHONY: help demo serve wheel test check bench lock docs messages clean
.DEFAULT_GOAL := help

help: ## List the targets
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 12

demo: $(VENV)/.run ## Load the samples, draw their grids, serve the site
	$(BIN)/quanyu demo --port $(PORT)

serve: $(VENV)/.run ## Serve the database in QUANYU_HOME
	$(BIN)/quanyu serve --port $(PORT)

test: system $(VENV)/.test ## Everything: style, types, contracts, docs, tests on SQLite and PostgreSQL, Chromium
	$(MAKE) --no-print-directory check
	tools/test

wheel: $(VENV)/.run ## Build the wheel in dist/, with the front end and the translations in it
	rm -rf dist && $(BIN)/uv build --quiet --wheel --out-dir dist

check: $(VENV)/.test ## Style, types, import contracts, migrations, documentation
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports
	$(BIN)/mypy
	QUANYU_HOME=var/check $(BIN)/django-admin makemigrations --check --dry-run --settings quanyu.site.settings
	$(BIN)/mkdocs build --strict --quiet

bench: $(VENV)/.bench ## Ratios against other software, into benchmarks/RESULTS.md
	$(BIN)/python -m benchmarks

docs: $(VENV)/.test ## Serve the documentation while writing it
	$(BIN)/mkdocs serve

messages: $(VENV)/.test ## Collect the words of the interface for translation
	$(BIN)/python tools/collect_errors.py
	$(BIN)/ruff format --quiet src/quanyu/web/error_words.py
	cd src/quanyu && ../../$(BIN)/django-admin makemessages -l zh_Hans --no-obsolete --no-wrap --settings quanyu.site.settings

lock: ## Pin every dependency with hashes
	tools/lock

clean: ## Remove what make made
	rm -rf $(VENV) node_modules var site-docs src/quanyu/web/static/vendor

.PHONY: system
system:
	tools/system-packages

# Each stamp stands for an installed set of requirements; the larger set contains the smaller.
$(VENV)/bin/python:
	$(PYTHON) -m venv $(VENV) || { echo "Python's venv is missing: apt install python3-venv"; exit 1; }
	$(BIN)/python -m pip install --quiet --disable-pip-version-check "uv>=0.5"

$(VENV)/.run: $(VENV)/bin/python requirements/build.txt package-lock.json pyproject.toml tools/front-end
	$(BIN)/uv pip install --quiet --python $(BIN)/python --require-hashes -r requirements/build.txt
	tools/front-end
	touch $@

$(VENV)/.test: $(VENV)/.run requirements/test.txt
	$(BIN)/uv pip install --quiet --python $(BIN)/python --require-hashes -r requirements/test.txt
	touch $@

$(VENV)/.bench: $(VENV)/.test requirements/bench.txt
	$(BIN)/uv pip install --quiet --python $(BIN)/python --require-hashes -r requirements/bench.txt
	touch $@

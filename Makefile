# You need Python 3.11 or newer and make. Everything else is fetched into $(VENV).
#   make up                      run LAD             make test    run what CI runs
#   PYTHON=python3.13 make test  use another Python, in its own virtual environment

PYTHON ?= python3
VENV ?= $(if $(filter file,$(origin PYTHON)),.venv,.venv-$(notdir $(PYTHON)))
BIN := $(VENV)/bin
WORKERS ?= 2
SOURCES := lad tenants billing leads campaigns voice voice_worker aiicp demo tools sandbox tests manage.py $(wildcard benchmarks)

export PIP_DISABLE_PIP_VERSION_CHECK = 1
# Server addresses in the shell are for `make up`. Tests start their own servers.
unexport_for_tests = env -u DATABASE_URL -u DATABASE_OWNER_URL -u REDIS_URL -u LAD_HOME

.DEFAULT_GOAL := help
.NOTPARALLEL:
.PHONY: help up test lint format types imports migrations pytest test-voice-worker docs lock install install-dev shell psql clean

help: ## show this list
	@sed -n 's/^\([a-z-]*\):.*## /\1: /p' Makefile | awk -F': ' '{printf "  make %-12s %s\n", $$1, $$2}'

up: install ## start PostgreSQL, Valkey, web and worker; Ctrl-C stops them
	@$(BIN)/python -m tools.runtime.up

test: lint types imports migrations pytest ## run everything CI runs

lint: install-dev ## check style and formatting
	$(BIN)/ruff check $(SOURCES)
	$(BIN)/ruff format --check $(SOURCES)

format: install-dev ## fix style and formatting
	$(BIN)/ruff check --fix $(SOURCES)
	$(BIN)/ruff format $(SOURCES)

types: install-dev ## check types with mypy
	SECRET_KEY=mypy-only-reads-the-settings $(BIN)/mypy

imports: install-dev ## check the layers of packages
	$(BIN)/lint-imports

migrations: install-dev ## fail if a model changed without a migration
	$(unexport_for_tests) $(BIN)/python -W ignore manage.py makemigrations --check --dry-run

pytest: install-dev ## run the tests; ARGS="-k name" selects some
	$(unexport_for_tests) $(BIN)/python -m pytest -n $(WORKERS) --dist loadfile --no-loadscope-reorder -rs $(ARGS)

test-voice-worker: ## test the agent worker with its own library, in .venv-voice-worker (400 MB)
	@test -x .venv-voice-worker/bin/pytest || { "$(PYTHON)" -m venv .venv-voice-worker && \
		.venv-voice-worker/bin/python -m pip install --quiet -r voice_worker/requirements.txt pytest; }
	.venv-voice-worker/bin/python -m pytest -c voice_worker/pytest.ini --rootdir voice_worker voice_worker/tests -q

docs: install-dev ## generate the schema, events and API documents under docs/
	$(unexport_for_tests) $(BIN)/python -W ignore manage.py schema_docs
	$(unexport_for_tests) $(BIN)/python -W ignore manage.py event_catalogue
	$(unexport_for_tests) $(BIN)/python -W ignore manage.py spectacular --validate --fail-on-warn --file docs/openapi.yaml

shell: install ## a Django shell beside the running LAD
	@$(BIN)/python -m tools.runtime.run_with_environment $(BIN)/python manage.py shell

psql: install ## psql as the owner of the running LAD's database
	@$(BIN)/python -m tools.runtime.run_with_environment --psql

lock: install-dev ## compile the hashed lock files; UPGRADE=1 takes newer versions
	UV_CUSTOM_COMPILE_COMMAND="make lock" $(BIN)/uv pip compile --quiet --universal --python-version 3.11 \
		--generate-hashes $(if $(UPGRADE),--upgrade) pyproject.toml -o requirements.txt
	UV_CUSTOM_COMPILE_COMMAND="make lock" $(BIN)/uv pip compile --quiet --universal --python-version 3.11 \
		--generate-hashes $(if $(UPGRADE),--upgrade) pyproject.toml --group dev -c requirements.txt \
		-o requirements-dev.txt

clean: ## remove environments and caches, but not the data in .lad
	rm -rf .venv .venv-* build .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

install: $(VENV)/.installed
install-dev: $(VENV)/.installed-dev

$(VENV)/.installed: requirements.txt | $(BIN)/python
	@echo "Installing LAD's packages into $(VENV)"
	@$(BIN)/python -m pip install --quiet --require-hashes --no-deps -r $<
	@touch $@

$(VENV)/.installed-dev: requirements-dev.txt | $(BIN)/python
	@echo "Installing LAD's packages and the developer's tools into $(VENV)"
	@$(BIN)/python -m pip install --quiet --require-hashes --no-deps -r $<
	@touch $@ $(VENV)/.installed

$(BIN)/python:
	@command -v "$(PYTHON)" >/dev/null || { echo "$(PYTHON) was not found. Install Python 3.11 or newer, or name another: PYTHON=python3.12 make $(MAKECMDGOALS)"; exit 1; }
	@"$(PYTHON)" --version >/dev/null 2>&1 || { echo "$(PYTHON) does not run. Name another one, for example: PYTHON=/usr/bin/python3.12 make $(MAKECMDGOALS)"; exit 1; }
	@"$(PYTHON)" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "LAD needs Python 3.11 or newer and $(PYTHON) is $$("$(PYTHON)" --version 2>&1). Name a newer one: PYTHON=python3.12 make $(MAKECMDGOALS)"; exit 1; }
	@echo "Creating $(VENV)"
	@"$(PYTHON)" -m venv "$(VENV)" || { rm -rf "$(VENV)"; exit 1; }

# `make demo` in a fresh clone is all that a first look takes. See CONTRIBUTING.md.
.DEFAULT_GOAL := help
.PHONY: help install demo test check-types check-javascript check-style compile-tests lock

# tried in this order: the first that runs and is 3.11 or later makes .venv
PYTHON ?= python3.11 python3
PORT ?= 8000
RUN := .venv/bin/python -m
SUPPORTED := -c 'import sys, pip; sys.exit(sys.version_info < (3, 11))'
# where it is set, each process that a test starts would compile all that it imports again
unexport PYTHONDONTWRITEBYTECODE

help:
	@echo "make demo       build the demo gallery if there is none, and serve it (PORT=$(PORT))"
	@echo "make test       check style and types, run the tests"
	@echo "make install    make .venv with all that use and tests need; the others do this first"
	@echo "make lock       write requirements.lock again: the newest versions that pyproject.toml allows"

install: .venv/installed

demo: install
	@$(RUN) index_builder.cli demo --port $(PORT)

# the checks that take one processor each run side by side; the tests take all: two processes more than there are
# processors, since tests of the page wait for much of their time
test: install
	@$(MAKE) --no-print-directory --jobs=2 --output-sync=target check-types check-javascript check-style compile-tests
	$(RUN) pytest --numprocesses $$(($$(getconf _NPROCESSORS_ONLN) + 2)) --dist worksteal

check-types:
	$(RUN) mypy

check-javascript:
	.ci/javascript

check-style:
	$(RUN) ruff check
	$(RUN) ruff format --check --quiet
	.venv/bin/codespell
	.venv/bin/lint-imports

# once, beside the checks, what each of the processes of the tests would otherwise do; those report what fails here
compile-tests:
	-@$(RUN) pytest -o addopts= --collect-only -p no:terminal

# uv resolves for every platform and every Python from 3.11 on, where pip would for this machine alone. Left out is what
# CUDA builds of torch and FAISS bring: they name the versions themselves, and those differ from build to build. For the
# same reason there are no hashes: torch 2.13.0 for a CPU is another file than that for CUDA.
lock: install
	$(RUN) pip install --disable-pip-version-check --quiet uv
	.venv/bin/python -c "import tomllib; \
	    print(*tomllib.load(open('pyproject.toml', 'rb'))['build-system']['requires'], sep='\n')" \
	    | $(RUN) uv pip compile --quiet --universal --python-version 3.11 --all-extras --no-annotate \
	        --custom-compile-command "make lock" pyproject.toml - > requirements.tmp
	grep -Ev '^(nvidia|cuda|triton)' requirements.tmp > requirements.lock
	@rm requirements.tmp

# --no-compile: Python compiles the modules that are used, which are few of those that are installed
.venv/installed: pyproject.toml requirements.lock
	@.venv/bin/python $(SUPPORTED) 2>/dev/null || { \
		for python in $(PYTHON); do "$$python" $(SUPPORTED) 2>/dev/null && break || python=; done; \
		[ -n "$$python" ] || { echo "Sketchfind needs Python 3.11 or later with pip; tried: $(PYTHON)." \
			"Install one, or name it: make install PYTHON=/path/to/python" >&2; exit 1; }; \
		"$$python" -m venv --clear .venv; }
	$(RUN) pip install --disable-pip-version-check --no-compile -c requirements.lock -e '.[cpu,test]'
	@touch $@

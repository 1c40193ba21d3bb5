# Every target sets up what it needs first; the second time that is instant.
#
#   make demo     simulate the LMNA study, run it under two splits, write the report
#   make test     build and run all tests
#   make lint     formatting, clang-tidy, ruff        make format   format the code
#   make fuzz     each fuzz target for FUZZ_SECONDS   make bench    benchmarks (ONLY='files scale': these rows)
#   make docs     rewrite docs/CLI.md and notebook    make build    build/release/cellverdict
#   make setup    packages and .venv only             make clean    remove build/ and demo/
#
#   JOBS=2        parallel jobs                       PRESET=ci     warnings are errors

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
.NOTPARALLEL:
.PHONY: help setup setup-test configure build demo test bench format lint fuzz docs clean

JOBS ?= $(shell nproc)
PRESET ?= release
FUZZ_SECONDS ?= 60
BUILD := build/$(PRESET:ci=release)
PROGRAM := $(BUILD)/cellverdict
# Progress on a terminal, silence in a log.
NINJA_QUIET := $(if $(MAKE_TERMOUT),,-- --quiet)

help:
	@sed -n '/^#/!q; s/^# \{0,1\}//p' Makefile

setup:
	@.ci/setup build

setup-test:
	@.ci/setup build test

configure: setup
	@QUIET=1 .ci/step "configure ($(PRESET))" cmake --preset $(PRESET)

build: configure
	@.ci/step "build cellverdict" cmake --build $(BUILD) --target cellverdict -j $(JOBS) $(NINJA_QUIET)

demo: build
	@.ci/step "simulate the LMNA study" $(PROGRAM) simulate --design lmna --out demo/data
	@.ci/step "run four experiments" $(PROGRAM) run recipes/demo.toml --variant all --out demo/run

test: setup-test configure
	@.ci/step "build everything" cmake --build $(BUILD) -j $(JOBS) $(NINJA_QUIET)
	@.ci/step "tests" ctest --test-dir $(BUILD) --output-on-failure --no-tests=error -j 2

bench:
	@.ci/setup build test bench
	@QUIET=1 .ci/step "configure (bench)" cmake --preset release -DCELLVERDICT_BENCH=ON
	@.ci/step "build the benchmarks" cmake --build $(BUILD) --target cellverdict benches -j $(JOBS) $(NINJA_QUIET)
	@CELLVERDICT_PROGRAM=$$PWD/$(PROGRAM) .ci/step "measured beside peers" .venv/bin/python bench/run.py $(if $(ONLY),--only $(ONLY))

format:
	@.ci/setup build lint
	@git ls-files -z --cached --others --exclude-standard -- 'src/*.cpp' 'src/*.h' 'tests/*.cpp' 'tests/*.h' 'bench/*.cpp' 'bench/*.h' | xargs -0r .venv/bin/clang-format -i

lint:
	@.ci/setup build lint
	@.ci/lint

fuzz:
	@.ci/setup build fuzz
	@QUIET=1 .ci/step "configure (fuzz)" cmake --preset fuzz
	@.ci/step "build the fuzz targets" cmake --build build/fuzz --target fuzz_targets -j $(JOBS) $(NINJA_QUIET)
	@FUZZ_SECONDS=$(FUZZ_SECONDS) .ci/fuzz

docs: setup-test build
	@mkdir -p docs
	@$(PROGRAM) help --markdown > $(BUILD)/CLI.md && mv $(BUILD)/CLI.md docs/CLI.md
	@echo "docs/CLI.md rewritten from the program's own help"
	@CELLVERDICT_PROGRAM=$$PWD/$(PROGRAM) PYTHONPATH=$$PWD/python .ci/step "run docs/first-study.ipynb" .venv/bin/python tests/python/notebook.py --write docs/first-study.ipynb

clean:
	@rm -rf build demo

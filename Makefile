# Everything runs in .venv, which `install` makes. Another interpreter: make PYTHON=python3.11
PYTHON ?= python3
BIN := .venv/bin
STAMP := .venv/.installed
SHARDS := runs/demo/shards
DEMO_VIEWS ?= 240
# Bytecode is written even where the environment says not to: the tests start hundreds of processes.
export PYTHONDONTWRITEBYTECODE :=

define SHOW
import sys
from datasets import load_dataset
row = load_dataset(sys.argv[1], split="train")[0]
for field in ("view_id", "image", "structures", "masks"):
    print(field, row[field], sep=": ")
for question in row["qa"][:3]:
    print(*(question[field] for field in ("question", "answer", "program")), sep=" | ")
endef
export SHOW

# Real sample corpora, for the tests that read them; without the folder those tests are skipped.
ifneq ($(wildcard ../shared/data),)
export MMRS_SAMPLES ?= $(CURDIR)/../shared/data
endif

# $(call script,FILE): run FILE if this version has it, else say so and fail.
script = @if [ -f $(1) ]; then exec $(BIN)/python $(1); fi; \
	echo "make $@: not part of this version ($(1) is missing)" >&2; exit 2

.PHONY: help install browser lint types test test-long demo demo-paraphrase bench bench-load soak baseline-train baseline-smoke leaderboard test-gpu bench-train bench-feed

help: ## print this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  %-15s%s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

install: $(STAMP) ## make .venv and install the project with pinned versions

# In CI libraries are compiled when they are imported: most modules never are, and it would be a third of the time.
$(STAMP): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed: make PYTHON=python3.11")'
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check $(if $(CI),--no-compile) -c constraints.txt -e '.[dev,baselines,volumes,dicom,formats,audit,llm,ray,s3]'
	@touch $@

browser: ## Debian's chromium, for the tests of the gallery (they are skipped without it)
	@command -v chromium >/dev/null && exit 0; \
	if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
		export DEBIAN_FRONTEND=noninteractive; \
		timeout 120 apt-get update -qq && timeout 300 apt-get install -y -qq --no-install-recommends chromium; \
	else echo "make browser: chromium is missing; install it, on Debian as root: apt-get install chromium" >&2; exit 2; fi

lint: install ## style, spelling, import contracts, question families
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/codespell templates data_cards docs mmrs_builder baselines tests *.md
	$(BIN)/lint-imports --no-logo
	$(BIN)/mmrs families --check

types: install ## type check
	$(BIN)/mypy

test: install ## all tests but the long ones; real samples are read from MMRS_SAMPLES
	OMP_NUM_THREADS=1 $(BIN)/pytest -q -n auto --dist worksteal -m "not long"

test-long: install ## the long ones: volumes from file to answer, more processes, a leaderboard
	OMP_NUM_THREADS=1 $(BIN)/pytest -q -n auto --dist worksteal -m long

demo: install ## build, verify, load and show the phantom corpus in runs/demo
	$(BIN)/mmrs build --source phantom --set phantom.count=$(DEMO_VIEWS) --out $(SHARDS) --overwrite
	$(BIN)/mmrs verify $(SHARDS)
	$(BIN)/python -c "$$SHOW" $(SHARDS)
	$(BIN)/mmrs view $(SHARDS) --contact runs/demo/sheet.png
	$(BIN)/mmrs view $(SHARDS) --out runs/demo/gallery.html
	@echo "Made $(SHARDS) and runs/demo/sheet.png; open in a browser: $(CURDIR)/runs/demo/gallery.html"

demo-paraphrase: install ## reword the demo through a local endpoint (by rules: no model); AUDIT=1 audits it before and after
	$(BIN)/python -m benchmarks.paraphrase $(SHARDS) $(if $(AUDIT),--audit)

bench: install ## what a build costs beside copying, reading and writing, and a naive script: runs/bench
	$(BIN)/python -m benchmarks.run

bench-load: install ## how fast shards are read for training, beside WebDataset, and what row groups cost: runs/loading
	$(BIN)/python -m benchmarks.loading

soak: $(if $(wildcard benchmarks/soak.py),test-long) ## long proofs: thousands of lies of every kind, other hands' masks
	$(call script,benchmarks/soak.py)

baseline-train: install ## train PRS-Med on phantoms, evaluate it on others, print the table: runs/demo/results.json
	$(BIN)/python -m baselines.demo

baseline-smoke: install ## the same in five minutes; fails if the masks are no better than the mean mask
	$(BIN)/python -m baselines.demo --smoke

leaderboard: install ## contenders on the same questions, scored and drawn: OUT=runs/leaderboard CONFIG=FILE.toml
	$(BIN)/python -m baselines.leaderboard $(or $(CONFIG),baselines/leaderboard/demo.toml) --out $(or $(OUT),runs/leaderboard)

test-gpu: install ## tests that need a GPU
	$(BIN)/pytest -q tests/gpu

bench-train: install ## time one training step of the 7B shapes against the published one; needs a GPU
	$(BIN)/python benchmarks/train_step.py

bench-feed: demo ## how long a training step of the 7B shapes waits for its pictures, by number of workers; needs a GPU
	$(BIN)/python -m benchmarks.feeding $(SHARDS)

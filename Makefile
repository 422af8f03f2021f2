# The few commands of this project; `make` alone explains them. All it needs is make and Python 3.11 or later.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready

URLS ?=
BACKEND ?=
DEPTH ?=
ARGS ?=
WORKLOAD ?= latency
WORKERS ?= 1,2
DATA ?= $(firstword $(wildcard conformance ../shared/data) conformance)

OPTIONS = $(if $(BACKEND),--backend '$(BACKEND)') $(if $(DEPTH),--depth '$(DEPTH)') $(ARGS)
CHECK_OPTIONS = $(if $(BACKEND),--backend '$(BACKEND)') $(ARGS)
QUOTED = $(foreach url,$(URLS),'$(url)')

export PIP_DISABLE_PIP_VERSION_CHECK := 1

.DEFAULT_GOAL := help
.PHONY: help crawl check compare compare-threads compare-processes compare-asyncio compare-hybrid test kills lint format bench bench-scale bench-latency bench-history bench-watch bench-auto conformance lock clean

help: ## explain these commands
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/\1\t\2/p' $(MAKEFILE_LIST) | while IFS="$$(printf '\t')" read -r name text; \
		do printf '  make %-17s %s\n' "$$name" "$$text"; done

crawl: $(READY) ## crawl the demo site, or what you say: URLS="https://example.org" BACKEND=asyncio DEPTH=1 ARGS="--dry-run"
ifeq ($(strip $(URLS)),)
	@$(BIN)/python fixtures/demo.py -- $(BIN)/scraper crawl '{demo}' --delay 0 $(OPTIONS) || $(UNLESS_ONE)
else
	@$(BIN)/scraper crawl $(QUOTED) $(OPTIONS) || $(UNLESS_ONE)
endif

check: $(READY) ## check demo targets, good and bad, or what you say: URLS="https://example.org shops.txt" ARGS="--fail-on any"
ifeq ($(strip $(URLS)),)
	@$(BIN)/python -m fixtures.targets -- $(BIN)/scraper check '{checks}' $(CHECK_OPTIONS) || $(UNLESS_ONE)
else
	@$(BIN)/scraper check $(QUOTED) $(CHECK_OPTIONS) || $(UNLESS_ONE)
endif

compare: $(READY) ## compare the backends, in under two minutes, or on what you say: URLS="https://example.org" ARGS="-d 1"
	@$(BIN)/scraper compare $(QUOTED) $(REPORTS) $(ARGS) || $(UNLESS_ONE)

compare-threads: $(READY) ## what more threads buy, on WORKLOAD=latency: 1, 2, 4 ... 64 of them beside sequential
	@$(SWEEP) --backends sequential,threads $(ARGS) || $(UNLESS_ONE)

compare-processes: $(READY) ## what more processes buy, and more requests in flight in each
	@$(SWEEP) --backends sequential,processes --workers '$(WORKERS)' $(ARGS) || $(UNLESS_ONE)

compare-asyncio: $(READY) ## what more requests in flight on one event loop buy
	@$(SWEEP) --backends sequential,asyncio $(ARGS) || $(UNLESS_ONE)

compare-hybrid: $(READY) ## what an event loop in each of more processes buys
	@$(SWEEP) --backends sequential,hybrid --workers '$(WORKERS)' $(ARGS) || $(UNLESS_ONE)

REPORTS = --html compare.html --json compare.json
SWEEP = $(BIN)/scraper compare --workload '$(WORKLOAD)' --concurrency 1,2,4,...,64 --repeat 3 --seconds 500ms $(REPORTS)

# Exit code 1 says that some URLs failed, which is a finding and no fault of the command.
UNLESS_ONE = { code=$$?; [ $$code -eq 1 ] || exit $$code; }

test: $(READY) lint ## check everything: style, types, tests, coverage; ARGS="-k budget" for a part
	@$(BIN)/coverage erase
	@$(BIN)/coverage run -m pytest --numprocesses 3 $(ARGS)
	@$(BIN)/coverage combine --quiet
	@$(BIN)/coverage report

kills: $(READY) ## kill crawls and watches at SEEDS=20 times as many moments as 'make test' does; takes some twenty minutes
	@KILL_SEEDS=$(or $(SEEDS),20) $(BIN)/python -m pytest --numprocesses auto --maxprocesses 4 \
		tests/kills tests/check/test_history_kills.py tests/check/test_watch_kills.py

lint: $(READY) ## check style and types
	@$(BIN)/ruff check
	@$(BIN)/ruff format --check
	@$(BIN)/mypy

format: $(READY) ## bring the code into the house's form
	@$(BIN)/ruff check --fix
	@$(BIN)/ruff format

bench: $(READY) ## measure the backends against each other; ARGS="--help" says how
	@$(BIN)/python -m benchmarks $(ARGS)

bench-scale: $(READY) ## measure memory a known URL and CPU a page of large crawls; ARGS="--urls 10000 --pages 1000" for small ones
	@$(BIN)/python -m benchmarks.scale $(ARGS)

bench-latency: $(READY) ## measure whether a server's time stays its own under 10, 100 and 1,000 probes at once; ARGS="--tls"
	@$(BIN)/python -m benchmarks.latency $(ARGS)

bench-history: $(READY) ## measure what the history of a watch takes, to write, to keep and to ask; ARGS="--help" says how
	@$(BIN)/python -m benchmarks.history $(ARGS)

bench-auto: $(READY) ## measure whether --backend auto goes to the fastest backend, on ten workloads; ARGS="--rounds 5 near large"
	@$(BIN)/python -m benchmarks.auto $(ARGS)

bench-watch: $(READY) ## measure a watch of 700 targets every 10 s, and its page meanwhile, for MINUTES=5
	@$(BIN)/python -m benchmarks.watch --minutes '$(or $(MINUTES),5)' $(ARGS)

conformance: $(READY) ## measure how much of the public test suites holds; DATA=folder with their files, ARGS="-v" names failures
	@$(BIN)/python -m benchmarks.conformance --data '$(DATA)' $(ARGS)

clean: ## remove what these commands have made
	rm -rf $(VENV) dist build compare.html compare.json .coverage .coverage.* .mypy_cache .pytest_cache .ruff_cache .hypothesis
	find . -name __pycache__ -prune -exec rm -rf {} +

# Everything that is installed has its version in constraints.txt, the build's own tools too: the same on every
# machine, and the network is asked only when that file or pyproject.toml has changed.
$(READY): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "scraper needs Python 3.11 or later; say where it is: make PYTHON=python3.12" >&2; exit 1; }
	@$(PYTHON) -m venv $(VENV) || \
		{ echo "this Python cannot make a venv; on Debian and Ubuntu: apt install python3-venv" >&2; exit 1; }
	@echo "installing into $(VENV) ..."
	@$(BIN)/python -m pip install -qq --requirement constraints.txt
	@$(BIN)/python -m pip install -qq --no-deps --no-build-isolation --editable .
	@$(BIN)/python -m pip check -q
	@touch $@

lock: ## renew constraints.txt: the newest versions that pyproject.toml admits
	@rm -rf $(VENV)-lock && $(PYTHON) -m venv $(VENV)-lock
	@$(VENV)-lock/bin/python -c "$$REQUIREMENTS" > $(VENV)-lock/requirements.txt
	@$(VENV)-lock/bin/python -m pip install -qq --requirement $(VENV)-lock/requirements.txt
	@{ echo "# Exact versions of all that 'make' installs; written by 'make lock'."; \
		$(VENV)-lock/bin/python -m pip freeze; } > constraints.txt
	@rm -rf $(VENV)-lock

define REQUIREMENTS
import tomllib
with open("pyproject.toml", "rb") as file:
    project = tomllib.load(file)
groups = project["build-system"]["requires"], project["project"]["dependencies"], project["dependency-groups"]["dev"]
print("editables", *(name for group in groups for name in group), sep="\n")
endef
export REQUIREMENTS

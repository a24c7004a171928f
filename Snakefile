import sys
from pathlib import Path

if sys.version_info < (3, 11):
    sys.exit(f"error: Python {sys.version.split()[0]} found, Python 3.11 or newer is expected")
sys.path.insert(0, str(Path(workflow.basedir) / "workflow"))


include: "workflow/rules/common.smk"
include: "workflow/rules/prompts.smk"
include: "workflow/rules/models.smk"
include: "workflow/rules/results.smk"


config = load_config_or_exit()
preferences = load_preferences(PREFERENCES, config["preferences"])
FIRST_SET = next(iter(config["evaluation_sets"]))  # the set of the figures and of the human study
JUDGE = next(iter(config["judges"]))  # the judge of the claims and of the figures
JUDGE_TEMPLATES = expand("workflow/prompts/judge/{file}.yaml", file=["frame", *preferences.ids])
set_job_environment()


report: "workflow/report/workflow.rst"


pathvars:
    results=f"results/{config['run']}",
    artifacts=f"results/{config['artifacts']}",  # data, models, responses and scores
    logs=f"results/{config['run']}/logs",
    benchmarks=f"results/{config['run']}/timings",


wildcard_constraints:
    preference=any_of([*preferences.ids, GENERAL]),
    set=any_of(["train", *config["evaluation_sets"]]),
    method=any_of(config["methods"]),
    controller=any_of(controllers()),
    policy=any_of(policies() or ["none"]),
    seed=any_of(config["controller"]["seeds"]),
    hub_model=any_of(models_on_hub()),
    suffix="jsonl|json|csv|parquet",
    shard="[0-9]+",


rule all:
    default_target: True
    input:
        targets(),
        manifest="<results>/manifest.json",


include: "workflow/rules/download.smk"
include: "workflow/rules/data.smk"
include: "workflow/rules/base.smk"
include: "workflow/rules/experts.smk"
include: "workflow/rules/controller.smk"
include: "workflow/rules/shards.smk"
include: "workflow/rules/generation.smk"
include: "workflow/rules/evaluation.smk"
include: "workflow/rules/details.smk"
include: "workflow/rules/report.smk"

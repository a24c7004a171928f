import sys
from pathlib import Path

if sys.version_info < (3, 11):
    sys.exit(f"error: Python {sys.version.split()[0]} found, Python 3.11 or newer is expected")
sys.path.insert(0, str(Path(workflow.basedir) / "workflow"))


include: "workflow/rules/common.smk"


if workflow.is_main_process:
    hold_run_lock(Path())

config = or_exit(configuration, workflow.config_settings.config, workflow.overwrite_configfiles)
preferences = or_exit(load_preferences, ALL_PREFERENCES, config["preferences"])
WORLD = world_files(config["world"])
prompts = Prompts(config, WORLD)
models = RunModels(config, preferences)
FIGURES = or_exit(read_figures)
results = Results(config, models, FIGURES, PREFERENCES)
shards = Shards(config)
set_job_environment()


report: "workflow/report/workflow.rst"


pathvars:
    results=f"results/{config['run']}",
    artifacts=f"results/{config['artifacts']}",  # data, models, responses and scores
    logs=f"results/{config['run']}/logs",
    benchmarks=f"results/{config['run']}/timings",


onstart:
    check_machine_once(config)
    check_judges(config, preferences)
    check_endpoints(config)


wildcard_constraints:
    preference=any_of([*preferences.ids, GENERAL]),
    set=any_of(["train", *results.sets]),
    method=any_of(config["methods"]),
    controller=any_of(models.used("controller")),
    policy=any_of(models.used("policy")),
    seed=any_of(config["controller"]["seeds"]),
    hub_model=any_of(models.on_hub()),
    shape="[0-9-]+",
    suffix=any_of(suffix.removeprefix(".") for suffix in RECORD_SUFFIXES),
    shard="[0-9]+",


rule all:
    default_target: True
    input:
        results.targets(),
        manifest="<results>/manifest.json",


include: "workflow/rules/download.smk"
include: "workflow/rules/preferences.smk"
include: "workflow/rules/data.smk"
include: "workflow/rules/base.smk"
include: "workflow/rules/experts.smk"
include: "workflow/rules/controller.smk"
include: "workflow/rules/generation.smk"
include: "workflow/rules/evaluation.smk"
include: "workflow/rules/shards.smk"
include: "workflow/rules/details.smk"
include: "workflow/rules/fronts.smk"
include: "workflow/rules/report.smk"


give_log_and_timing(workflow.rules)

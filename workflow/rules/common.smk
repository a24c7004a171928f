# Functions that the rules share; no rules here.
import json
import os
import sys
from itertools import combinations
from pathlib import Path

from mope.config import load as load_config
from mope.errors import MopeError
from mope.preferences import load as load_preferences
from mope.provenance.code import digest

PREFERENCES = "workflow/prompts/preferences.yaml"
TABLES = ["win_rates", "average_win_rates", "average_by_cell", "average_differences", "length_controlled"]
TABLES += ["swap_consistency"]
DECODING = "<results>/benchmarks/decoding.json"
WORLD = sorted(path.as_posix() for path in Path("workflow/mope/world").rglob("*.yaml"))


def load_config_or_exit():
    """The validated configuration; bad input ends Snakemake with one line."""
    try:
        return load_config(Path("."), workflow.config_settings.config, workflow.overwrite_configfiles)
    except MopeError as error:
        sys.exit(f"error: {error}")


def code(stage):
    """Digest of the stage's script and of all project modules it imports: a rule runs again when it changes."""
    try:
        return digest(f"workflow/scripts/{stage}.py")
    except MopeError as error:
        sys.exit(f"error: {error}")


def settings(*sections, **values):
    """The smallest part of the configuration that a stage uses, as JSON."""
    together = {key: value for section in sections for key, value in section.items()}
    return json.dumps(together | values, sort_keys=True)


def without(section, *keys):
    return {key: value for key, value in section.items() if key not in keys}


def any_of(names):
    return "|".join(map(str, names))


def set_job_environment():
    """What every job finds in its environment; Snakemake itself sets OMP_NUM_THREADS and its like to the threads."""
    os.environ.update(
        PATH=os.pathsep.join([os.path.dirname(sys.executable), os.environ.get("PATH", "")]),
        PYTHONPATH="workflow",
        PYTHONHASHSEED="0",
        PYTHONUNBUFFERED="1",
        TOKENIZERS_PARALLELISM="false",
        HF_HUB_OFFLINE="1",
        HF_HUB_DISABLE_TELEMETRY="1",
    )


def controllers():
    """Names of the controllers that some method uses."""
    return sorted({method["controller"] for method in config["methods"].values() if "controller" in method})


def controller_settings(name):
    """Settings of one controller: the section `controller` with its own differences."""
    return without(config["controller"], "seeds") | config["controllers"][name]


def controller_models(name):
    """One model for each of the controller's seeds."""
    return [f"<results>/controller/{name}/seed{seed}" for seed in config["controller"]["seeds"]]


def experts():
    return [f"<results>/expert/{preference}" for preference in preferences.ids]


def rewards():
    return [f"<results>/reward/{preference}" for preference in preferences.ids]


def prompt_source(wildcards):
    """Settings of a set of prompts: where they come from and how many."""
    sets = {"train": config["data"]["train"], **config["evaluation_sets"]}
    return sets[wildcards.set]


def prompt_files(wildcards):
    """What the prompts are read from: a file, or the embedded world."""
    source = prompt_source(wildcards)["source"]
    return WORLD if source == "world" else source


def method_models(wildcards):
    """Beside the base model, a method needs experts, controllers, and, to choose the best expert, rewards."""
    method = config["methods"][wildcards.method]
    needed = {}
    if method["kind"] != "base":
        needed["experts"] = experts()
    if "controller" in method:
        needed["controllers"] = controller_models(method["controller"])
    if method["kind"] == "expert":
        needed["rewards"] = rewards()
        needed["reference"] = of_each_set("<results>/reference/{set}.parquet")
    return needed


def model_options(wildcards, input):
    """Command-line options for the models among the inputs: `--experts P1A=... --experts P1B=...` and so on."""
    options = []
    for key in ("experts", "rewards", "controllers"):
        for path in input.get(key, []):
            options.append(f"--{key} {Path(path).name.removeprefix('seed')}={path}")
    if "reference" in input.keys() and not isinstance(input.reference, str):
        options.append(set_options("--reference", input.reference))
    return " ".join(options)


def of_each_set(pattern):
    """One file of each evaluation set."""
    return expand(pattern, set=config["evaluation_sets"])


def set_options(option, paths):
    """Options such as `--out single=... --out comparison=...` for the files of the evaluation sets."""
    return " ".join(f"{option} {name}={path}" for name, path in zip(config["evaluation_sets"], paths, strict=True))


def pairs():
    """All pairs of methods, `a--b`, a before b in the order of the configuration."""
    return [f"{a}--{b}" for a, b in combinations(config["methods"], 2)]


def responses():
    return expand("<results>/responses/{set}/{method}.parquet", set=config["evaluation_sets"], method=config["methods"])


def scores():
    return expand("<results>/scores/{set}/{method}.parquet", set=config["evaluation_sets"], method=config["methods"])


def judgments():
    sets, judge = config["evaluation_sets"], config["judge"]["name"]
    return expand("<results>/judgments/{set}/{judge}/{pair}.parquet", set=sets, judge=judge, pair=pairs())


def figure_sources():
    """(figure, option of its script, files): one rule is made of each."""
    first_set = next(iter(config["evaluation_sets"]))
    fronts = expand("<results>/scores/{set}/{method}.parquet", set=first_set, method=config["methods"])
    curves = [f"{model}.curve.csv" for name in controllers() for model in controller_models(name)]
    samples = "<results>/samples/alphas.parquet"
    return [
        ("win_rate_matrix", "--table", "<results>/tables/win_rates.csv"),
        ("preference_bars", "--table", "<results>/tables/average_by_cell.csv"),
        ("combination_bars", "--table", "<results>/tables/average_by_cell.csv"),
        ("length_win_rate", "--table", "<results>/tables/average_win_rates.csv"),
        ("reward_fronts", "--scores", fronts),
        ("training_curves", "--curves", curves),
        ("alpha_tokens", "--samples", samples),
        ("alpha_position", "--samples", samples),
    ]


def targets():
    """All that a run is for: tables, figures, claims, and the list of everything they are made from."""
    tables = expand("<results>/tables/{table}.csv", table=[*TABLES, "agreement", "mean_rewards", "reward_models"])
    texts = expand(
        "<results>/tables/{table}.{suffix}", table=["average_win_rates", "win_rate_matrix"], suffix=["md", "tex"]
    )
    figures = [name for name, _, _ in figure_sources()]
    pictures = expand("<results>/figures/{figure}.{suffix}", figure=figures, suffix=["svg", "png"])
    return [*tables, *texts, *pictures, "<results>/claims.json", "<results>/overview.html"]

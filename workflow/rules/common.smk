# Functions that the rules share; no rules here.
import json
import os
import sys
from pathlib import Path

from mope.config import load as load_config
from mope.data.feedback_file import feedback_file
from mope.errors import MopeError
from mope.methods import across_prompts, in_tables, needs, pairs
from mope.preferences import load as load_preferences
from mope.provenance.code import digest

PREFERENCES = "workflow/prompts/preferences.yaml"
GENERAL = "general"  # the preference of people who are asked for none: of the RLHF baseline
TABLES = ["win_rates", "average_win_rates", "average_by_cell", "average_differences", "length_controlled"]
TABLES += ["swap_consistency", "overall_win_rates"]
SINGLE_TABLES = ["agreement", "mean_rewards", "rewards_by_cell", "reward_models"]
HUMAN_TABLES = ["human_study", "human_agreement"]
BODY = ["hidden", "layers", "heads", "intermediate"]  # the shape of a controller's body
REPORT = ["1 Did it reproduce?", "2 Figures", "3 Tables"]  # categories of the report, which sorts them by name
DECODING = "<results>/benchmarks/decoding.json"
JUDGE_CACHE = "results/judge_cache.sqlite"  # paid answers, shared by all runs; no rule's output, so nothing deletes it
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


def grows(megabytes):
    """Memory of a job; one that is retried because it was killed for memory gets twice, then three times as much."""
    return lambda wildcards, attempt: megabytes * attempt


def model_memory(megabytes):
    """Memory of a job that runs models: so much for the default's, times `jobs.memory` for larger ones."""
    return grows(round(megabytes * config["jobs"]["memory"]))


def model_minutes(minutes):
    """Longest time of a job that runs models: so much for the default's, times `jobs.runtime` for larger ones."""
    return round(minutes * config["jobs"]["runtime"])


def any_of(names):
    """Regular expression of the names; of none it matches nothing."""
    return "|".join(map(str, names)) or "(?!)"


def set_job_environment():
    """What every job finds in its environment; Snakemake itself sets OMP_NUM_THREADS and its like to the threads."""
    os.environ.update(
        PATH=os.pathsep.join([os.path.dirname(sys.executable), os.environ.get("PATH", "")]),
        PYTHONHASHSEED="0",
        PYTHONUNBUFFERED="1",
        TOKENIZERS_PARALLELISM="false",
        HF_HUB_OFFLINE="1",
        HF_HUB_DISABLE_TELEMETRY="1",
        # glibc hands large tensors back to the system at once; to be given zeroed pages again costs up to a third of a CPU.
        MALLOC_MMAP_MAX_="0",
        MALLOC_TRIM_THRESHOLD_=str(8 << 30),
        MALLOC_TOP_PAD_=str(64 << 20),
        MALLOC_ARENA_MAX="1",
    )
    # Not in the environment: Snakemake takes it from there for jobs in conda environments.
    shell.prefix("set -euo pipefail; export PYTHONPATH=workflow; ")


def launcher(stage):
    """How a script that several devices can share is started. A resource of its rule: a change reruns nothing."""
    count = config["devices"][stage]
    return f"python -m mope.launch {count}" if count > 1 else "python"


def controllers():
    """Names of the controllers that some method uses."""
    return sorted({method["controller"] for method in config["methods"].values() if "controller" in method})


def merged_controller(name):
    """The section `controller` with one controller's own differences, of which a path takes the place of a hub."""
    own = config["controllers"][name]
    return config["controller"] | ({"hub": None} if own.get("path") else {}) | own


def controller_settings(name):
    """Settings of the training of one controller."""
    return without(merged_controller(name), "seeds", "path", "hub", "pretraining")


def body(section):
    """Name of the body that a controller's training begins from: its shape and the examples it was trained on; or none."""
    own = section["path"] is None and section["hub"] is None and section["reads"] != "combination"
    if not own or section["pretraining"] == 0:
        return None
    return "-".join(str(section[key]) for key in (*BODY, "pretraining"))


def bodies():
    """The shape of every body, by its name."""
    sections = map(merged_controller, controllers())
    return {body(section): {key: section[key] for key in BODY} for section in sections if body(section)}


def controller_start(name):
    """Folder of the model that a controller begins from, or none."""
    section = merged_controller(name)
    return f"<artifacts>/body/{body(section)}" if body(section) else starting_model(section)


def controller_models(name):
    """One model for each of the controller's seeds."""
    return [f"<artifacts>/controller/{name}/seed{seed}" for seed in config["controller"]["seeds"]]


def controller_preferences(name):
    """The preferences that a controller meets in training: those of its combinations."""
    chosen = controller_settings(name)["combinations"] or preferences.combinations()
    return [i for i in preferences.ids if any(i in preferences.members(xi) for xi in chosen)]


def policies():
    """Names of the policies that some method uses."""
    return sorted({method["policy"] for method in config["methods"].values() if "policy" in method})


def policy_models(name):
    """One model for each of the controllers' seeds."""
    return [f"<artifacts>/policy/{name}/seed{seed}" for seed in config["controller"]["seeds"]]


def controller_reference(name):
    """The reference answers that a controller's rewards compare with."""
    source = controller_settings(name)["reference"]
    return (
        "<artifacts>/reference/train.parquet" if source == "plain" else f"<artifacts>/reference/{source}/train.parquet"
    )


def of_preferences(kind, ids):
    """Models of a kind, one for each preference."""
    return [f"<artifacts>/{kind}/{preference}" for preference in ids]


def experts():
    return of_preferences("expert", preferences.ids)


def rewards():
    return of_preferences("reward", preferences.ids)


def policy_parts(wildcards):
    """What a policy learns from: the general reward model, those of all preferences, or their feedback itself."""
    match config["policies"][wildcards.policy]["objective"]:
        case "general":
            return {"rewards": of_preferences("reward", [GENERAL])}
        case "combined":
            return {"rewards": rewards()}
        case "imitation":
            return {"feedback": expand("<artifacts>/feedback/{preference}.parquet", preference=preferences.ids)}


def prompt_source(wildcards):
    """Settings of a set of prompts: where they come from and how many."""
    sets = {"train": config["data"]["train"], **config["evaluation_sets"]}
    return sets[wildcards.set]


def prompt_files(wildcards):
    """What the prompts are read from: a file, or the embedded world."""
    source = prompt_source(wildcards)["source"]
    if isinstance(source, dict):
        return f"<artifacts>/download/{wildcards.set}{Path(source['file']).suffix}"
    return WORLD if source == "world" else source


def training_prompts(wildcards):
    """What a set from a file must not hold again; the embedded world's sets have nothing in common."""
    source = prompt_source(wildcards)["source"]
    return [] if wildcards.set == "train" or source == "world" else "<artifacts>/data/train.parquet"


def prompt_settings(wildcards):
    """What decides which prompts are taken."""
    entry = prompt_source(wildcards)
    if entry["source"] == "world":
        return settings(entry, seed=config["seed"])
    draw = "random" if isinstance(entry["source"], dict) else "first"
    return settings(entry, draw=draw, longest=config["data"]["longest"], seed=config["seed"])


def prompt_option(wildcards, input):
    if prompt_source(wildcards)["source"] == "world":
        return ""
    return f"--file {input.prompts}" + (f" --train {input.train}" if input.train else "")


def starting_model(section):
    """Folder of the model that a base or controller begins from: the user's own, or one that is downloaded; or none."""
    if section["hub"] is not None:
        hub = section["hub"]
        return f"<artifacts>/download/{'--'.join(Path(hub['id']).parts).lower()}-{hub['revision'][:8]}"
    return section["path"] or []


def models_on_hub():
    """Name of the folder -> id and revision."""
    sections = [config["base"], *(merged_controller(name) for name in controllers())]
    return {Path(starting_model(s)).name: s["hub"] for s in sections if s["hub"] is not None}


def method_models(wildcards):
    """What a method needs beside the base model."""
    method = config["methods"][wildcards.method]
    models = {
        "experts": experts,
        "rewards": rewards,
        "controllers": lambda: controller_models(method["controller"]),
        "policies": lambda: policy_models(method["policy"]),
    }
    needed = {part: models[part]() for part in sorted(needs(method))}
    if "rewards" in needed:
        needed["reference"] = of_each_set("<artifacts>/reference/{set}.parquet")
    return needed


def model_options(wildcards, input):
    """Command-line options for the models among the inputs: `--experts P1A=... --experts P1B=...` and so on."""
    options = []
    for key in ("experts", "rewards", "controllers", "policies"):
        for path in input.get(key, []):
            options.append(f"--{key} {Path(path).name.removeprefix('seed')}={path}")
    options += [f"--feedback {path}" for path in input.get("feedback", []) if not isinstance(input.feedback, str)]
    if "reference" in input.keys() and not isinstance(input.reference, str):
        options.append(set_options("--reference", input.reference))
    return " ".join(options)


def benchmarked_models(wildcards):
    """What the benchmarks need: the models of the run, if they are among those to be measured."""
    if "run" not in config["benchmark"]["models"]:
        return {}
    return {"base": "<artifacts>/base", "experts": experts(), "controller": controller_models("mope")[0]}


def benchmarked_options(wildcards, input):
    """Command-line options for these."""
    if "base" not in input.keys():
        return ""
    own = f"--name {config['run']} --base {input.base} --controller {input.controller}"
    return f"{own} {model_options(wildcards, input)}"


def of_each_set(pattern):
    """One file of each evaluation set."""
    return expand(pattern, set=config["evaluation_sets"])


def set_options(option, paths):
    """Options such as `--out single=... --out comparison=...` for the files of the evaluation sets."""
    return " ".join(f"{option} {name}={path}" for name, path in zip(config["evaluation_sets"], paths, strict=True))


def response_tables():
    """A method's answers, on each evaluation set."""
    return of_each_set("<artifacts>/responses/{set}/{{method}}.parquet")


def judgment_tables():
    """A judge's verdicts on each pair of methods, on one evaluation set."""
    return expand("<results>/judgments/{{set}}/{{judge}}/{pair}.parquet", pair=compared())


def compared():
    """The pairs of methods to judge, as `a--b`."""
    return [f"{a}--{b}" for a, b in pairs(config["methods"])]


def responses():
    return expand(
        "<artifacts>/responses/{set}/{method}.parquet", set=config["evaluation_sets"], method=config["methods"]
    )


def scores():
    return expand("<artifacts>/scores/{set}/{method}.parquet", set=config["evaluation_sets"], method=config["methods"])


def judges(kind):
    """Names of the judges of a kind."""
    return [name for name, judge in config["judges"].items() if judge["kind"] == kind]


def judge_settings(wildcards):
    return settings(without(config["judges"][wildcards.judge], "kind", "run"))


def held_out(wildcards):
    """The other run whose reward models judge."""
    return f"results/{config['judges'][wildcards.judge]['run']}"


def judgments():
    sets, names = config["evaluation_sets"], config["judges"]
    return expand("<results>/judgments/{set}/{judge}/{pair}.parquet", set=sets, judge=names, pair=compared())


def partially_trained():
    """Methods whose controller was trained on some combinations only, and the method that was trained on all."""
    found = {}
    for name, method in config["methods"].items():
        trained = controller_settings(method["controller"])["combinations"] if "controller" in method else None
        if trained:
            found[name] = {"trained": trained, "full": method.get("against", ["mope"])[0]}
    return found


def detail_tables():
    """Names of the tables that `details` asks for."""
    if not config["details"]:
        return []
    return ["quality", "alphas", "alpha_swaps"] + (["generalisation"] if partially_trained() else [])


def claim_tables(wildcards):
    """What some claims need that not every run has, by option: of `details`, a human study, a finished benchmark."""
    names = ["quality", "generalisation"]
    found = {name: f"<results>/tables/{name}.csv" for name in names if name in detail_tables()}
    if ratings():
        found["human"] = "<results>/tables/human_study.csv"
    if os.path.exists(f"results/{config['run']}/benchmarks/decoding.json"):
        found["decoding"] = DECODING
    return found


def ratings():
    """What the raters of the human study sent back."""
    folder = config["human_study"]["ratings"]
    return sorted(map(str, Path(folder).glob("*.csv"))) if folder else []


def human_study_judgments():
    """Every judge's verdicts on the methods of the human study."""
    shown = [pair for pair in compared() if set(pair.split("--")) <= set(config["human_study"]["methods"])]
    names = config["judges"]
    return expand("<results>/judgments/{set}/{judge}/{pair}.parquet", set=FIRST_SET, judge=names, pair=shown)


def figure_sources():
    """(figure, option of its script, files): one rule is made of each."""
    rows = in_tables(config["methods"])
    fronts = expand("<artifacts>/scores/{set}/{method}.parquet", set=FIRST_SET, method=rows)
    shown = dict.fromkeys(
        config["methods"][row]["controller"] for row in rows if "controller" in config["methods"][row]
    )
    curves = [f"{model}.curve.csv" for name in shown for model in controller_models(name)]
    samples = "<results>/samples/alphas.parquet"
    variants = any("mope" in method.get("against", []) for method in config["methods"].values())
    return [
        ("win_rate_matrix", "--table", "<results>/tables/win_rates.csv"),
        ("preference_bars", "--table", "<results>/tables/average_by_cell.csv"),
        ("combination_bars", "--table", "<results>/tables/average_by_cell.csv"),
        ("length_win_rate", "--table", "<results>/tables/average_win_rates.csv"),
        ("reward_fronts", "--scores", fronts),
        ("training_curves", "--curves", curves),
        ("alpha_tokens", "--samples", samples),
        ("alpha_position", "--samples", samples),
        *([("variants", "--table", "<results>/tables/overall_win_rates.csv")] if variants else []),
    ]


def table(name):
    """A table of the results, shown in the report."""
    about = {"caption": f"../report/{name}.rst", "category": REPORT[2], "labels": {"table": name.replace("_", " ")}}
    return report(f"<results>/tables/{name}.csv", **about)


def targets():
    """All that a run is for: tables, figures, claims, and the list of everything they are made from."""
    names = [*TABLES, *SINGLE_TABLES, *detail_tables(), *(HUMAN_TABLES if ratings() else [])]
    tables = expand("<results>/tables/{table}.csv", table=names)
    texts = expand(
        "<results>/tables/{table}.{suffix}", table=["average_win_rates", "win_rate_matrix"], suffix=["md", "tex"]
    )
    figures = [name for name, _, _ in figure_sources()]
    pictures = expand("<results>/figures/{figure}.{suffix}", figure=figures, suffix=["svg", "png"])
    return [*tables, *texts, *pictures, "<results>/claims.json", "<results>/overview.html"]

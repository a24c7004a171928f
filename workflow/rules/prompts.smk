# Where the prompts of a set come from; no rules here.


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

# Jobs that share a stage's prompts, and the rules that gather their parts. One job, the default, needs neither.


def in_shards(stage):
    """Whether several jobs share the prompts of a stage, responses or judging (`shards` in config.yaml)."""
    return config["shards"][stage] > 1


def of_shard(stage):
    """What tells a job's log from those of the other shards."""
    return ".{shard}" if in_shards(stage) else ""


def written(stage, job, whole):
    """Output of a job: the `whole`, or in shards a folder that holds a part of it until all are gathered."""
    return temp(directory(f"<results>/shards/{job}.{{shard}}")) if in_shards(stage) else whole


def shard_count(stage, wildcards):
    """How many jobs share the prompts; where an answer depends on other prompts, it is one."""
    alone = stage == "responses" and across_prompts(config["methods"][wildcards.method])
    return 1 if alone else config["shards"][stage]


def shard_option(stage):
    return lambda wildcards: f"--shard {wildcards.shard}/{shard_count(stage, wildcards)}" if in_shards(stage) else ""


def parts(stage, job):
    """The folders that all shards of a job have written."""
    return lambda wildcards: [
        f"<results>/shards/{job.format(**wildcards)}.{shard}" for shard in range(shard_count(stage, wildcards))
    ]


def response_options(wildcards, output):
    """Where a job of `generate` writes the tables of the evaluation sets."""
    below = f"{output.responses}/responses"
    part = [f"{below}/{name}/{wildcards.method}.parquet" for name in config["evaluation_sets"]]
    return set_options("--out", part if in_shards("responses") else output.responses)


def judgment_folder(wildcards, output):
    """Where a judge writes the tables of the pairs of methods."""
    if in_shards("judging"):
        return f"{output.verdicts}/judgments/{wildcards.set}/{wildcards.judge}"
    return os.path.dirname(output.verdicts[0])


# The same tables as those of one job.
for stage, job, tables in [
    ("responses", "generate.{method}", response_tables()),
    ("judging", "judge.{judge}.{set}", judgment_tables()),
]:
    if not in_shards(stage):
        continue

    rule:
        name:
            f"gather_{stage}"
        input:
            parts=parts(stage, job),
        output:
            tables=tables,
        log:
            f"<logs>/gather.{job}.log",
        benchmark:
            f"<benchmarks>/gather.{job}.tsv"
        wildcard_constraints:
            judge=any_of([*judges("rubric"), *judges("reward")]),
        conda:
            "../../envs/analysis.yaml"
        threads: 1
        resources:
            mem_mb=grows(1000),
            runtime=10,
        params:
            run=f"results/{config['artifacts' if stage == 'responses' else 'run']}",
            code=code("gather"),
        shell:
            "python workflow/scripts/gather.py --run {params.run} --parts {input.parts} --out {output.tables}"
            " > {log} 2>&1"

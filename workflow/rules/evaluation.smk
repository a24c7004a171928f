rule score:
    input:
        base="<artifacts>/base",
        responses=of_each_set("<artifacts>/responses/{set}/{{method}}.parquet"),
        rewards=rewards(),
        reference=of_each_set("<artifacts>/reference/{set}.parquet"),
    output:
        scores=of_each_set("<artifacts>/scores/{set}/{{method}}.parquet"),
    log:
        "<logs>/score.{method}.log",
    benchmark:
        "<benchmarks>/score.{method}.tsv"
    conda:
        "../../envs/train.yaml"
    threads: 1
    resources:
        mem_mb=model_memory(3000),
        runtime=model_minutes(60),
    params:
        models=model_options,
        responses=lambda wildcards, input: set_options("--responses", input.responses),
        scores=lambda wildcards, output: set_options("--out", output.scores),
        code=code("score"),
    shell:
        "python workflow/scripts/score.py --base {input.base} {params.responses} {params.models} {params.scores}"
        " > {log} 2>&1"


rule judge_rubric:
    input:
        responses=expand("<artifacts>/responses/{{set}}/{method}.parquet", method=config["methods"]),
        world=WORLD,
    output:
        verdicts=written("judging", "judge.{judge}.{set}", judgment_tables()),
    log:
        f"<logs>/judge_rubric.{{judge}}.{{set}}{of_shard('judging')}.log",
    benchmark:
        f"<benchmarks>/judge_rubric.{{judge}}.{{set}}{of_shard('judging')}.tsv"
    wildcard_constraints:
        judge=any_of(judges("rubric")),
    conda:
        "../../envs/analysis.yaml"
    threads: 1
    resources:
        mem_mb=grows(3000),
        runtime=60,
    params:
        settings=judge_settings,
        pairs=compared(),
        folder=judgment_folder,
        shard=shard_option("judging"),
        code=code("judge_rubric"),
    shell:
        "python workflow/scripts/judge_rubric.py --responses {input.responses} --pairs {params.pairs}"
        " --settings {params.settings:q} --output {params.folder} {params.shard} > {log} 2>&1"


rule judge_reward:
    input:
        responses=expand("<artifacts>/responses/{{set}}/{method}.parquet", method=config["methods"]),
        base=lambda wildcards: f"{held_out(wildcards)}/base",
        rewards=lambda wildcards: expand(f"{held_out(wildcards)}/reward/{{preference}}", preference=preferences.ids),
        feedback=expand("<artifacts>/feedback/{preference}.parquet", preference=preferences.ids),
    output:
        verdicts=written("judging", "judge.{judge}.{set}", judgment_tables()),
    log:
        f"<logs>/judge_reward.{{judge}}.{{set}}{of_shard('judging')}.log",
    benchmark:
        f"<benchmarks>/judge_reward.{{judge}}.{{set}}{of_shard('judging')}.tsv"
    wildcard_constraints:
        judge=any_of(judges("reward")),
    conda:
        "../../envs/train.yaml"
    threads: 1
    resources:
        mem_mb=model_memory(3000),
        runtime=model_minutes(60),
    params:
        settings=judge_settings,
        pairs=compared(),
        models=model_options,
        folder=judgment_folder,
        shard=shard_option("judging"),
        code=code("judge_reward"),
    shell:
        "python workflow/scripts/judge_reward.py --responses {input.responses} --pairs {params.pairs} --base {input.base} {params.models}"
        " --feedback {input.feedback} --settings {params.settings:q} --output {params.folder} {params.shard} > {log} 2>&1"


# One job for all sets, never in shards: they share one budget. It runs beside Snakemake itself, where the key and the
# network are.
rule judge_chat:
    input:
        responses=responses(),
        templates=JUDGE_TEMPLATES,
    output:
        verdicts=expand(
            "<results>/judgments/{set}/{{judge}}/{pair}.parquet", set=config["evaluation_sets"], pair=compared()
        ),
    log:
        "<logs>/judge_chat.{judge}.log",
    benchmark:
        "<benchmarks>/judge_chat.{judge}.tsv"
    wildcard_constraints:
        judge=any_of(judges("chat")),
    localrule: True
    conda:
        "../../envs/analysis.yaml"
    threads: 1
    resources:
        mem_mb=grows(4000),
        runtime=2880,
    params:
        settings=judge_settings,
        pairs=compared(),
        max_unparsed=config["statistics"]["max_unparsed"],
        templates=lambda wildcards, input: os.path.dirname(input.templates[0]),
        folder=lambda wildcards, output: str(Path(output.verdicts[0]).parents[2]),
        cache=JUDGE_CACHE,
        code=code("judge_chat"),
    shell:
        "python workflow/scripts/judge_chat.py --judge {wildcards.judge} --responses {input.responses} --pairs {params.pairs}"
        " --settings {params.settings:q} --max-unparsed {params.max_unparsed} --templates {params.templates}"
        " --cache {params.cache} --output {params.folder} > {log} 2>&1"


# Not part of `all`: the way to a batch service instead of live calls, `make judge-batch`.
rule prepare_batch:
    input:
        responses=responses(),
        templates=JUDGE_TEMPLATES,
    output:
        requests=directory("<results>/batch/{judge}"),
    log:
        "<logs>/prepare_batch.{judge}.log",
    benchmark:
        "<benchmarks>/prepare_batch.{judge}.tsv"
    wildcard_constraints:
        judge=any_of(judges("chat")),
    localrule: True
    conda:
        "../../envs/analysis.yaml"
    threads: 1
    resources:
        mem_mb=grows(4000),
        runtime=60,
    params:
        settings=judge_settings,
        pairs=compared(),
        templates=lambda wildcards, input: os.path.dirname(input.templates[0]),
        cache=JUDGE_CACHE,
        code=code("prepare_batch"),
    shell:
        "python workflow/scripts/prepare_batch.py --responses {input.responses} --pairs {params.pairs} --settings {params.settings:q}"
        " --templates {params.templates} --cache {params.cache} --output {output.requests} > {log} 2>&1"


rule aggregate:
    input:
        judgments=judgments(),
        responses=responses(),
    output:
        tables=[table(name) for name in TABLES],
    log:
        "<logs>/aggregate.log",
    benchmark:
        "<benchmarks>/aggregate.tsv"
    conda:
        "../../envs/analysis.yaml"
    threads: 1
    resources:
        mem_mb=grows(3000),
        runtime=30,
    params:
        settings=settings(
            config["statistics"],
            seed=config["seed"],
            rows=in_tables(config["methods"]),
            about_length=preferences.about_length,
        ),
        folder=lambda wildcards, output: os.path.dirname(output.tables[0]),
        code=code("aggregate"),
    shell:
        "python workflow/scripts/aggregate.py --judgments {input.judgments} --responses {input.responses}"
        " --settings {params.settings:q} --output {params.folder} > {log} 2>&1"


rule agreement:
    input:
        judgments=judgments(),
        scores=scores(),
    output:
        table=table("agreement"),
    log:
        "<logs>/agreement.log",
    benchmark:
        "<benchmarks>/agreement.tsv"
    conda:
        "../../envs/analysis.yaml"
    threads: 1
    resources:
        mem_mb=grows(3000),
        runtime=30,
    params:
        code=code("agreement"),
    shell:
        "python workflow/scripts/agreement.py --judgments {input.judgments} --scores {input.scores}"
        " --output {output.table} > {log} 2>&1"


rule reward_table:
    input:
        metrics=expand("<artifacts>/reward/{preference}.metrics.json", preference=preferences.ids),
    output:
        table=table("reward_models"),
    log:
        "<logs>/reward_table.log",
    benchmark:
        "<benchmarks>/reward_table.tsv"
    conda:
        "../../envs/analysis.yaml"
    threads: 1
    resources:
        mem_mb=grows(1000),
        runtime=10,
    params:
        code=code("reward_table"),
    shell:
        "python workflow/scripts/reward_table.py --metrics {input.metrics} --output {output.table} > {log} 2>&1"


rule mean_rewards:
    input:
        scores=scores(),
    output:
        table=table("mean_rewards"),
        cells=table("rewards_by_cell"),
    log:
        "<logs>/mean_rewards.log",
    benchmark:
        "<benchmarks>/mean_rewards.tsv"
    conda:
        "../../envs/analysis.yaml"
    threads: 1
    resources:
        mem_mb=grows(2000),
        runtime=10,
    params:
        code=code("mean_rewards"),
    shell:
        "python workflow/scripts/mean_rewards.py --scores {input.scores} --output {output.table}"
        " --cells {output.cells} > {log} 2>&1"


rule human_study:
    input:
        responses=expand(
            "<artifacts>/responses/{set}/{method}.parquet", set=FIRST_SET, method=config["human_study"]["methods"]
        ),
        preferences=PREFERENCES,
    output:
        page="<results>/human_study.html",
        key="<results>/human_study_key.csv",
    log:
        "<logs>/human_study.log",
    benchmark:
        "<benchmarks>/human_study.tsv"
    conda:
        "../../envs/analysis.yaml"
    threads: 1
    resources:
        mem_mb=grows(1000),
        runtime=10,
    params:
        settings=settings(without(config["human_study"], "ratings"), preferences=preferences.ids, seed=config["seed"]),
        code=code("human_study"),
    shell:
        "python workflow/scripts/human_study.py --responses {input.responses} --preferences {input.preferences}"
        " --settings {params.settings:q} --page {output.page} --key {output.key} > {log} 2>&1"


rule human_results:
    input:
        ratings=ratings(),
        key="<results>/human_study_key.csv",
        judgments=human_study_judgments(),
    output:
        tables=[table(name) for name in HUMAN_TABLES],
    log:
        "<logs>/human_results.log",
    benchmark:
        "<benchmarks>/human_results.tsv"
    conda:
        "../../envs/analysis.yaml"
    threads: 1
    resources:
        mem_mb=grows(1000),
        runtime=10,
    params:
        focus=config["human_study"]["methods"][0],
        folder=lambda wildcards, output: os.path.dirname(output.tables[0]),
        code=code("human_results"),
    shell:
        "python workflow/scripts/human_results.py --ratings {input.ratings:q} --key {input.key}"
        " --judgments {input.judgments} --focus {params.focus} --output {params.folder} > {log} 2>&1"

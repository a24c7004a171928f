rule score:
    input:
        base="<results>/base",
        responses=of_each_set("<results>/responses/{set}/{{method}}.parquet"),
        rewards=rewards(),
        reference=of_each_set("<results>/reference/{set}.parquet"),
    output:
        scores=of_each_set("<results>/scores/{set}/{{method}}.parquet"),
    log:
        "<logs>/score.{method}.log",
    benchmark:
        "<benchmarks>/score.{method}.tsv"
    conda:
        "../../envs/train.yaml"
    threads: 1
    resources:
        mem_mb=3000,
        runtime=60,
    params:
        models=model_options,
        responses=lambda wildcards, input: set_options("--responses", input.responses),
        scores=lambda wildcards, output: set_options("--out", output.scores),
        code=code("score"),
    shell:
        "python workflow/scripts/score.py --base {input.base} {params.responses} {params.models} {params.scores}"
        " > {log} 2>&1"


rule judge:
    input:
        responses=expand("<results>/responses/{{set}}/{method}.parquet", method=config["methods"]),
        world=WORLD,
    output:
        verdicts=expand(
            "<results>/judgments/{{set}}/{judge}/{pair}.parquet", judge=config["judge"]["name"], pair=pairs()
        ),
    log:
        "<logs>/judge.{set}.log",
    benchmark:
        "<benchmarks>/judge.{set}.tsv"
    conda:
        "../../envs/analysis.yaml"
    threads: 1
    resources:
        mem_mb=3000,
        runtime=60,
    params:
        settings=settings(without(config["judge"], "name")),
        folder=lambda wildcards, output: os.path.dirname(output.verdicts[0]),
        code=code("judge"),
    shell:
        "python workflow/scripts/judge.py --responses {input.responses} --settings {params.settings:q}"
        " --output {params.folder} > {log} 2>&1"


rule aggregate:
    input:
        judgments=judgments(),
        responses=responses(),
    output:
        tables=report(
            expand("<results>/tables/{table}.csv", table=TABLES), caption="../report/tables.rst", category="Tables"
        ),
    log:
        "<logs>/aggregate.log",
    benchmark:
        "<benchmarks>/aggregate.tsv"
    conda:
        "../../envs/analysis.yaml"
    threads: 1
    resources:
        mem_mb=3000,
        runtime=30,
    params:
        settings=settings(config["statistics"], seed=config["seed"]),
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
        table=report("<results>/tables/agreement.csv", caption="../report/agreement.rst", category="Tables"),
    log:
        "<logs>/agreement.log",
    benchmark:
        "<benchmarks>/agreement.tsv"
    conda:
        "../../envs/analysis.yaml"
    threads: 1
    resources:
        mem_mb=3000,
        runtime=30,
    params:
        code=code("agreement"),
    shell:
        "python workflow/scripts/agreement.py --judgments {input.judgments} --scores {input.scores}"
        " --output {output.table} > {log} 2>&1"


rule reward_table:
    input:
        metrics=expand("<results>/reward/{preference}.metrics.json", preference=preferences.ids),
    output:
        table=report("<results>/tables/reward_models.csv", caption="../report/reward_models.rst", category="Tables"),
    log:
        "<logs>/reward_table.log",
    benchmark:
        "<benchmarks>/reward_table.tsv"
    conda:
        "../../envs/analysis.yaml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        code=code("reward_table"),
    shell:
        "python workflow/scripts/reward_table.py --metrics {input.metrics} --output {output.table} > {log} 2>&1"


rule mean_rewards:
    input:
        scores=scores(),
    output:
        table=report("<results>/tables/mean_rewards.csv", caption="../report/mean_rewards.rst", category="Tables"),
    log:
        "<logs>/mean_rewards.log",
    benchmark:
        "<benchmarks>/mean_rewards.tsv"
    conda:
        "../../envs/analysis.yaml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime=10,
    params:
        code=code("mean_rewards"),
    shell:
        "python workflow/scripts/mean_rewards.py --scores {input.scores} --output {output.table} > {log} 2>&1"

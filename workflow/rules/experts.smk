rule train_reward:
    input:
        base="<results>/base",
        feedback="<results>/feedback/{preference}.parquet",
    output:
        model=directory("<results>/reward/{preference}"),
        metrics="<results>/reward/{preference}.metrics.json",
    log:
        "<logs>/train_reward.{preference}.log",
    benchmark:
        "<benchmarks>/train_reward.{preference}.tsv"
    conda:
        "../../envs/train.yaml"
    threads: 1
    resources:
        mem_mb=4000,
        runtime=120,
    params:
        settings=settings(config["reward"], seed=config["seed"]),
        code=code("train_reward"),
    shell:
        "python workflow/scripts/train_reward.py --base {input.base} --feedback {input.feedback}"
        " --settings {params.settings:q} --out {output.model} --metrics {output.metrics} > {log} 2>&1"


rule train_expert:
    input:
        base="<results>/base",
        reward="<results>/reward/{preference}",
        prompts="<results>/data/train.parquet",
        preferences=PREFERENCES,
    output:
        adapter=directory("<results>/expert/{preference}"),
        curve="<results>/expert/{preference}.curve.csv",
    log:
        "<logs>/train_expert.{preference}.log",
    benchmark:
        "<benchmarks>/train_expert.{preference}.tsv"
    conda:
        "../../envs/train.yaml"
    threads: 1
    resources:
        mem_mb=4000,
        runtime=240,
    params:
        settings=settings(config["expert"], seed=config["seed"]),
        code=code("train_expert"),
    shell:
        "python workflow/scripts/train_expert.py --base {input.base} --reward {input.reward} --prompts {input.prompts}"
        " --preference {wildcards.preference} --preferences {input.preferences} --settings {params.settings:q}"
        " --out {output.adapter} --curve {output.curve} > {log} 2>&1"

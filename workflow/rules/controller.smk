rule train_controller:
    input:
        base="<results>/base",
        experts=experts(),
        rewards=rewards(),
        prompts="<results>/data/train.parquet",
        reference="<results>/reference/train.parquet",
        preferences=PREFERENCES,
    output:
        model=directory("<results>/controller/{controller}/seed{seed}"),
        curve="<results>/controller/{controller}/seed{seed}.curve.csv",
    log:
        "<logs>/train_controller.{controller}.seed{seed}.log",
    benchmark:
        "<benchmarks>/train_controller.{controller}.seed{seed}.tsv"
    conda:
        "../../envs/train.yaml"
    threads: 1
    resources:
        mem_mb=4000,
        runtime=240,
    params:
        settings=lambda wildcards: settings(controller_settings(wildcards.controller), seed=int(wildcards.seed)),
        models=model_options,
        code=code("train_controller"),
    shell:
        "python workflow/scripts/train_controller.py --base {input.base} {params.models} --prompts {input.prompts} --reference {input.reference}"
        " --preferences {input.preferences} --settings {params.settings:q} --out {output.model}"
        " --curve {output.curve} > {log} 2>&1"

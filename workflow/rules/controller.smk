rule train_body:
    input:
        base="<artifacts>/base",
        corpus="<artifacts>/data/corpus.parquet",
    output:
        model=directory("<artifacts>/body/{shape}"),
    log:
        "<logs>/train_body.{shape}.log",
    benchmark:
        "<benchmarks>/train_body.{shape}.tsv"
    conda:
        "../../envs/train.yaml"
    threads: 1
    resources:
        mem_mb=model_memory(4000),
        runtime=model_minutes(120),
        checkpoint_minutes=config["checkpoint"]["minutes"],
    params:
        settings=lambda wildcards: settings(
            without(config["base"], "path", "hub", "pad_token"),
            bodies()[wildcards.shape],
            epochs=1,
            seed=config["seed"],
        ),
        examples=lambda wildcards: wildcards.shape.split("-")[-1],
        code=code("train_base"),
    shell:
        "python workflow/scripts/train_base.py --corpus {input.corpus} --tokenizer {input.base} --examples {params.examples}"
        " --settings {params.settings:q} --out {output.model} --checkpoint-minutes {resources.checkpoint_minutes}"
        " > {log} 2>&1"


rule train_controller:
    input:
        base="<artifacts>/base",
        experts=lambda wildcards: of_preferences("expert", controller_preferences(wildcards.controller)),
        rewards=lambda wildcards: of_preferences("reward", controller_preferences(wildcards.controller)),
        prompts="<artifacts>/data/train.parquet",
        reference=lambda wildcards: controller_reference(wildcards.controller),
        preferences=PREFERENCES,
        start=lambda wildcards: controller_start(wildcards.controller),
    output:
        model=directory("<artifacts>/controller/{controller}/seed{seed}"),
        curve="<artifacts>/controller/{controller}/seed{seed}.curve.csv",
    log:
        "<logs>/train_controller.{controller}.seed{seed}.log",
    benchmark:
        "<benchmarks>/train_controller.{controller}.seed{seed}.tsv"
    priority: 10  # what else is waiting fills the gaps
    conda:
        "../../envs/train.yaml"
    threads: config["devices"]["controller"]
    resources:
        mem_mb=model_memory(4000 * config["devices"]["controller"]),
        runtime=model_minutes(240),
        checkpoint_minutes=config["checkpoint"]["minutes"],
        launch=launcher("controller"),
    params:
        settings=lambda wildcards: settings(
            without(controller_settings(wildcards.controller), "reference"), seed=int(wildcards.seed)
        ),
        models=model_options,
        start=lambda wildcards, input: f"--start {input.start}" if input.start else "",
        code=code("train_controller"),
    shell:
        "{resources.launch} workflow/scripts/train_controller.py --base {input.base} {params.models} {params.start} --prompts {input.prompts} --reference {input.reference}"
        " --preferences {input.preferences} --settings {params.settings:q} --out {output.model}"
        " --curve {output.curve} --checkpoint-minutes {resources.checkpoint_minutes} > {log} 2>&1"

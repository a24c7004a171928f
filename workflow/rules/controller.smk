rule train_body:
    input:
        base="<artifacts>/base",
        corpus="<artifacts>/data/corpus.parquet",
    output:
        model=directory("<artifacts>/body/{shape}"),
    conda:
        "../../envs/train.yaml"
    resources:
        **training_job(config, "body", minutes=120),
    params:
        **stage("train_base"),
        settings=lambda wildcards: as_json(
            without(config["base"], *OWN_KEYS),
            models.bodies()[wildcards.shape],
            precision=config["precision"],
            epochs=1,
            seed=config["seed"],
        ),
        examples=lambda wildcards: wildcards.shape.split("-")[-1],
    shell:
        "python {params.script:q} --corpus {input.corpus:q} --tokenizer {input.base:q} --examples {params.examples:q}"
        " --settings {params.settings:q} --out {output.model:q} --checkpoint-minutes {resources.checkpoint_minutes:q}"
        " > {log:q} 2>&1"


rule train_controller:
    input:
        unpack(models.of_controller),
        base="<artifacts>/base",
        prompts="<artifacts>/data/train.parquet",
        preferences=PREFERENCES,
    output:
        model=directory("<artifacts>/controller/{controller}/seed{seed}"),
        curve="<artifacts>/controller/{controller}/seed{seed}.curve.csv",
    priority: 10  # as of other trainings
    conda:
        "../../envs/train.yaml"
    threads: config["devices"]["controller"]
    resources:
        **training_job(config, "controller", minutes=240),
    params:
        **stage("train_controller", lambda wildcards: used_entries.of_controller(models.section(wildcards.controller))),
        settings=lambda wildcards: as_json(
            without(models.settings(wildcards.controller), "reference"),
            seed=int(wildcards.seed),
            precision=config["precision"],
        ),
        models=models.controller_options,
    shell:
        "{resources.launch} {params.script:q} --base {input.base:q} {params.models:q} --prompts {input.prompts:q}"
        " --reference {input.reference:q} --preferences {input.preferences:q} --settings {params.settings:q}"
        " --out {output.model:q} --curve {output.curve:q} --checkpoint-minutes {resources.checkpoint_minutes:q}"
        " > {log:q} 2>&1"

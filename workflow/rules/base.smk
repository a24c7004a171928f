if not given(config["base"]):

    rule train_base:
        input:
            corpus="<artifacts>/data/corpus.parquet",
        output:
            model=directory("<artifacts>/base"),
        conda:
            "../../envs/train.yaml"
        threads: 2
        resources:
            **training_job(config, "base", minutes=120),
        params:
            **stage("train_base"),
            settings=settings(without(config["base"], *OWN_KEYS), seed=config["seed"], precision=config["precision"]),
        shell:
            "python {params.script:q} --corpus {input.corpus:q} --settings {params.settings:q} --out {output.model:q}"
            " --checkpoint-minutes {resources.checkpoint_minutes:q} > {log:q} 2>&1"

else:

    rule import_base:
        input:
            model=starting_base(config["base"]),
            controllers=models.starts(),
        output:
            model=directory("<artifacts>/base"),
        conda:
            "../../envs/train.yaml"
        resources:
            **model_job(config, megabytes=4000, minutes=30),
        params:
            **stage("import_base"),
            source=lambda wildcards, input: base_option(config["base"], input),
            settings=settings(base_settings(config["base"]), grown=models.grown()),
        shell:
            "python {params.script:q} {params.source:q} --controllers {input.controllers:q}"
            " --settings {params.settings:q} --out {output.model:q} > {log:q} 2>&1"


rule answer_reference:
    input:
        base="<artifacts>/base",
        prompts="<artifacts>/data/{set}.parquet",
    output:
        reference="<artifacts>/reference/{set}.parquet",
    conda:
        "../../envs/train.yaml"
    resources:
        **model_job(config, megabytes=3000, minutes=60),
    params:
        **stage("answer_reference"),
        settings=settings(
            temperature=config["generation"]["temperature"],
            max_new_tokens=config["generation"]["max_new_tokens"],
            precision=config["precision"],
            seed=config["seed"],
        ),
        preferences=(),
    shell:
        "python {params.script:q} --base {input.base:q} --prompts {input.prompts:q} {params.preferences:q}"
        " --settings {params.settings:q} --out {output.reference:q} > {log:q} 2>&1"


# The base's answers to the prompts with the texts of every combination: another choice of y_ref.
use rule answer_reference as answer_prompted_reference with:
    input:
        base="<artifacts>/base",
        prompts="<artifacts>/data/{set}.parquet",
        preferences=PREFERENCES,
    output:
        reference="<artifacts>/reference/prompted/{set}.parquet",
    params:
        preferences=lambda wildcards, input: ["--preferences", input.preferences, "--active", *preferences.ids],

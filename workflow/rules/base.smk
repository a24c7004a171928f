if not starting_model(config["base"]):

    rule train_base:
        input:
            corpus="<artifacts>/data/corpus.parquet",
        output:
            model=directory("<artifacts>/base"),
        log:
            "<logs>/train_base.log",
        benchmark:
            "<benchmarks>/train_base.tsv"
        conda:
            "../../envs/train.yaml"
        threads: 2
        resources:
            mem_mb=model_memory(4000),
            runtime=model_minutes(120),
            checkpoint_minutes=config["checkpoint"]["minutes"],
        params:
            settings=settings(without(config["base"], "path", "hub", "pad_token"), seed=config["seed"]),
            code=code("train_base"),
        shell:
            "python workflow/scripts/train_base.py --corpus {input.corpus} --settings {params.settings:q}"
            " --out {output.model} --checkpoint-minutes {resources.checkpoint_minutes} > {log} 2>&1"

else:

    rule import_base:
        input:
            model=starting_model(config["base"]),
            controllers=[m for m in map(starting_model, map(merged_controller, controllers())) if m],
        output:
            model=directory("<artifacts>/base"),
        log:
            "<logs>/import_base.log",
        benchmark:
            "<benchmarks>/import_base.tsv"
        conda:
            "../../envs/train.yaml"
        threads: 1
        resources:
            mem_mb=model_memory(4000),
            runtime=model_minutes(30),
        params:
            settings=settings(pad_token=config["base"]["pad_token"]),
            code=code("import_base"),
        shell:
            "python workflow/scripts/import_base.py --path {input.model} --controllers {input.controllers}"
            " --settings {params.settings:q} --out {output.model} > {log} 2>&1"


rule answer_reference:
    input:
        base="<artifacts>/base",
        prompts="<artifacts>/data/{set}.parquet",
    output:
        reference="<artifacts>/reference/{set}.parquet",
    log:
        "<logs>/answer_reference.{set}.log",
    benchmark:
        "<benchmarks>/answer_reference.{set}.tsv"
    conda:
        "../../envs/train.yaml"
    threads: 1
    resources:
        mem_mb=model_memory(3000),
        runtime=model_minutes(60),
    params:
        settings=settings(
            temperature=config["generation"]["temperature"],
            max_new_tokens=config["generation"]["max_new_tokens"],
            seed=config["seed"],
        ),
        preferences="",
        code=code("answer_reference"),
    shell:
        "python workflow/scripts/answer_reference.py --base {input.base} --prompts {input.prompts}"
        " {params.preferences} --settings {params.settings:q} --out {output.reference} > {log} 2>&1"


# The base's answers to the prompts with the texts of every combination: another choice of y_ref.
use rule answer_reference as answer_prompted_reference with:
    input:
        base="<artifacts>/base",
        prompts="<artifacts>/data/{set}.parquet",
        preferences=PREFERENCES,
    output:
        reference="<artifacts>/reference/prompted/{set}.parquet",
    log:
        "<logs>/answer_prompted_reference.{set}.log",
    benchmark:
        "<benchmarks>/answer_prompted_reference.{set}.tsv"
    params:
        preferences=f"--preferences {PREFERENCES} --active {' '.join(preferences.ids)}",

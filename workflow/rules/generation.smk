rule generate:
    input:
        unpack(models.of_method),
        base="<artifacts>/base",
        prompts=results.prompts(),
        preferences=PREFERENCES,
    output:
        responses=whole_or_part(shards, "responses", results.answers_of()),
    priority: 5  # before scoring, whose shorter jobs keep all cores busy to the end
    conda:
        "../../envs/train.yaml"
    resources:
        **model_job(config, megabytes=4000, minutes=120),
    params:
        **stage("generate", lambda wildcards: used_entries.of_method(config["methods"][wildcards.method])),
        settings=lambda wildcards: as_json(
            method=config["methods"][wildcards.method],
            generation=generation_settings(config, wildcards.method),
            preferences=preferences.ids,
            seed=config["seed"],
            precision=config["precision"],
        ),
        options=shards.generate_options,
        shard=shards.options("responses"),
    shell:
        "python {params.script:q} --method {wildcards.method:q} --settings {params.settings:q} --base {input.base:q}"
        " --preferences {input.preferences:q} {params.options:q} {params.shard:q} > {log:q} 2>&1"


rule sample_alphas:
    input:
        base="<artifacts>/base",
        experts=models.experts(),
        controllers=models.trained("controller", config["methods"]["mope"]["controller"])[:1],
        prompts=results.prompts()[0],
        preferences=PREFERENCES,
    output:
        samples="<results>/samples/alphas.parquet",
        swaps="<results>/samples/swaps.parquet",
    conda:
        "../../envs/train.yaml"
    resources:
        **model_job(config, megabytes=4000, minutes=60),
    params:
        **stage("sample_alphas", lambda wildcards: used_entries.of_method(config["methods"]["mope"])),
        settings=settings(
            method=config["methods"]["mope"],
            generation=config["generation"],
            preferences=preferences.ids,
            seed=config["seed"],
            precision=config["precision"],
        ),
        models=model_options,
    shell:
        "python {params.script:q} --settings {params.settings:q} --base {input.base:q} {params.models:q}"
        " --prompts {input.prompts:q} --preferences {input.preferences:q} --out {output.samples:q}"
        " --swaps {output.swaps:q} > {log:q} 2>&1"


# `make benchmark`, not part of `all`: times are worth measuring only while nothing else runs.
rule benchmark_decoding:
    input:
        unpack(models.benchmarked),
    output:
        records=DECODING,
    conda:
        "../../envs/train.yaml"
    threads: config["benchmark"]["threads"]
    resources:
        **model_job(config, megabytes=8000, minutes=60),
    params:
        **stage("benchmark_decoding"),
        settings=settings(config["benchmark"], seed=config["seed"]),
        models=models.benchmark_options,
    shell:
        "python {params.script:q} --settings {params.settings:q} {params.models:q} --out {output.records:q}"
        " > {log:q} 2>&1"


rule benchmark_training:
    input:
        unpack(models.benchmarked),
    output:
        records="<results>/benchmarks/training.json",
    conda:
        "../../envs/train.yaml"
    threads: config["benchmark"]["threads"]
    resources:
        **model_job(config, megabytes=8000, minutes=60),
    params:
        **stage("benchmark_training", lambda wildcards: used_entries.of_controller(models.section("mope"))),
        settings=settings(
            without(models.settings("mope"), "reference"), seed=config["seed"], precision=config["precision"]
        ),
        chosen=tuple(config["benchmark"]["models"]),
        models=models.benchmark_options,
    shell:
        "python {params.script:q} --settings {params.settings:q} --models {params.chosen:q} {params.models:q}"
        " --out {output.records:q} > {log:q} 2>&1"

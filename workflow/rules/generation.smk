rule generate:
    input:
        unpack(method_models),
        base="<artifacts>/base",
        prompts=of_each_set("<artifacts>/data/{set}.parquet"),
        preferences=PREFERENCES,
    output:
        responses=written("responses", "generate.{method}", response_tables()),
    log:
        f"<logs>/generate.{{method}}{of_shard('responses')}.log",
    benchmark:
        f"<benchmarks>/generate.{{method}}{of_shard('responses')}.tsv"
    priority: 5  # the shorter scoring fills the gaps at the end
    conda:
        "../../envs/train.yaml"
    threads: 1
    resources:
        mem_mb=model_memory(4000),
        runtime=model_minutes(120),
    params:
        settings=lambda wildcards: settings(
            method=config["methods"][wildcards.method],
            generation=config["generation"],
            preferences=preferences.ids,
            seed=config["seed"],
        ),
        models=model_options,
        prompts=lambda wildcards, input: set_options("--prompts", input.prompts),
        responses=response_options,
        shard=shard_option("responses"),
        code=code("generate"),
    shell:
        "python workflow/scripts/generate.py --method {wildcards.method} --settings {params.settings:q}"
        " --base {input.base} {params.models} {params.prompts} --preferences {input.preferences}"
        " {params.responses} {params.shard} > {log} 2>&1"


# These two are no part of `all`, because times are worth measuring only on a quiet machine: `make benchmark`.
rule benchmark_decoding:
    input:
        unpack(benchmarked_models),
    output:
        records=DECODING,
    log:
        "<logs>/benchmark_decoding.log",
    benchmark:
        "<benchmarks>/benchmark_decoding.tsv"
    conda:
        "../../envs/train.yaml"
    threads: config["benchmark"]["threads"]
    resources:
        mem_mb=model_memory(8000),
        runtime=model_minutes(60),
    params:
        settings=settings(config["benchmark"], seed=config["seed"]),
        models=benchmarked_options,
        code=code("benchmark_decoding"),
    shell:
        "python workflow/scripts/benchmark_decoding.py --settings {params.settings:q} {params.models}"
        " --out {output.records} > {log} 2>&1"


rule benchmark_training:
    input:
        unpack(benchmarked_models),
    output:
        records="<results>/benchmarks/training.json",
    log:
        "<logs>/benchmark_training.log",
    benchmark:
        "<benchmarks>/benchmark_training.tsv"
    conda:
        "../../envs/train.yaml"
    threads: config["benchmark"]["threads"]
    resources:
        mem_mb=model_memory(8000),
        runtime=model_minutes(60),
    params:
        settings=settings(without(controller_settings("mope"), "reference"), seed=config["seed"]),
        chosen=" ".join(config["benchmark"]["models"]),
        models=benchmarked_options,
        code=code("benchmark_training"),
    shell:
        "python workflow/scripts/benchmark_training.py --settings {params.settings:q} --models {params.chosen}"
        " {params.models} --out {output.records} > {log} 2>&1"


rule sample_alphas:
    input:
        base="<artifacts>/base",
        experts=experts(),
        controllers=controller_models(config["methods"]["mope"]["controller"])[:1],
        prompts=f"<artifacts>/data/{FIRST_SET}.parquet",
        preferences=PREFERENCES,
    output:
        samples="<results>/samples/alphas.parquet",
        swaps="<results>/samples/swaps.parquet",
    log:
        "<logs>/sample_alphas.log",
    benchmark:
        "<benchmarks>/sample_alphas.tsv"
    conda:
        "../../envs/train.yaml"
    threads: 1
    resources:
        mem_mb=model_memory(4000),
        runtime=model_minutes(60),
    params:
        settings=settings(
            method=config["methods"]["mope"],
            generation=config["generation"],
            preferences=preferences.ids,
            seed=config["seed"],
        ),
        models=model_options,
        code=code("sample_alphas"),
    shell:
        "python workflow/scripts/sample_alphas.py --settings {params.settings:q} --base {input.base} {params.models}"
        " --prompts {input.prompts} --preferences {input.preferences} --out {output.samples}"
        " --swaps {output.swaps} > {log} 2>&1"

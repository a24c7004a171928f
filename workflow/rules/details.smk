# Tables beside the win rates; part of a run where config.yaml says `details: true`.
rule quality:
    input:
        responses=responses(),
        world=WORLD,
    output:
        table=table("quality"),
    log:
        "<logs>/quality.log",
    benchmark:
        "<benchmarks>/quality.tsv"
    conda:
        "../../envs/analysis.yaml"
    threads: 1
    resources:
        mem_mb=grows(3000),
        runtime=30,
    params:
        settings=settings(resamples=config["statistics"]["resamples"], seed=config["seed"]),
        code=code("quality"),
    shell:
        "python workflow/scripts/quality.py --responses {input.responses} --settings {params.settings:q}"
        " --output {output.table} > {log} 2>&1"


rule generalisation:
    input:
        scores=scores(),
    output:
        table=table("generalisation"),
    log:
        "<logs>/generalisation.log",
    benchmark:
        "<benchmarks>/generalisation.tsv"
    conda:
        "../../envs/analysis.yaml"
    threads: 1
    resources:
        mem_mb=grows(2000),
        runtime=30,
    params:
        settings=settings(partial=partially_trained(), resamples=config["statistics"]["resamples"], seed=config["seed"]),
        code=code("generalisation"),
    shell:
        "python workflow/scripts/generalisation.py --scores {input.scores} --settings {params.settings:q}"
        " --output {output.table} > {log} 2>&1"


rule alpha_tables:
    input:
        samples="<results>/samples/alphas.parquet",
        swaps="<results>/samples/swaps.parquet",
        preferences=PREFERENCES,
    output:
        table=table("alphas"),
        swaps=table("alpha_swaps"),
    log:
        "<logs>/alpha_tables.log",
    benchmark:
        "<benchmarks>/alpha_tables.tsv"
    conda:
        "../../envs/analysis.yaml"
    threads: 1
    resources:
        mem_mb=grows(2000),
        runtime=30,
    params:
        settings=settings(active=preferences.ids, resamples=config["statistics"]["resamples"], seed=config["seed"]),
        code=code("alpha_tables"),
    shell:
        "python workflow/scripts/alpha_tables.py --samples {input.samples} --swaps {input.swaps}"
        " --preferences {input.preferences} --settings {params.settings:q} --out {output.table}"
        " --swaps-out {output.swaps} > {log} 2>&1"

# Tables beside the win rates; part of a run where config.yaml says `details: true`.
rule quality:
    input:
        responses=results.responses(),
        world=WORLD,
    output:
        table=table("quality"),
    conda:
        "../../envs/analysis.yaml"
    params:
        **stage("quality"),
        world=config["world"],
        settings=settings(resamples=config["statistics"]["resamples"], seed=config["seed"]),
    shell:
        "python {params.script:q} --world {params.world:q} --responses {input.responses:q} --settings {params.settings:q}"
        " --output {output.table:q} > {log:q} 2>&1"


rule generalisation:
    input:
        scores=results.scores(),
        judgments=results.partial_judgments(),
    output:
        table=table("generalisation"),
    conda:
        "../../envs/analysis.yaml"
    params:
        **stage("generalisation"),
        settings=settings(
            partial=results.partially_trained(), resamples=config["statistics"]["resamples"], seed=config["seed"]
        ),
    shell:
        "python {params.script:q} --scores {input.scores:q} --judgments {input.judgments:q} --settings"
        " {params.settings:q} --output {output.table:q} > {log:q} 2>&1"


rule alpha_tables:
    input:
        samples="<results>/samples/alphas.parquet",
        swaps="<results>/samples/swaps.parquet",
        preferences=PREFERENCES,
    output:
        table=table("alphas"),
        swaps=table("alpha_swaps"),
    conda:
        "../../envs/analysis.yaml"
    params:
        **stage("alpha_tables"),
        settings=settings(active=preferences.ids, resamples=config["statistics"]["resamples"], seed=config["seed"]),
    shell:
        "python {params.script:q} --samples {input.samples:q} --swaps {input.swaps:q}"
        " --preferences {input.preferences:q} --settings {params.settings:q} --out {output.table:q}"
        " --swaps-out {output.swaps:q} > {log:q} 2>&1"


# Part of a run in which a method has a temperature of its own.
rule temperatures:
    input:
        scores=results.scores(),
        win_rates=table_path("overall_win_rates"),
    output:
        rewards=table("temperatures"),
        win_rates=table("temperature_win_rates"),
    conda:
        "../../envs/analysis.yaml"
    params:
        **stage("temperatures"),
        settings=settings(
            rows=results.at_temperatures(), resamples=config["statistics"]["resamples"], seed=config["seed"]
        ),
    shell:
        "python {params.script:q} --scores {input.scores:q} --win-rates {input.win_rates:q}"
        " --settings {params.settings:q} --rewards-out {output.rewards:q} --win-rates-out {output.win_rates:q}"
        " > {log:q} 2>&1"

# Graded preferences as fronts: answers at every weight of a grid. Part of a run where `fronts` of config.yaml names methods.
rule generate_front:
    input:
        unpack(models.of_method),
        base="<artifacts>/base",
        prompts=results.prompts()[0],
        preferences=PREFERENCES,
    output:
        responses=results.front_file("responses"),
    priority: 5  # the shorter scoring fills the gaps at the end
    conda:
        "../../envs/train.yaml"
    resources:
        **model_job(config, megabytes=4000, minutes=240),
    params:
        **stage("generate", lambda wildcards: used_entries.of_method(config["methods"][wildcards.method])),
        settings=lambda wildcards: as_json(
            method=config["methods"][wildcards.method],
            generation=generation_settings(config, wildcards.method),
            front=without(config["fronts"], "methods"),
            preferences=preferences.ids,
            seed=config["seed"],
            precision=config["precision"],
        ),
        models=model_options,
        prompts=lambda wildcards, input: f"{results.sets[0]}={input.prompts}",
        out=lambda wildcards, output: f"{results.sets[0]}={output.responses}",
    shell:
        "python {params.script:q} --method {wildcards.method:q} --settings {params.settings:q} --base {input.base:q}"
        " {params.models:q} --preferences {input.preferences:q} --prompts {params.prompts:q} --out {params.out:q}"
        " > {log:q} 2>&1"


rule score_front:
    input:
        base="<artifacts>/base",
        responses=results.front_file("responses"),
        rewards=models.rewards(),
        reference=results.references()[0],
    output:
        scores=results.front_file("scores"),
    conda:
        "../../envs/train.yaml"
    resources:
        **model_job(config, megabytes=3000, minutes=60),
    params:
        **stage("score"),
        precision=config["precision"],
        models=model_options,
        responses=lambda wildcards, input: f"{results.sets[0]}={input.responses}",
        reference=lambda wildcards, input: f"{results.sets[0]}={input.reference}",
        out=lambda wildcards, output: f"{results.sets[0]}={output.scores}",
    shell:
        "python {params.script:q} --base {input.base:q} --precision {params.precision:q} {params.models:q}"
        " --responses {params.responses:q} --reference {params.reference:q} --out {params.out:q} > {log:q} 2>&1"


rule fronts:
    input:
        scores=[results.front_file("scores", method) for method in config["fronts"]["methods"]],
    output:
        fronts=table("fronts"),
        points=table("front_points"),
    conda:
        "../../envs/analysis.yaml"
    params:
        **stage("fronts"),
        settings=settings(
            methods=config["fronts"]["methods"],
            step=config["fronts"]["step"],
            resamples=config["statistics"]["resamples"],
            seed=config["seed"],
        ),
    shell:
        "python {params.script:q} --scores {input.scores:q} --settings {params.settings:q}"
        " --fronts-out {output.fronts:q} --points-out {output.points:q} > {log:q} 2>&1"

rule write_corpus:
    input:
        preferences=PREFERENCES,
        world=WORLD,
    output:
        corpus="<artifacts>/data/corpus.parquet",
    conda:
        "../../envs/train.yaml"
    params:
        **stage("write_corpus"),
        world=config["world"],
        settings=settings(
            without(config["data"], "train", "longest"),
            preferences=preferences.ids,
            seed=config["seed"],
        ),
    shell:
        "python {params.script:q} --world {params.world:q} --settings {params.settings:q}"
        " --preferences {input.preferences:q} --out {output.corpus:q} > {log:q} 2>&1"


rule prepare_prompts:
    input:
        prompts=prompts.read_from,
        train=prompts.training,
    output:
        prompts="<artifacts>/data/{set}.parquet",
    priority: 100  # as of downloads: a set that cannot be used is known before anything is trained
    conda:
        "../../envs/train.yaml"
    params:
        **stage("prepare_prompts"),
        settings=prompts.settings,
        files=prompts.options,
    shell:
        "python {params.script:q} --set {wildcards.set:q} --settings {params.settings:q} {params.files:q}"
        " --out {output.prompts:q} > {log:q} 2>&1"


rule sample_candidates:
    input:
        base="<artifacts>/base",
        prompts="<artifacts>/data/train.parquet",
        preferences=PREFERENCES,
    output:
        candidates="<artifacts>/candidates.parquet",
    conda:
        "../../envs/train.yaml"
    resources:
        **model_job(config, megabytes=3000, minutes=60),
    params:
        **stage("sample_candidates"),
        settings=settings(
            config["candidates"], preferences=preferences.ids, seed=config["seed"], precision=config["precision"]
        ),
    shell:
        "python {params.script:q} --base {input.base:q} --prompts {input.prompts:q}"
        " --preferences {input.preferences:q} --settings {params.settings:q} --out {output.candidates:q}"
        " > {log:q} 2>&1"


if config["feedback"]["source"] == "world":

    rule annotate_feedback:
        input:
            candidates="<artifacts>/candidates.parquet",
            world=WORLD,
        output:
            feedback="<artifacts>/feedback/{preference}.parquet",
        conda:
            "../../envs/train.yaml"
        params:
            **stage("annotate_feedback"),
            world=config["world"],
            settings=settings(without(config["feedback"], "source"), seed=config["seed"]),
        shell:
            "python {params.script:q} --candidates {input.candidates:q} --preference {wildcards.preference:q}"
            " --world {params.world:q} --settings {params.settings:q} --out {output.feedback:q} > {log:q} 2>&1"

elif config["feedback"]["source"] == "open_text":

    # One job for all preferences: an answer's embedding serves each of them.
    rule annotate_open_text:
        input:
            candidates="<artifacts>/candidates.parquet",
        output:
            feedback=models.annotated(),
        conda:
            "../../envs/texts.yaml"
        resources:
            **model_job(config, megabytes=3000, minutes=120),
        params:
            **stage("annotate_open_text"),
            settings=settings(without(config["feedback"], "source"), seed=config["seed"]),
        shell:
            "python {params.script:q} --candidates {input.candidates:q} --settings {params.settings:q}"
            " --out {output.feedback:q} > {log:q} 2>&1"

else:

    rule read_feedback:
        input:
            feedback=lambda wildcards: feedback_file(Path(config["feedback"]["source"]), wildcards.preference),
        output:
            feedback="<artifacts>/feedback/{preference}.parquet",
        conda:
            "../../envs/train.yaml"
        params:
            **stage("read_feedback"),
            settings=settings(pairs=config["feedback"]["pairs"], seed=config["seed"]),
        shell:
            "python {params.script:q} --file {input.feedback:q} --settings {params.settings:q}"
            " --out {output.feedback:q} > {log:q} 2>&1"

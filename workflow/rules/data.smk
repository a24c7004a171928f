rule write_corpus:
    input:
        preferences=PREFERENCES,
        world=WORLD,
    output:
        corpus="<artifacts>/data/corpus.parquet",
    conda:
        "../../envs/train.yaml"
    params:
        settings=settings(without(config["data"], "train", "longest"), preferences=preferences.ids, seed=config["seed"]),
        code=code("write_corpus"),
    shell:
        "python {SCRIPTS:q}/write_corpus.py --settings {params.settings:q} --preferences {input.preferences:q}"
        " --out {output.corpus:q} > {log:q} 2>&1"


rule prepare_prompts:
    input:
        prompts=prompts.read_from,
        train=prompts.training,
    output:
        prompts="<artifacts>/data/{set}.parquet",
    conda:
        "../../envs/train.yaml"
    params:
        settings=prompts.settings,
        files=prompts.options,
        code=code("prepare_prompts"),
    shell:
        "python {SCRIPTS:q}/prepare_prompts.py --set {wildcards.set:q} --settings {params.settings:q}"
        " {params.files:q} --out {output.prompts:q} > {log:q} 2>&1"


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
        settings=settings(config["candidates"], preferences=preferences.ids, seed=config["seed"]),
        code=code("sample_candidates"),
    shell:
        "python {SCRIPTS:q}/sample_candidates.py --base {input.base:q} --prompts {input.prompts:q}"
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
            settings=settings(without(config["feedback"], "source"), seed=config["seed"]),
            code=code("annotate_feedback"),
        shell:
            "python {SCRIPTS:q}/annotate_feedback.py --candidates {input.candidates:q}"
            " --preference {wildcards.preference:q} --settings {params.settings:q} --out {output.feedback:q}"
            " > {log:q} 2>&1"

else:

    rule read_feedback:
        input:
            feedback=lambda wildcards: feedback_file(Path(config["feedback"]["source"]), wildcards.preference),
        output:
            feedback="<artifacts>/feedback/{preference}.parquet",
        conda:
            "../../envs/train.yaml"
        params:
            settings=settings(pairs=config["feedback"]["pairs"], seed=config["seed"]),
            code=code("read_feedback"),
        shell:
            "python {SCRIPTS:q}/read_feedback.py --file {input.feedback:q} --settings {params.settings:q}"
            " --out {output.feedback:q} > {log:q} 2>&1"

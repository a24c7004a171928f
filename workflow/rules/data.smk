rule write_corpus:
    input:
        preferences=PREFERENCES,
        world=WORLD,
    output:
        corpus="<artifacts>/data/corpus.parquet",
    log:
        "<logs>/write_corpus.log",
    benchmark:
        "<benchmarks>/write_corpus.tsv"
    conda:
        "../../envs/train.yaml"
    threads: 1
    resources:
        mem_mb=grows(1000),
        runtime=10,
    params:
        settings=settings(without(config["data"], "train", "longest"), preferences=preferences.ids, seed=config["seed"]),
        code=code("write_corpus"),
    shell:
        "python workflow/scripts/write_corpus.py --settings {params.settings:q} --preferences {input.preferences}"
        " --out {output.corpus} > {log} 2>&1"


rule prepare_prompts:
    input:
        prompts=prompt_files,
        train=training_prompts,
    output:
        prompts="<artifacts>/data/{set}.parquet",
    log:
        "<logs>/prepare_prompts.{set}.log",
    benchmark:
        "<benchmarks>/prepare_prompts.{set}.tsv"
    conda:
        "../../envs/train.yaml"
    threads: 1
    resources:
        mem_mb=grows(1000),
        runtime=10,
    params:
        settings=prompt_settings,
        file=prompt_option,
        code=code("prepare_prompts"),
    shell:
        "python workflow/scripts/prepare_prompts.py --set {wildcards.set} --settings {params.settings:q} {params.file}"
        " --out {output.prompts} > {log} 2>&1"


rule sample_candidates:
    input:
        base="<artifacts>/base",
        prompts="<artifacts>/data/train.parquet",
        preferences=PREFERENCES,
    output:
        candidates="<artifacts>/candidates.parquet",
    log:
        "<logs>/sample_candidates.log",
    benchmark:
        "<benchmarks>/sample_candidates.tsv"
    conda:
        "../../envs/train.yaml"
    threads: 1
    resources:
        mem_mb=model_memory(3000),
        runtime=model_minutes(60),
    params:
        settings=settings(config["candidates"], preferences=preferences.ids, seed=config["seed"]),
        code=code("sample_candidates"),
    shell:
        "python workflow/scripts/sample_candidates.py --base {input.base} --prompts {input.prompts}"
        " --preferences {input.preferences} --settings {params.settings:q} --out {output.candidates} > {log} 2>&1"


if config["feedback"]["source"] == "world":

    rule annotate_feedback:
        input:
            candidates="<artifacts>/candidates.parquet",
            world=WORLD,
        output:
            feedback="<artifacts>/feedback/{preference}.parquet",
        log:
            "<logs>/annotate_feedback.{preference}.log",
        benchmark:
            "<benchmarks>/annotate_feedback.{preference}.tsv"
        conda:
            "../../envs/train.yaml"
        threads: 1
        resources:
            mem_mb=grows(2000),
            runtime=30,
        params:
            settings=settings(without(config["feedback"], "source"), seed=config["seed"]),
            code=code("annotate_feedback"),
        shell:
            "python workflow/scripts/annotate_feedback.py --candidates {input.candidates}"
            " --preference {wildcards.preference} --settings {params.settings:q} --out {output.feedback} > {log} 2>&1"

else:

    rule read_feedback:
        input:
            feedback=lambda wildcards: feedback_file(
                Path(config["feedback"]["source"]), wildcards.preference
            ).as_posix(),
        output:
            feedback="<artifacts>/feedback/{preference}.parquet",
        log:
            "<logs>/read_feedback.{preference}.log",
        benchmark:
            "<benchmarks>/read_feedback.{preference}.tsv"
        conda:
            "../../envs/train.yaml"
        threads: 1
        resources:
            mem_mb=grows(2000),
            runtime=30,
        params:
            settings=settings(pairs=config["feedback"]["pairs"], seed=config["seed"]),
            code=code("read_feedback"),
        shell:
            "python workflow/scripts/read_feedback.py --file {input.feedback} --settings {params.settings:q}"
            " --out {output.feedback} > {log} 2>&1"

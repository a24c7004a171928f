if config["base"]["path"] is None:

    rule train_base:
        input:
            corpus="<results>/data/corpus.parquet",
        output:
            model=directory("<results>/base"),
        log:
            "<logs>/train_base.log",
        benchmark:
            "<benchmarks>/train_base.tsv"
        conda:
            "../../envs/train.yaml"
        threads: 2
        resources:
            mem_mb=4000,
            runtime=120,
        params:
            settings=settings(without(config["base"], "path"), seed=config["seed"]),
            code=code("train_base"),
        shell:
            "python workflow/scripts/train_base.py --corpus {input.corpus} --settings {params.settings:q}"
            " --out {output.model} > {log} 2>&1"

else:

    rule import_base:
        input:
            model=config["base"]["path"],
        output:
            model=directory("<results>/base"),
        log:
            "<logs>/import_base.log",
        benchmark:
            "<benchmarks>/import_base.tsv"
        conda:
            "../../envs/train.yaml"
        threads: 1
        resources:
            mem_mb=4000,
            runtime=30,
        params:
            code=code("import_base"),
        shell:
            "python workflow/scripts/import_base.py --path {input.model} --out {output.model} > {log} 2>&1"


rule answer_reference:
    input:
        base="<results>/base",
        prompts="<results>/data/{set}.parquet",
    output:
        reference="<results>/reference/{set}.parquet",
    log:
        "<logs>/answer_reference.{set}.log",
    benchmark:
        "<benchmarks>/answer_reference.{set}.tsv"
    conda:
        "../../envs/train.yaml"
    threads: 1
    resources:
        mem_mb=3000,
        runtime=60,
    params:
        settings=settings(
            temperature=config["generation"]["temperature"],
            max_new_tokens=config["generation"]["max_new_tokens"],
            seed=config["seed"],
        ),
        code=code("answer_reference"),
    shell:
        "python workflow/scripts/answer_reference.py --base {input.base} --prompts {input.prompts}"
        " --settings {params.settings:q} --out {output.reference} > {log} 2>&1"

# What comes from the Hugging Face Hub, at a pinned commit. The only rules with a network beside an
# LLM judge; on a cluster they run where Snakemake does.
localrules:
    download_model,
    download_prompts,


rule download_model:
    output:
        model=directory("<artifacts>/download/{hub_model}"),
    log:
        "<logs>/download_model.{hub_model}.log",
    benchmark:
        "<benchmarks>/download_model.{hub_model}.tsv"
    conda:
        "../../envs/train.yaml"
    threads: 1
    resources:
        mem_mb=grows(1000),
        runtime=240,
    params:
        settings=lambda wildcards: settings(models_on_hub()[wildcards.hub_model]),
        code=code("download_model"),
    shell:
        "HF_HUB_OFFLINE=0 python workflow/scripts/download_model.py --settings {params.settings:q} --out {output.model}"
        " > {log} 2>&1"


rule download_prompts:
    output:
        prompts="<artifacts>/download/{set}.{suffix}",
    log:
        "<logs>/download_prompts.{set}.{suffix}.log",
    benchmark:
        "<benchmarks>/download_prompts.{set}.{suffix}.tsv"
    conda:
        "../../envs/train.yaml"
    threads: 1
    resources:
        mem_mb=grows(1000),
        runtime=60,
    params:
        settings=lambda wildcards: settings(prompt_source(wildcards)["source"]),
        code=code("download_prompts"),
    shell:
        "HF_HUB_OFFLINE=0 python workflow/scripts/download_prompts.py --settings {params.settings:q}"
        " --out {output.prompts} > {log} 2>&1"

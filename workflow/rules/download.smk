# Downloads from the Hugging Face Hub at a pinned commit. Apart from those of an LLM judge, only these rules need a
# network; on a cluster they run where Snakemake runs.
localrules:
    download_model,
    download_prompts,


rule download_model:
    output:
        model=directory("<artifacts>/download/{hub_model}"),
    priority: 100  # first of all: a failed download is known before anything is trained
    conda:
        "../../envs/train.yaml"
    params:
        **stage("download_model"),
        settings=lambda wildcards: as_json(models.on_hub()[wildcards.hub_model]),
    shell:
        "HF_HUB_OFFLINE=0 python {params.script:q} --settings {params.settings:q} --out {output.model:q}"
        " > {log:q} 2>&1"


rule download_prompts:
    output:
        prompts="<artifacts>/download/{set}.{suffix}",
    priority: 100
    conda:
        "../../envs/train.yaml"
    params:
        **stage("download_prompts"),
        settings=lambda wildcards: as_json(prompts.source(wildcards)),
    shell:
        "HF_HUB_OFFLINE=0 python {params.script:q} --settings {params.settings:q} --out {output.prompts:q}"
        " > {log:q} 2>&1"

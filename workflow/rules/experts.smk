# Training takes longest and so has a higher priority: shorter jobs run where it leaves cores idle.
rule train_reward:
    input:
        base="<artifacts>/base",
        feedback="<artifacts>/feedback/{preference}.parquet",
    output:
        model=directory("<artifacts>/reward/{preference}"),
        metrics="<artifacts>/reward/{preference}.metrics.json",
    priority: 10
    conda:
        "../../envs/train.yaml"
    threads: config["devices"]["reward"]
    resources:
        **training_job(config, "reward", minutes=120),
    params:
        **stage("train_reward"),
        settings=settings(config["reward"], seed=config["seed"], precision=config["precision"]),
    shell:
        "{resources.launch} {params.script:q} --base {input.base:q} --feedback {input.feedback:q}"
        " --settings {params.settings:q} --out {output.model:q} --metrics {output.metrics:q}"
        " --checkpoint-minutes {resources.checkpoint_minutes:q} > {log:q} 2>&1"


rule train_expert:
    input:
        base="<artifacts>/base",
        reward="<artifacts>/reward/{preference}",
        prompts="<artifacts>/data/train.parquet",
        candidates="<artifacts>/candidates.parquet",
        preferences=PREFERENCES,
    output:
        adapter=directory("<artifacts>/expert/{preference}"),
        curve="<artifacts>/expert/{preference}.curve.csv",
    priority: 10
    conda:
        "../../envs/train.yaml"
    threads: config["devices"]["expert"]
    resources:
        **training_job(config, "expert", minutes=240),
    params:
        **stage("train_expert"),
        settings=settings(without(config["expert"], "prefix_share"), seed=config["seed"], precision=config["precision"]),
        prefix_share=config["expert"]["prefix_share"],
    shell:
        "{resources.launch} {params.script:q} --base {input.base:q} --reward {input.reward:q}"
        " --prompts {input.prompts:q} --candidates {input.candidates:q} --prefix-share {params.prefix_share:q}"
        " --preference {wildcards.preference:q} --preferences {input.preferences:q} --settings {params.settings:q}"
        " --out {output.adapter:q} --curve {output.curve:q} --checkpoint-minutes {resources.checkpoint_minutes:q}"
        " > {log:q} 2>&1"


rule train_policy:
    input:
        unpack(models.of_policy),
        base="<artifacts>/base",
        prompts="<artifacts>/data/train.parquet",
        preferences=PREFERENCES,
    output:
        adapter=directory("<artifacts>/policy/{policy}/seed{seed}"),
        curve="<artifacts>/policy/{policy}/seed{seed}.curve.csv",
    priority: 10
    conda:
        "../../envs/train.yaml"
    threads: config["devices"]["expert"]
    resources:
        **training_job(config, "expert", minutes=240),
    params:
        **stage("train_policy", lambda wildcards: used_entries.of_policy(config["policies"][wildcards.policy])),
        objective=lambda wildcards: config["policies"][wildcards.policy]["objective"],
        settings=lambda wildcards: as_json(
            without(config["expert"], "prefix_share"),
            config["policies"][wildcards.policy].get("settings", {}),
            without(config["policies"][wildcards.policy], "objective", "settings"),
            precision=config["precision"],
            seed=int(wildcards.seed),
        ),
        active=preferences.ids,
        models=models.policy_options,
    shell:
        "{resources.launch} {params.script:q} --objective {params.objective:q} --base {input.base:q}"
        " {params.models:q} --prompts {input.prompts:q} --preferences {input.preferences:q}"
        " --active {params.active:q} --settings {params.settings:q} --out {output.adapter:q} --curve {output.curve:q}"
        " --checkpoint-minutes {resources.checkpoint_minutes:q} > {log:q} 2>&1"

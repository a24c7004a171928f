rule train_reward:
    input:
        base="<artifacts>/base",
        feedback="<artifacts>/feedback/{preference}.parquet",
    output:
        model=directory("<artifacts>/reward/{preference}"),
        metrics="<artifacts>/reward/{preference}.metrics.json",
    log:
        "<logs>/train_reward.{preference}.log",
    benchmark:
        "<benchmarks>/train_reward.{preference}.tsv"
    priority: 10  # what else is waiting fills the gaps
    conda:
        "../../envs/train.yaml"
    threads: config["devices"]["reward"]
    resources:
        mem_mb=model_memory(4000 * config["devices"]["reward"]),
        runtime=model_minutes(120),
        checkpoint_minutes=config["checkpoint"]["minutes"],
        launch=launcher("reward"),
    params:
        settings=settings(config["reward"], seed=config["seed"]),
        code=code("train_reward"),
    shell:
        "{resources.launch} workflow/scripts/train_reward.py --base {input.base} --feedback {input.feedback}"
        " --settings {params.settings:q} --out {output.model} --metrics {output.metrics}"
        " --checkpoint-minutes {resources.checkpoint_minutes} > {log} 2>&1"


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
    log:
        "<logs>/train_expert.{preference}.log",
    benchmark:
        "<benchmarks>/train_expert.{preference}.tsv"
    priority: 10  # what else is waiting fills the gaps
    conda:
        "../../envs/train.yaml"
    threads: config["devices"]["expert"]
    resources:
        mem_mb=model_memory(4000 * config["devices"]["expert"]),
        runtime=model_minutes(240),
        checkpoint_minutes=config["checkpoint"]["minutes"],
        launch=launcher("expert"),
    params:
        settings=settings(without(config["expert"], "begun"), seed=config["seed"]),
        begun=config["expert"]["begun"],
        code=code("train_expert"),
    shell:
        "{resources.launch} workflow/scripts/train_expert.py --base {input.base} --reward {input.reward} --prompts {input.prompts}"
        " --candidates {input.candidates} --begun {params.begun} --preference {wildcards.preference} --preferences {input.preferences} --settings {params.settings:q}"
        " --out {output.adapter} --curve {output.curve}"
        " --checkpoint-minutes {resources.checkpoint_minutes} > {log} 2>&1"


rule train_policy:
    input:
        unpack(policy_parts),
        base="<artifacts>/base",
        prompts="<artifacts>/data/train.parquet",
        preferences=PREFERENCES,
    output:
        adapter=directory("<artifacts>/policy/{policy}/seed{seed}"),
        curve="<artifacts>/policy/{policy}/seed{seed}.curve.csv",
    log:
        "<logs>/train_policy.{policy}.seed{seed}.log",
    benchmark:
        "<benchmarks>/train_policy.{policy}.seed{seed}.tsv"
    priority: 10  # what else is waiting fills the gaps
    conda:
        "../../envs/train.yaml"
    threads: config["devices"]["expert"]
    resources:
        mem_mb=model_memory(4000 * config["devices"]["expert"]),
        runtime=model_minutes(240),
        checkpoint_minutes=config["checkpoint"]["minutes"],
        launch=launcher("expert"),
    params:
        objective=lambda wildcards: config["policies"][wildcards.policy]["objective"],
        settings=lambda wildcards: settings(
            without(config["expert"], "begun"),
            config["policies"][wildcards.policy].get("settings", {}),
            seed=int(wildcards.seed),
        ),
        active=preferences.ids,
        models=model_options,
        code=code("train_policy"),
    shell:
        "{resources.launch} workflow/scripts/train_policy.py --objective {params.objective} --base {input.base} {params.models}"
        " --prompts {input.prompts} --preferences {input.preferences} --active {params.active}"
        " --settings {params.settings:q} --out {output.adapter} --curve {output.curve}"
        " --checkpoint-minutes {resources.checkpoint_minutes} > {log} 2>&1"

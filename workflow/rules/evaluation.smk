JUDGE_TEMPLATES = [f"{PROJECT / 'workflow/prompts/judge'}/{name}.yaml" for name in ("frame", *preferences.ids)]
KIND_OF_JUDGE = kind_of_judge(config["judges"])


rule score:
    input:
        base="<artifacts>/base",
        responses=results.answers_of(),
        rewards=models.rewards(),
        reference=results.references(),
    output:
        scores=results.scores_of(),
    conda:
        "../../envs/train.yaml"
    resources:
        **model_job(config, megabytes=3000, minutes=60),
    params:
        **stage("score"),
        precision=config["precision"],
        options=results.score_options,
    shell:
        "python {params.script:q} --base {input.base:q} --precision {params.precision:q} {params.options:q} > {log:q} 2>&1"


rule judge_text:
    input:
        responses=results.answers_to(),
        world=WORLD,
        data=lambda wildcards: judge_files(KIND_OF_JUDGE(wildcards)),
    output:
        verdicts=whole_or_part(shards, "judging", results.verdicts()),
    wildcard_constraints:
        judge=any_of(results.judges("judge_text")),
    conda:
        "../../envs/texts.yaml"
    params:
        **stage("judge_text", lambda wildcards: used_entries.of_judges([KIND_OF_JUDGE(wildcards)])),
        world=config["world"],
        kind=KIND_OF_JUDGE,
        settings=results.judge_settings,
        pairs=results.compared(),
        folder=shards.judgment_folder,
        shard=shards.options("judging"),
    shell:
        "python {params.script:q} --responses {input.responses:q} --pairs {params.pairs:q}"
        " --world {params.world:q} --kind {params.kind:q} --settings {params.settings:q} --output {params.folder:q}"
        " {params.shard:q} > {log:q} 2>&1"


rule judge_reward:
    input:
        unpack(models.of_judge),
        responses=results.answers_to(),
    output:
        verdicts=whole_or_part(shards, "judging", results.verdicts()),
    wildcard_constraints:
        judge=any_of(results.judges("judge_reward")),
    conda:
        "../../envs/train.yaml"
    resources:
        **model_job(config, megabytes=3000, minutes=60),
    params:
        **stage("judge_reward"),
        settings=results.judge_settings,
        pairs=results.compared(),
        models=models.judge_options,
        folder=shards.judgment_folder,
        shard=shards.options("judging"),
    shell:
        "python {params.script:q} --responses {input.responses:q} --pairs {params.pairs:q} {params.models:q}"
        " --settings {params.settings:q} --output {params.folder:q} {params.shard:q} > {log:q} 2>&1"


# One job for all sets and never in shards, because all questions share one budget. It runs where Snakemake runs, which
# has the key and a network.
rule judge_chat:
    input:
        responses=results.responses(),
        templates=JUDGE_TEMPLATES,
    output:
        verdicts=results.verdicts_of(),
    wildcard_constraints:
        judge=any_of(results.judges("judge_chat")),
    localrule: True
    conda:
        "../../envs/analysis.yaml"
    params:
        **stage("judge_chat"),
        settings=results.judge_settings,
        pairs=results.compared(),
        max_unparsed=config["statistics"]["max_unparsed"],
        templates=parent("templates"),
        folder=parent("verdicts", levels=3),
        cache=JUDGE_CACHE,
    shell:
        "python {params.script:q} --judge {wildcards.judge:q} --responses {input.responses:q}"
        " --pairs {params.pairs:q} --settings {params.settings:q} --max-unparsed {params.max_unparsed:q}"
        " --templates {params.templates:q} --cache {params.cache:q} --output {params.folder:q} > {log:q} 2>&1"


# `make judge-batch`, not part of `all`: questions for a batch service, instead of live calls.
rule prepare_batch:
    input:
        responses=results.responses(),
        templates=JUDGE_TEMPLATES,
    output:
        requests=directory("<results>/batch/{judge}"),
    wildcard_constraints:
        judge=any_of(results.judges("judge_chat")),
    localrule: True
    conda:
        "../../envs/analysis.yaml"
    params:
        **stage("prepare_batch"),
        settings=results.judge_settings,
        pairs=results.compared(),
        templates=parent("templates"),
        cache=JUDGE_CACHE,
    shell:
        "python {params.script:q} --responses {input.responses:q} --pairs {params.pairs:q}"
        " --settings {params.settings:q} --templates {params.templates:q} --cache {params.cache:q}"
        " --output {output.requests:q} > {log:q} 2>&1"


rule aggregate:
    input:
        judgments=results.judgments(),
        responses=results.responses(),
        scores=results.scores(),
    output:
        tables=[table(name) for name in AGGREGATE_TABLES],
    conda:
        "../../envs/analysis.yaml"
    params:
        **stage("aggregate"),
        settings=settings(
            config["statistics"],
            seed=config["seed"],
            rows=in_tables(config["methods"]),
            about_length=preferences.about_length,
        ),
        folder=parent("tables"),
    shell:
        "python {params.script:q} --judgments {input.judgments:q} --responses {input.responses:q}"
        " --scores {input.scores:q} --settings {params.settings:q} --output {params.folder:q} > {log:q} 2>&1"


rule agreement:
    input:
        judgments=results.judgments(),
        scores=results.scores(),
    output:
        table=table("agreement"),
    conda:
        "../../envs/analysis.yaml"
    params:
        **stage("agreement"),
    shell:
        "python {params.script:q} --judgments {input.judgments:q} --scores {input.scores:q} --output {output.table:q}"
        " > {log:q} 2>&1"


rule reward_table:
    input:
        metrics=[f"{model}.metrics.json" for model in models.rewards()],
    output:
        table=table("reward_models"),
    conda:
        "../../envs/analysis.yaml"
    params:
        **stage("reward_table"),
    shell:
        "python {params.script:q} --metrics {input.metrics:q} --output {output.table:q} > {log:q} 2>&1"


rule expert_distances:
    input:
        experts=models.experts(),
        preferences=PREFERENCES,
    output:
        table=table("expert_distances"),
    conda:
        "../../envs/train.yaml"
    params:
        **stage("expert_distances"),
        models=model_options,
    shell:
        "python {params.script:q} {params.models:q} --preferences {input.preferences:q} --output {output.table:q}"
        " > {log:q} 2>&1"


rule mean_rewards:
    input:
        scores=results.scores(),
    output:
        table=table("mean_rewards"),
        cells=table("rewards_by_cell"),
    conda:
        "../../envs/analysis.yaml"
    params:
        **stage("mean_rewards"),
    shell:
        "python {params.script:q} --scores {input.scores:q} --output {output.table:q} --cells {output.cells:q}"
        " > {log:q} 2>&1"


rule correctness:
    input:
        responses=results.world_responses(),
        world=WORLD,
        data=judge_files("truth"),
    output:
        table=table("correctness"),
    conda:
        "../../envs/analysis.yaml"
    params:
        **stage("correctness"),
        world=config["world"],
        settings=settings(resamples=config["statistics"]["resamples"], seed=config["seed"]),
    shell:
        "python {params.script:q} --responses {input.responses:q} --world {params.world:q} --settings {params.settings:q}"
        " --output {output.table:q} > {log:q} 2>&1"


rule open_text_soundness:
    input:
        responses=results.responses(),
        data=judge_files("open_text"),
    output:
        table=table("open_text_soundness"),
    conda:
        "../../envs/texts.yaml"
    params:
        **stage("open_text_soundness"),
        settings=settings(resamples=config["statistics"]["resamples"], seed=config["seed"]),
    shell:
        "python {params.script:q} --responses {input.responses:q} --settings {params.settings:q}"
        " --output {output.table:q} > {log:q} 2>&1"


rule tone_classifier:
    input:
        world=WORLD,
        data=judge_files("truth"),
    output:
        table=table("tone_classifier"),
    conda:
        "../../envs/analysis.yaml"
    params:
        **stage("tone_classifier"),
        world=config["world"],
    shell:
        "python {params.script:q} --world {params.world:q} --output {output.table:q} > {log:q} 2>&1"


rule annotator_agreement:
    input:
        responses=results.annotated_responses(),
        world=WORLD,
        data=judge_files(*results.text_judges().values()),
    output:
        table=table("annotator_agreement"),
    conda:
        "../../envs/texts.yaml"
    params:
        **stage("annotator_agreement", lambda wildcards: used_entries.of_judges([*results.text_judges().values()])),
        world=config["world"],
        annotator=config["feedback"]["source"],
        settings=settings(
            judges=results.text_judges(), resamples=config["statistics"]["resamples"], seed=config["seed"]
        ),
    shell:
        "python {params.script:q} --responses {input.responses:q} --annotator {params.annotator:q}"
        " --world {params.world:q} --settings {params.settings:q} --output {output.table:q} > {log:q} 2>&1"


rule human_study:
    input:
        responses=results.human_study_answers(),
        preferences=PREFERENCES,
    output:
        page="<results>/human_study.html",
        key="<results>/human_study_key.csv",
    conda:
        "../../envs/analysis.yaml"
    params:
        **stage("human_study"),
        settings=settings(without(config["human_study"], "ratings"), preferences=preferences.ids, seed=config["seed"]),
    shell:
        "python {params.script:q} --responses {input.responses:q} --preferences {input.preferences:q}"
        " --settings {params.settings:q} --page {output.page:q} --key {output.key:q} > {log:q} 2>&1"


rule human_results:
    input:
        ratings=results.ratings(),
        key="<results>/human_study_key.csv",
        judgments=results.human_study_judgments(),
    output:
        tables=[table(name) for name in HUMAN_TABLES],
    conda:
        "../../envs/analysis.yaml"
    params:
        **stage("human_results"),
        focus=config["human_study"]["methods"][0],
        folder=parent("tables"),
    shell:
        "python {params.script:q} --ratings {input.ratings:q} --key {input.key:q} --judgments {input.judgments:q}"
        " --focus {params.focus:q} --output {params.folder:q} > {log:q} 2>&1"

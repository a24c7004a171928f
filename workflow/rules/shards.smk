# The parts that several jobs have written, put together to the same tables as those of one job.
for stage, tables in [("responses", results.answers_of()), ("judging", results.verdicts())]:
    if not shards.share(stage):
        continue

    rule:
        name:
            f"gather_{stage}"
        input:
            parts=shards.parts(stage),
        output:
            tables=tables,
        wildcard_constraints:
            judge=any_of(results.judges("rubric", "reward")),
        conda:
            "../../envs/analysis.yaml"
        params:
            run=f"results/{config['artifacts' if stage == 'responses' else 'run']}",
            code=code("gather"),
        shell:
            "python {SCRIPTS:q}/gather.py --run {params.run:q} --parts {input.parts:q} --out {output.tables:q}"
            " > {log:q} 2>&1"

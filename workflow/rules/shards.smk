# Joins the parts that several jobs have written into the tables that one job would have written.
for shared, tables in [("responses", results.answers_of()), ("judging", results.verdicts())]:
    if not shards.share(shared):
        continue

    rule:
        name:
            f"gather_{shared}"
        input:
            parts=shards.parts(shared),
        output:
            tables=tables,
        wildcard_constraints:
            judge=any_of(results.judges("judge_text", "judge_reward")),
        conda:
            "../../envs/analysis.yaml"
        params:
            **stage("gather"),
            run=f"results/{config['artifacts' if shared == 'responses' else 'run']}",
        shell:
            "python {params.script:q} --run {params.run:q} --parts {input.parts:q} --out {output.tables:q}"
            " > {log:q} 2>&1"

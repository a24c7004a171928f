rule tables:
    input:
        win_rates=table_path("win_rates"),
        averages=table_path("average_win_rates"),
    output:
        texts=[table_path(name, suffix) for name in TEXTS for suffix in ("md", "tex")],
    conda:
        "../../envs/analysis.yaml"
    params:
        **stage("tables"),
        folder=parent("texts"),
        judge=results.judge,
    shell:
        "python {params.script:q} --win-rates {input.win_rates:q} --averages {input.averages:q} --judge"
        " {params.judge:q} --output {params.folder:q} > {log:q} 2>&1"


rule claims:
    input:
        unpack(results.claim_tables),
        win_rates=table_path("win_rates"),
        averages=table_path("average_win_rates"),
        differences=table_path("average_differences"),
        rewards=table_path("mean_rewards"),
    output:
        claims=report(
            "<results>/claims.json",
            caption="../report/claims.rst",
            category=REPORT[0],
            labels={"file": "2 claims as data"},
        ),
    conda:
        "../../envs/analysis.yaml"
    params:
        **stage("claims"),
        judge=results.judge,
        more=results.claim_options,
    shell:
        "python {params.script:q} --win-rates {input.win_rates:q} --averages {input.averages:q}"
        " --differences {input.differences:q} --rewards {input.rewards:q} {params.more:q} --judge {params.judge:q}"
        " --output {output.claims:q} > {log:q} 2>&1"


for number, (figure, option, data) in enumerate([*results.figures(), ("decoding_cost", "--records", DECODING)], 1):

    rule:
        name:
            f"plot_{figure}"
        input:
            data=data,
        output:
            svg=report(
                f"<results>/figures/{figure}.svg",
                caption=f"../report/{figure}.rst",
                category=REPORT[1],
                labels={"figure": f"{number:02d} {figure.replace('_', ' ')}"},
            ),
            png=f"<results>/figures/{figure}.png",
        conda:
            "../../envs/analysis.yaml"
        params:
            **stage(f"plot_{figure}"),
            option=option,
            judge=results.figure_options(option),
        shell:
            "python {params.script:q} {params.option:q} {input.data:q} {params.judge:q}"
            " --output {output.svg:q} {output.png:q} > {log:q} 2>&1"


rule overview:
    input:
        claims="<results>/claims.json",
        averages=table_path("average_win_rates"),
    output:
        page=report(
            "<results>/overview.html",
            caption="../report/overview.rst",
            category=REPORT[0],
            labels={"file": "1 overview"},
        ),
    conda:
        "../../envs/analysis.yaml"
    params:
        **stage("overview"),
        judge=results.judge,
    shell:
        "python {params.script:q} --claims {input.claims:q} --averages {input.averages:q} --judge {params.judge:q}"
        " --output {output.page:q} > {log:q} 2>&1"


rule write_manifest:
    input:
        results=results.targets(),
    output:
        manifest="<results>/manifest.json",
    conda:
        "../../envs/analysis.yaml"
    params:
        **stage("write_manifest"),
        folder=parent("manifest"),
    shell:
        "python {params.script:q} --run {params.folder:q} --out {output.manifest:q} > {log:q} 2>&1"

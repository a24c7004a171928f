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
        " --differences {input.differences:q} {params.more:q} --judge {params.judge:q}"
        " --output {output.claims:q} > {log:q} 2>&1"


rule plot:
    input:
        unpack(results.figure_files),
    output:
        svg=report(
            "<results>/figures/{figure}.svg",
            caption="../report/figure.rst",
            category=REPORT[1],
            labels=results.figure_label,
        ),
        png="<results>/figures/{figure}.png",
    wildcard_constraints:
        figure=any_of(results.figures([DECODING])),
    conda:
        "../../envs/analysis.yaml"
    params:
        **stage("plot", lambda wildcards: {FIGURE_TABLE: [wildcards.figure]}),
        inputs=results.figure_inputs,
        judge=results.judge,
        caption=lambda wildcards: FIGURES[wildcards.figure].caption,
    shell:
        "python {params.script:q} --figure {wildcards.figure:q} --input {params.inputs:q} --judge {params.judge:q}"
        " --output {output.svg:q} {output.png:q} > {log:q} 2>&1"


rule table_pages:
    input:
        tables=[table_path(name) for name in results.tables()],
    output:
        pages=[table_page(name) for name in results.tables()],
    conda:
        "../../envs/analysis.yaml"
    params:
        **stage("table_pages"),
    shell:
        "python {params.script:q} --tables {input.tables:q} --output {output.pages:q} > {log:q} 2>&1"


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
        folder=parent("page"),
    shell:
        "python {params.script:q} --run {params.folder:q} --claims {input.claims:q} --averages {input.averages:q}"
        " --judge {params.judge:q} --output {output.page:q} > {log:q} 2>&1"


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

rule tables:
    input:
        win_rates="<results>/tables/win_rates.csv",
        averages="<results>/tables/average_win_rates.csv",
    output:
        averages=expand("<results>/tables/average_win_rates.{suffix}", suffix=["md", "tex"]),
        matrix=expand("<results>/tables/win_rate_matrix.{suffix}", suffix=["md", "tex"]),
    log:
        "<logs>/tables.log",
    benchmark:
        "<benchmarks>/tables.tsv"
    conda:
        "../../envs/analysis.yaml"
    threads: 1
    resources:
        mem_mb=grows(1000),
        runtime=10,
    params:
        folder=lambda wildcards, output: os.path.dirname(output.matrix[0]),
        judge=JUDGE,
        code=code("tables"),
    shell:
        "python workflow/scripts/tables.py --win-rates {input.win_rates} --averages {input.averages}"
        " --judge {params.judge} --output {params.folder} > {log} 2>&1"


rule claims:
    input:
        unpack(claim_tables),
        win_rates="<results>/tables/win_rates.csv",
        averages="<results>/tables/average_win_rates.csv",
        differences="<results>/tables/average_differences.csv",
        rewards="<results>/tables/mean_rewards.csv",
    output:
        claims=report(
            "<results>/claims.json",
            caption="../report/claims.rst",
            category=REPORT[0],
            labels={"file": "2 claims as data"},
        ),
    log:
        "<logs>/claims.log",
    benchmark:
        "<benchmarks>/claims.tsv"
    conda:
        "../../envs/analysis.yaml"
    threads: 1
    resources:
        mem_mb=grows(1000),
        runtime=10,
    params:
        judge=JUDGE,
        more=lambda wildcards, input: " ".join(f"--{key} {input[key]}" for key in claim_tables(wildcards)),
        code=code("claims"),
    shell:
        "python workflow/scripts/claims.py --win-rates {input.win_rates} --averages {input.averages}"
        " --differences {input.differences} --rewards {input.rewards} {params.more} --judge {params.judge}"
        " --output {output.claims} > {log} 2>&1"


rule plot:
    input:
        unpack(figure_files),
    output:
        svg=report(
            "<results>/figures/{figure}.svg",
            caption="../report/figure.rst",
            category=REPORT[1],
            labels=figure_label,
        ),
        png="<results>/figures/{figure}.png",
    log:
        "<logs>/plot.{figure}.log",
    benchmark:
        "<benchmarks>/plot.{figure}.tsv"
    wildcard_constraints:
        figure=any_of(figures([DECODING])),
    conda:
        "../../envs/analysis.yaml"
    threads: 1
    resources:
        mem_mb=grows(1000),
        runtime=10,
    params:
        inputs=figure_inputs,
        judge=JUDGE,
        caption=lambda wildcards: FIGURES[wildcards.figure].caption,
        code=lambda wildcards: code("plot", {FIGURE_TABLE: [wildcards.figure]}),
    shell:
        "python workflow/scripts/plot.py --figure {wildcards.figure} --input {params.inputs:q}"
        " --judge {params.judge} --output {output.svg} {output.png} > {log} 2>&1"


rule table_pages:
    input:
        tables=expand("<results>/tables/{table}.csv", table=table_names()),
    output:
        pages=[table_page(name) for name in table_names()],
    log:
        "<logs>/table_pages.log",
    benchmark:
        "<benchmarks>/table_pages.tsv"
    conda:
        "../../envs/analysis.yaml"
    threads: 1
    resources:
        mem_mb=grows(1000),
        runtime=10,
    params:
        code=code("table_pages"),
    shell:
        "python workflow/scripts/table_pages.py --tables {input.tables} --output {output.pages} > {log} 2>&1"


rule overview:
    input:
        claims="<results>/claims.json",
        averages="<results>/tables/average_win_rates.csv",
    output:
        page=report(
            "<results>/overview.html",
            caption="../report/overview.rst",
            category=REPORT[0],
            labels={"file": "1 overview"},
        ),
    log:
        "<logs>/overview.log",
    benchmark:
        "<benchmarks>/overview.tsv"
    conda:
        "../../envs/analysis.yaml"
    threads: 1
    resources:
        mem_mb=grows(1000),
        runtime=10,
    params:
        judge=JUDGE,
        folder=lambda wildcards, output: os.path.dirname(output.page),
        code=code("overview"),
    shell:
        "python workflow/scripts/overview.py --run {params.folder} --claims {input.claims} --averages {input.averages}"
        " --judge {params.judge} --output {output.page} > {log} 2>&1"


rule write_manifest:
    input:
        results=targets(),
    output:
        manifest="<results>/manifest.json",
    log:
        "<logs>/write_manifest.log",
    benchmark:
        "<benchmarks>/write_manifest.tsv"
    conda:
        "../../envs/analysis.yaml"
    threads: 1
    resources:
        mem_mb=grows(1000),
        runtime=10,
    params:
        folder=lambda wildcards, output: os.path.dirname(output.manifest),
        code=code("write_manifest"),
    shell:
        "python workflow/scripts/write_manifest.py --run {params.folder} --out {output.manifest} > {log} 2>&1"

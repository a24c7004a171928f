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


for number, (figure, option, data) in enumerate([*figure_sources(), ("decoding_cost", "--records", DECODING)], start=1):

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
        log:
            f"<logs>/plot_{figure}.log",
        benchmark:
            f"<benchmarks>/plot_{figure}.tsv"
        conda:
            "../../envs/analysis.yaml"
        threads: 1
        resources:
            mem_mb=grows(1000),
            runtime=10,
        params:
            script=f"plot_{figure}.py",
            data=option,
            judge=f"--judge {JUDGE}" if option == "--table" else "",
            code=code(f"plot_{figure}"),
        shell:
            "python workflow/scripts/{params.script} {params.data} {input.data} {params.judge}"
            " --output {output.svg} {output.png} > {log} 2>&1"


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
        code=code("overview"),
    shell:
        "python workflow/scripts/overview.py --claims {input.claims} --averages {input.averages}"
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

# What is answered, judged and shown, by file name; no rules here.
TABLES = ["win_rates", "average_win_rates", "average_by_cell", "average_differences", "length_controlled"]
TABLES += ["swap_consistency", "overall_win_rates"]
SINGLE_TABLES = ["agreement", "mean_rewards", "rewards_by_cell", "reward_models"]
HUMAN_TABLES = ["human_study", "human_agreement"]
DETAIL_TABLES = ["quality", "alphas", "alpha_swaps", "generalisation"]
OPTIONAL_TABLES = [*DETAIL_TABLES, *HUMAN_TABLES]
FIGURES = or_exit(read_figures)
REPORT = ["1 Did it reproduce?", "2 Figures", "3 Tables"]  # categories of the report, which sorts them by name
DECODING = "<results>/benchmarks/decoding.json"
JUDGE_CACHE = "results/judge_cache.sqlite"  # paid answers, shared by all runs; no rule's output, so nothing deletes it


def of_each_set(pattern):
    """One file of each evaluation set."""
    return expand(pattern, set=config["evaluation_sets"])


def set_options(option, paths):
    """Options such as `--out single=... --out comparison=...` for the files of the evaluation sets."""
    return " ".join(f"{option} {name}={path}" for name, path in zip(config["evaluation_sets"], paths, strict=True))


def response_tables():
    """A method's answers, on each evaluation set."""
    return of_each_set("<artifacts>/responses/{set}/{{method}}.parquet")


def judgment_tables():
    """A judge's verdicts on each pair of methods, on one evaluation set."""
    return expand("<results>/judgments/{{set}}/{{judge}}/{pair}.parquet", pair=compared())


def compared():
    """The pairs of methods to judge, as `a--b`."""
    return [f"{a}--{b}" for a, b in pairs(config["methods"])]


def responses():
    return expand(
        "<artifacts>/responses/{set}/{method}.parquet", set=config["evaluation_sets"], method=config["methods"]
    )


def scores():
    return expand("<artifacts>/scores/{set}/{method}.parquet", set=config["evaluation_sets"], method=config["methods"])


def judges(kind):
    """Names of the judges of a kind."""
    return [name for name, judge in config["judges"].items() if judge["kind"] == kind]


def judge_settings(wildcards):
    return settings(without(config["judges"][wildcards.judge], "kind", "run"))


def held_out(wildcards):
    """The other run whose reward models judge."""
    return f"results/{config['judges'][wildcards.judge]['run']}"


def judgments():
    sets, names = config["evaluation_sets"], config["judges"]
    return expand("<results>/judgments/{set}/{judge}/{pair}.parquet", set=sets, judge=names, pair=compared())


def partially_trained():
    """Methods whose controller was trained on some combinations only, and the method that was trained on all."""
    found = {}
    for name, method in config["methods"].items():
        trained = controller_settings(method["controller"])["combinations"] if "controller" in method else None
        if trained:
            found[name] = {"trained": trained, "full": method.get("against", [FOCUS])[0]}
    return found


def detail_tables():
    """Names of the tables that `details` asks for."""
    if not config["details"]:
        return []
    return [name for name in DETAIL_TABLES if name != "generalisation" or partially_trained()]


def claim_tables(wildcards):
    """What some claims need that not every run has, by option: of `details`, a human study, a finished benchmark."""
    names = ["quality", "generalisation"]
    found = {name: f"<results>/tables/{name}.csv" for name in names if name in detail_tables()}
    if ratings():
        found["human"] = "<results>/tables/human_study.csv"
    if os.path.exists(f"results/{config['run']}/benchmarks/decoding.json"):
        found["decoding"] = DECODING
    return found


def ratings():
    """What the raters of the human study sent back."""
    folder = config["human_study"]["ratings"]
    return sorted(map(str, Path(folder).glob("*.csv"))) if folder else []


def human_study_judgments():
    """Every judge's verdicts on the methods of the human study."""
    shown = [pair for pair in compared() if set(pair.split("--")) <= set(config["human_study"]["methods"])]
    names = config["judges"]
    return expand("<results>/judgments/{set}/{judge}/{pair}.parquet", set=FIRST_SET, judge=names, pair=shown)


def figure_sources(decoding=()):
    """Files by the name under which figures ask for them; none of what is not made. `decoding`: of `make benchmark`."""
    methods, rows = config["methods"], in_tables(config["methods"])
    shown = dict.fromkeys(methods[row]["controller"] for row in rows if "controller" in methods[row])
    variants = any(FOCUS in method.get("against", []) for method in methods.values())
    made = table_names()
    tables = {name: [f"<results>/tables/{name}.csv"] if name in made else [] for name in [*made, *OPTIONAL_TABLES]}
    return {
        **tables,
        "variants": tables["overall_win_rates"] if variants else [],
        "scores": expand("<artifacts>/scores/{set}/{method}.parquet", set=FIRST_SET, method=rows),
        "curves": [f"{model}.curve.csv" for name in shown for model in controller_models(name)],
        "alpha_samples": ["<results>/samples/alphas.parquet"],
        "preferences": [PREFERENCES],
        "decoding": [*decoding],
    }


def figures(decoding=()):
    """The figures that a run draws; with a benchmark of decoding also those of that."""
    return or_exit(drawn, FIGURES, figure_sources(decoding))


def figure_files(wildcards):
    """What a figure is drawn from, by source."""
    sources = figure_sources([DECODING])
    return {name: sources[name] for name in FIGURES[wildcards.figure].sources}


def figure_inputs(wildcards, input):
    """The same as options."""
    return [f"{name}={file}" for name in FIGURES[wildcards.figure].sources for file in input[name]]


def figure_label(wildcards):
    """The figure's name in the report, which sorts by it."""
    number = list(FIGURES).index(wildcards.figure) + 1
    return {"figure": f"{number:02d} {wildcards.figure.replace('_', ' ')}"}


def table(name):
    """A table of the results, shown in the report."""
    about = {"caption": f"../report/{name}.rst", "category": REPORT[2], "labels": table_labels(name, "text (CSV)")}
    return report(f"<results>/tables/{name}.csv", **about)


def table_page(name):
    """The same table as a page."""
    about = {"caption": f"../report/{name}.rst", "category": REPORT[2], "labels": table_labels(name, "table")}
    return report(f"<results>/tables/{name}.html", **about)


def table_labels(name, form):
    """What the report calls a table; of the two forms it shows the first by the alphabet until told otherwise."""
    return {"table": name.replace("_", " "), "as": form}


def table_names():
    """The tables of this run."""
    return [*TABLES, *SINGLE_TABLES, *detail_tables(), *(HUMAN_TABLES if ratings() else [])]


def targets():
    """All that a run is for: tables, figures, claims, and the list of everything they are made from."""
    tables = expand("<results>/tables/{table}.{suffix}", table=table_names(), suffix=["csv", "html"])
    texts = expand(
        "<results>/tables/{table}.{suffix}", table=["average_win_rates", "win_rate_matrix"], suffix=["md", "tex"]
    )
    pictures = expand("<results>/figures/{figure}.{suffix}", figure=figures(), suffix=["svg", "png"])
    return [*tables, *texts, *pictures, "<results>/claims.json", "<results>/overview.html"]

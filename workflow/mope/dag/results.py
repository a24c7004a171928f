"""The files of answers, verdicts, tables and figures of a run."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from mope.dag import files
from mope.dag.figures import FigureEntry, drawn_figures
from mope.dag.model_files import RunModels, classifiers
from mope.dag.options import model_options, named
from mope.dag.stage_settings import as_json, without
from mope.dag.temperature_rows import temperature_rows
from mope.data.rating_file import rating_files
from mope.data.table_paths import methods_of_pair, pair_name
from mope.judging.judge_kinds import kinds_of, stage_of, tables_about
from mope.methods.entries import in_tables, pairs
from mope.methods.names import FOCUS

AGGREGATE_TABLES = ("win_rates", "average_win_rates", "average_by_cell", "average_differences", "length_controlled")
AGGREGATE_TABLES += ("swap_consistency", "overall_win_rates")
SINGLE_TABLES = ("agreement", "mean_rewards", "rewards_by_cell", "reward_models", "expert_distances")
HUMAN_TABLES = ("human_study", "human_agreement")
TEXTS = ("average_win_rates", "win_rate_matrix")  # as Markdown and LaTeX
DECODING = "<results>/benchmarks/decoding.json"
DETAIL_TABLES = ("quality", "alphas", "alpha_swaps", "generalisation")
TEMPERATURE_TABLES = ("temperatures", "temperature_win_rates")
FRONT_TABLES = ("fronts", "front_points")
CLAIM_TABLES = ("correctness", "generalisation", "reward_models", "expert_distances")  # which some claims need


@dataclass(frozen=True)
class Results:
    """The results of a configuration, and what each is made from."""

    config: dict
    models: RunModels
    known_figures: Mapping[str, FigureEntry]
    preferences_file: str

    @property
    def sets(self) -> list[str]:
        """Names of the evaluation sets; the first is that of the figures and of the human study."""
        return list(self.config["evaluation_sets"])

    @property
    def judge(self) -> str:
        """The first judge, whose verdicts the claims and figures show."""
        return next(iter(self.config["judges"]))

    def prompts(self) -> list[str]:
        """The prompts of each evaluation set."""
        return [files.prompts(name) for name in self.sets]

    def references(self) -> list[str]:
        """The base's answers to each evaluation set."""
        return [files.reference(name) for name in self.sets]

    def answers_of(self, method: str = "{method}") -> list[str]:
        """A method's answers to each evaluation set."""
        return [files.responses(name, method) for name in self.sets]

    def answers_to(self, set: str = "{set}") -> list[str]:
        """Each method's answers to an evaluation set."""
        return [files.responses(set, method) for method in self.config["methods"]]

    def responses(self) -> list[str]:
        """The answers of all methods to all evaluation sets."""
        return [path for name in self.sets for path in self.answers_to(name)]

    def world_responses(self) -> list[str]:
        """All answers to questions of the embedded world, where it is known what is true."""
        sets = [name for name, entry in self.config["evaluation_sets"].items() if entry["source"] == "world"]
        return [path for name in sets for path in self.answers_to(name)]

    def scores_of(self, method: str = "{method}") -> list[str]:
        """The rewards of a method's answers to each evaluation set."""
        return [files.scores(name, method) for name in self.sets]

    def scores(self) -> list[str]:
        """The rewards of all answers."""
        return [files.scores(name, method) for name in self.sets for method in self.config["methods"]]

    def compared(self) -> tuple[str, ...]:
        """The names of the pairs of methods to judge, as `a--b`."""
        return tuple(pair_name(a, b) for a, b in pairs(self.config["methods"]))

    def judges(self, *stages: str) -> list[str]:
        """Names of the judges that these stages run."""
        kinds = [kind for stage in stages for kind in kinds_of(stage)]
        return [name for name, judge in self.config["judges"].items() if judge["kind"] in kinds]

    def text_judges(self) -> dict[str, str]:
        """Name and kind of the judges that score texts."""
        return {name: self.config["judges"][name]["kind"] for name in self.judges("judge_text")}

    def verdicts(self, set: str = "{set}", judge: str = "{judge}") -> list[str]:
        """A judge's verdicts on each pair of methods, on an evaluation set."""
        return [files.judgments(set, judge, pair) for pair in self.compared()]

    def verdicts_of(self, judge: str = "{judge}") -> list[str]:
        """A judge's verdicts on each pair of methods, on all evaluation sets."""
        return [path for name in self.sets for path in self.verdicts(name, judge)]

    def judgments(self) -> list[str]:
        """The verdicts of all judges."""
        judges = self.config["judges"]
        return [path for name in self.sets for judge in judges for path in self.verdicts(name, judge)]

    def judge_settings(self, wildcards: Mapping) -> str:
        """The settings on which a judge's verdicts depend."""
        judge = self.config["judges"][wildcards["judge"]]
        if stage_of(judge["kind"]) != "judge_reward":
            return as_json(without(judge, "kind"))
        found = {"dead_band": judge["dead_band"], "precision": self.config["precision"]}
        preferences = self.models.preferences
        named = classifiers(judge, preferences.ids)
        if named:
            found["labels"] = {preference: entry.get("label") for preference, entry in named.items()}
            found["texts"] = {p: preferences.texts[p] for p in named} if "model" in judge else {}
        return as_json(found)

    def score_options(self, wildcards: Mapping, input: Mapping, output: Mapping) -> list[str]:
        """The options of `score` that name the files of each evaluation set, and the reward models."""
        return [
            *named("--responses", zip(self.sets, input["responses"], strict=True)),
            *model_options(wildcards, input),
            *named("--reference", zip(self.sets, input["reference"], strict=True)),
            *named("--out", zip(self.sets, output["scores"], strict=True)),
        ]

    def partially_trained(self) -> dict[str, dict]:
        """Methods whose controller was trained on some combinations only, and the method that was trained on all."""
        found = {}
        for name, method in self.config["methods"].items():
            trained = self.models.settings(method["controller"])["combinations"] if "controller" in method else None
            if trained:
                found[name] = {"trained": trained, "full": method.get("against", [FOCUS])[0]}
        return found

    def partial_judgments(self) -> list[str]:
        """The first judge's verdicts on the partially trained methods against those that were trained on all."""
        pairs = [{method, about["full"]} for method, about in self.partially_trained().items()]
        judged = [pair for pair in self.compared() if set(methods_of_pair(pair)) in pairs]
        return [files.judgments(name, self.judge, pair) for name in self.sets for pair in judged]

    def detail_tables(self) -> list[str]:
        """Names of the tables that `details` asks for."""
        if not self.config["details"]:
            return []
        return [name for name in DETAIL_TABLES if name != "generalisation" or self.partially_trained()]

    def at_temperatures(self) -> dict[str, dict]:
        """The rows that are one method at several temperatures."""
        return temperature_rows(self.config)

    def front_file(self, kind: str, method: str = "{method}") -> str:
        """A method's `responses` at every weight of the grid, on the first evaluation set, or their `scores`."""
        return files.front_file(kind, self.sets[0], method)

    def annotated_responses(self) -> list[str]:
        """All answers that the annotator of the feedback can score: of a user's own feedback there is none."""
        match self.config["feedback"]["source"]:
            case "world":
                return self.world_responses()
            case "open_text":
                return self.responses()
        return []

    def text_tables(self) -> list[str]:
        """Names of the tables of what texts state, of the judge that knows it, and of judges beside the annotator."""
        kinds = self.text_judges().values()
        return [
            *(["correctness"] if self.world_responses() else []),
            *tables_about(kinds),
            *(["annotator_agreement"] if kinds and self.annotated_responses() else []),
        ]

    def claim_tables(self, wildcards: Mapping | None = None) -> dict[str, str]:
        """Option -> file of the optional inputs of claims: of the world, `details`, a human study, a benchmark."""
        made = [*SINGLE_TABLES, *self.detail_tables(), *self.text_tables()]
        found = {name: files.table(name) for name in CLAIM_TABLES if name in made}
        if self.ratings():
            found["human"] = files.table("human_study")
        if Path(f"results/{self.config['run']}/benchmarks/decoding.json").exists():
            found["decoding"] = DECODING
        return found

    def claim_options(self, wildcards: Mapping, input: Mapping) -> list[str]:
        """The options that name the files of `claim_tables`."""
        return [word for key in self.claim_tables() for word in (f"--{key}", input[key])]

    def ratings(self) -> list[str]:
        """The files that the raters of the human study have sent back."""
        folder = self.config["human_study"]["ratings"]
        return list(map(str, rating_files(Path(folder)))) if folder else []

    def human_study_answers(self) -> list[str]:
        """The answers that are shown to raters."""
        return [files.responses(self.sets[0], method) for method in self.config["human_study"]["methods"]]

    def human_study_judgments(self) -> list[str]:
        """Every judge's verdicts on the methods of the human study."""
        methods = set(self.config["human_study"]["methods"])
        shown = [pair for pair in self.compared() if set(methods_of_pair(pair)) <= methods]
        return [files.judgments(self.sets[0], judge, pair) for judge in self.config["judges"] for pair in shown]

    def tables(self) -> list[str]:
        """Names of the tables of this run."""
        human = HUMAN_TABLES if self.ratings() else ()
        warm = TEMPERATURE_TABLES if self.at_temperatures() else ()
        fronts = FRONT_TABLES if self.config["fronts"]["methods"] else ()
        return [*AGGREGATE_TABLES, *SINGLE_TABLES, *self.text_tables(), *self.detail_tables(), *warm, *fronts, *human]

    def figure_sources(self, decoding: Sequence[str] = ()) -> dict[str, list[str]]:
        """Source -> files, by the names that figures use; [] for a source that the run does not make.

        `decoding`: the file of `make benchmark`, where that is asked for.
        """
        methods, made = self.config["methods"], self.tables()
        rows = in_tables(methods)
        shown = dict.fromkeys(methods[row]["controller"] for row in rows if "controller" in methods[row])
        variants = any(FOCUS in method.get("against", []) for method in methods.values())
        known = [*made, *DETAIL_TABLES, *HUMAN_TABLES, *FRONT_TABLES]
        tables = {name: [files.table(name)] if name in made else [] for name in known}
        return {
            **tables,
            "variants": tables["overall_win_rates"] if variants else [],
            "scores": [files.scores(self.sets[0], row) for row in rows],
            "curves": [f"{path}.curve.csv" for name in shown for path in self.models.trained("controller", name)],
            "alpha_samples": ["<results>/samples/alphas.parquet"],
            "preferences": [self.preferences_file],
            "decoding": [*decoding],
        }

    def figures(self, decoding: Sequence[str] = ()) -> list[str]:
        """The figures that a run draws; with the file of a `decoding` benchmark also those made from it."""
        return drawn_figures(self.known_figures, self.figure_sources(decoding))

    def figure_files(self, wildcards: Mapping) -> dict[str, list[str]]:
        """Source -> files of one figure."""
        sources = self.figure_sources([DECODING])
        return {name: sources[name] for name in self.known_figures[wildcards["figure"]].sources}

    def figure_inputs(self, wildcards: Mapping, input: Mapping) -> list[str]:
        """The files of one figure as options."""
        return [f"{name}={file}" for name in self.known_figures[wildcards["figure"]].sources for file in input[name]]

    def figure_label(self, wildcards: Mapping) -> dict[str, str]:
        """The figure's name in the report, with a number because the report sorts by name."""
        number = list(self.known_figures).index(wildcards["figure"]) + 1
        return {"figure": f"{number:02d} {wildcards['figure'].replace('_', ' ')}"}

    def targets(self) -> list[str]:
        """All files that a run is to make: tables, figures, claims, and the overview."""
        tables = [files.table(name, suffix) for name in self.tables() for suffix in ("csv", "html")]
        texts = [files.table(name, suffix) for name in TEXTS for suffix in ("md", "tex")]
        pictures = [files.figure(name, suffix) for name in self.figures() for suffix in ("svg", "png")]
        return [*tables, *texts, *pictures, "<results>/claims.json", "<results>/overview.html"]

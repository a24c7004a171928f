"""Which models a run trains or imports, and the files that each is made from."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from mope.config.controllers import BODY, bodies, body_name, controller_section, names_in_use
from mope.dag import files
from mope.dag.options import model_options, named
from mope.dag.stage_settings import without
from mope.judging.judge_kinds import stage_of
from mope.methods.entries import needs
from mope.preferences import GENERAL, Preferences
from mope.training.policy_needs import learns_from, need_general_reward


@dataclass(frozen=True)
class RunModels:
    """The models of a configuration."""

    config: dict
    preferences: Preferences

    def used(self, kind: str) -> list[str]:
        """Names of the controllers (`controller`) or policies (`policy`) that some method uses."""
        return names_in_use(self.config, kind)

    def experts(self) -> list[str]:
        """The expert of each preference."""
        return [files.model("expert", preference) for preference in self.preferences.ids]

    def rewards(self) -> list[str]:
        """The reward model of each preference."""
        return [files.model("reward", preference) for preference in self.preferences.ids]

    def feedback(self) -> list[str]:
        """The pairs of answers of each preference."""
        return [files.feedback(preference) for preference in self.preferences.ids]

    def annotated(self) -> list[str]:
        """The feedback that is needed: of each preference, and the general one where a policy learns from it."""
        general = [files.feedback(GENERAL)] if need_general_reward(self.config) else []
        return [*self.feedback(), *general]

    def trained(self, kind: str, name: str) -> list[str]:
        """The folders of a controller or policy, one for each seed of `controller.seeds`."""
        return [files.seeded(kind, name, seed) for seed in self.config["controller"]["seeds"]]

    def section(self, controller: str) -> dict:
        """The section `controller` with one controller's differences."""
        return controller_section(self.config, controller)

    def settings(self, controller: str) -> dict:
        """Settings of a controller's training, and `reference`: which reference answers are its input."""
        return without(self.section(controller), "seeds", "path", "hub", "pretraining")

    def body_of(self, controller: str) -> str | None:
        """Name of the body that a controller's training begins from, of its shape and number of examples; or None."""
        return body_name(self.section(controller))

    def bodies(self) -> dict[str, dict]:
        """Name -> shape of every body that is trained here."""
        return {name: {key: section[key] for key in BODY} for name, section in bodies(self.config).items()}

    def start(self, controller: str) -> str | list[str]:
        """Folder of the model that a controller's training begins from; [] for none."""
        section, body = self.section(controller), self.body_of(controller)
        if body:
            return files.model("body", body)
        return starting_model(section) or ([] if section["start"] == "random" else "<artifacts>/base")

    def starts(self) -> list[str]:
        """Folders of the models that controllers begin from and that are not made by this run."""
        return [folder for name in self.used("controller") if (folder := starting_model(self.section(name)))]

    def grown(self) -> bool:
        """Whether some controller begins from the base's own layers."""
        return any(self.section(name)["start"] == "base" for name in self.used("controller"))

    def on_hub(self) -> dict[str, dict]:
        """Name of the folder -> id and revision on the Hugging Face Hub; of a judge's model also `labels`, to check."""
        sections = [self.config["base"], *map(self.section, self.used("controller"))]
        found = {Path(starting_model(s)).name: s["hub"] for s in sections if s["hub"] is not None}
        judges: dict[str, dict] = {}
        for judge in self.config["judges"].values():
            for entry in (
                classifiers(judge, self.preferences.ids).values() if stage_of(judge["kind"]) == "judge_reward" else ()
            ):
                if entry.get("hub"):
                    wanted = judges.setdefault(Path(starting_model(entry)).name, entry["hub"] | {"labels": []})
                    wanted["labels"] = list(dict.fromkeys([*wanted["labels"], entry.get("label")]))
        return judges | found

    def met(self, controller: str) -> list[str]:
        """The preferences that a controller meets in training: those of its combinations."""
        chosen = self.settings(controller)["combinations"] or self.preferences.combinations()
        return [i for i in self.preferences.ids if any(i in self.preferences.members(xi) for xi in chosen)]

    def of_controller(self, wildcards: Mapping) -> dict[str, str | list[str]]:
        """What a controller is trained with beside the base and the prompts."""
        name = wildcards["controller"]
        return {
            "experts": [files.model("expert", preference) for preference in self.met(name)],
            "rewards": [files.model("reward", preference) for preference in self.met(name)],
            "reference": files.reference("train", self.settings(name)["reference"]),
            "start": self.start(name),
        }

    def controller_options(self, wildcards: Mapping, input: Mapping) -> list[str]:
        """The options that name the models of a controller's training."""
        return [*model_options(wildcards, input), *(["--start", input["start"]] if input["start"] else [])]

    def of_policy(self, wildcards: Mapping) -> dict[str, list[str]]:
        """What a policy learns from: the general reward model, those of all preferences, or their feedback itself."""
        objective = self.config["policies"][wildcards["policy"]]["objective"]
        parts = {
            "general_reward": {"rewards": [files.model("reward", GENERAL)]},
            "rewards": {"rewards": self.rewards()},
            "feedback": {"feedback": self.feedback()},
        }
        return {key: paths for part in learns_from(objective) for key, paths in parts[part].items()}

    def policy_options(self, wildcards: Mapping, input: Mapping) -> list[str]:
        """The options that name what a policy learns from."""
        feedback = [word for path in input.get("feedback", []) for word in ("--feedback", path)]
        return [*model_options(wildcards, input), *feedback]

    def of_method(self, wildcards: Mapping) -> dict[str, list[str]]:
        """The models that a method needs beside the base."""
        method = self.config["methods"][wildcards["method"]]
        found = {}
        for part in sorted(needs(method)):
            match part:
                case "experts":
                    found[part] = self.experts()
                case "controllers":
                    found[part] = self.trained("controller", method["controller"])
                case "policies":
                    found[part] = self.trained("policy", method["policy"])
                case "rewards":
                    found[part] = self.rewards()
                case "references":
                    found["reference"] = [files.reference(name) for name in self.config["evaluation_sets"]]
        return found

    def of_judge(self, wildcards: Mapping) -> dict[str, str | list[str]]:
        """What a judge of kind `reward` judges by: base and reward models of another run, or sequence classifiers.

        Models of a run must not have learnt from the feedback of this one.
        """
        judge = self.config["judges"][wildcards["judge"]]
        if "run" not in judge:
            return {"classifiers": list(dict.fromkeys(self.classifier_folders(judge).values()))}
        run = f"results/{judge['run']}"
        rewards = [f"{run}/reward/{preference}" for preference in self.preferences.ids]
        return {"base": f"{run}/base", "rewards": rewards, "feedback": self.feedback()}

    def classifier_folders(self, judge: Mapping) -> dict[str, str]:
        """Preference -> folder of the sequence classifier that judges under it."""
        return {p: starting_model(entry) for p, entry in classifiers(judge, self.preferences.ids).items()}

    def judge_options(self, wildcards: Mapping, input: Mapping) -> list[str]:
        """The options that name the models of `of_judge`."""
        if input.get("base"):
            return ["--base", input["base"], *model_options(wildcards, input), "--feedback", *input["feedback"]]
        folders = self.classifier_folders(self.config["judges"][wildcards["judge"]])
        found = dict(zip(dict.fromkeys(folders.values()), input["classifiers"], strict=True))
        return named("--classifiers", [(preference, found[folder]) for preference, folder in folders.items()])

    def benchmarked(self, wildcards: Mapping) -> dict[str, str | list[str]]:
        """What the benchmarks need: the models of the run, if they are among those to be measured."""
        if "run" not in self.config["benchmark"]["models"]:
            return {}
        return {
            "base": "<artifacts>/base",
            "experts": self.experts(),
            "controller": self.trained("controller", "mope")[0],
        }

    def benchmark_options(self, wildcards: Mapping, input: Mapping) -> list[str]:
        """The options that name the models of the benchmarks."""
        if not input.get("base"):
            return []
        own = ["--name", self.config["run"], "--base", input["base"], "--controller", input["controller"]]
        return [*own, *model_options(wildcards, input)]


def classifiers(judge: Mapping, preferences: Sequence[str]) -> dict[str, dict]:
    """Preference -> which sequence classifier judges under it, for a judge that names some by `model` or `models`."""
    if "model" in judge:
        return dict.fromkeys(preferences, judge["model"])
    return {preference: judge["models"][preference] for preference in preferences if "models" in judge}


def starting_model(section: Mapping) -> str | list[str]:
    """Folder of a model from outside the run: the user's own, or one that is downloaded; [] for none."""
    if section.get("hub") is not None:
        hub = section["hub"]
        return f"<artifacts>/download/{'--'.join(Path(hub['id']).parts).lower()}-{hub['revision'][:8]}"
    return section.get("path") or []

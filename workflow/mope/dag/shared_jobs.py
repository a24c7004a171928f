"""Jobs that share a stage's prompts (shards), and those that gather their parts; by default a stage is one job."""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from mope.dag.options import model_options, named
from mope.methods.entries import across_prompts

JOBS = {"responses": "generate.{method}", "judging": "judge.{judge}.{set}"}  # stage -> its jobs, without the shard


@dataclass(frozen=True)
class Shards:
    """How many jobs share the prompts of the stages `responses` and `judging` (`shards` of the configuration)."""

    config: dict

    def share(self, stage: str) -> bool:
        """Whether several jobs share the prompts of a stage."""
        return self.config["shards"][stage] > 1

    def count(self, stage: str, wildcards: Mapping) -> int:
        """How many jobs share the prompts; where an answer depends on other prompts, it is one."""
        alone = stage == "responses" and across_prompts(self.config["methods"][wildcards["method"]])
        return 1 if alone else self.config["shards"][stage]

    def options(self, stage: str) -> Callable[[Mapping], list[str]]:
        """The option that names a job's part, by its wildcards alone: so another number of parts runs the job again."""
        if not self.share(stage):
            return lambda wildcards: []
        return lambda wildcards: ["--shard", f"{wildcards['shard']}/{self.count(stage, wildcards)}"]

    def parts(self, stage: str) -> Callable[[Mapping], list[str]]:
        """The folders that all shards of a job of the stage have written."""

        def written(wildcards: Mapping) -> list[str]:
            job = JOBS[stage].format(**dict(wildcards.items()))
            return [f"<results>/shards/{job}.{shard}" for shard in range(self.count(stage, wildcards))]

        return written

    def generate_options(self, wildcards: Mapping, input: Mapping, output: Mapping) -> list[str]:
        """All options of `generate` that depend on the method and the sets: its models, and the files of each set."""
        sets, made = list(self.config["evaluation_sets"]), output["responses"]
        if self.share("responses"):  # a folder, with the same paths as in the run below it
            made = [f"{made}/responses/{name}/{wildcards['method']}.parquet" for name in sets]
        options = [*model_options(wildcards, input), *named("--prompts", zip(sets, input["prompts"], strict=True))]
        if input.get("reference"):
            options += named("--reference", zip(sets, input["reference"], strict=True))
        return [*options, *named("--out", zip(sets, made, strict=True))]

    def judgment_folder(self, wildcards: Mapping, output: Mapping) -> str:
        """Where a judge writes the tables of the pairs of methods."""
        if self.share("judging"):
            return f"{output['verdicts']}/judgments/{wildcards['set']}/{wildcards['judge']}"
        return os.path.dirname(output["verdicts"][0])

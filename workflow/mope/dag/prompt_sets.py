"""Where the prompts of a set come from."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from mope.dag import files
from mope.dag.stage_settings import as_json
from mope.data.records import suffix_of


@dataclass(frozen=True)
class Prompts:
    """The sets of prompts of a configuration; `world`: the files of the embedded world."""

    config: dict
    world: Sequence[str]

    def entry(self, wildcards: Mapping) -> dict:
        """Settings of the set: where its prompts come from and how many."""
        return {"train": self.config["data"]["train"], **self.config["evaluation_sets"]}[wildcards["set"]]

    def source(self, wildcards: Mapping) -> dict:
        """Settings of a set's file on the Hugging Face Hub."""
        return self.entry(wildcards)["source"]

    def read_from(self, wildcards: Mapping) -> str | list[str]:
        """The file that the prompts are read from, or those of the embedded world."""
        source = self.source(wildcards)
        if isinstance(source, dict):
            return f"<artifacts>/download/{wildcards['set']}{suffix_of(Path(source['file']))}"
        return list(self.world) if source == "world" else source

    def training(self, wildcards: Mapping) -> str | list[str]:
        """The prompts that a set from a file must not repeat; the sets of an embedded world are disjoint."""
        own = wildcards["set"] == "train" or self.source(wildcards) == "world"
        return [] if own else files.prompts("train")

    def settings(self, wildcards: Mapping) -> str:
        """The settings on which the choice of prompts depends."""
        entry, seed = self.entry(wildcards), self.config["seed"]
        if entry["source"] == "world":
            return as_json(entry, seed=seed)
        draw = "random" if isinstance(entry["source"], dict) else "first"
        return as_json(entry, draw=draw, longest=self.config["data"]["longest"], seed=seed)

    def options(self, wildcards: Mapping, input: Mapping) -> list[str]:
        """The options that name the files to read; of an embedded world its name."""
        if self.source(wildcards) == "world":
            return ["--world", self.config["world"]]
        return ["--file", input["prompts"], *(["--train", input["train"]] if input["train"] else [])]

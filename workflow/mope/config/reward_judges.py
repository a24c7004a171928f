"""What can be known of a judge of kind `reward` before the first job: which models it names, that they are there."""

import os
from collections.abc import Iterator
from pathlib import Path

from mope.config.run_name import experiment_of
from mope.errors import MopeError
from mope.judging.preflight import Problem
from mope.runtime.suggestion import one_of
from mope.training.classifier_folder import check_classifier, classifier_positions

SOURCES = ("run", "model", "models")


def reward_judge_problems(config: dict, root: Path, directory: Path, name: str, present: bool) -> Iterator[Problem]:
    """(key, problem) of the judge `name`; files are looked at only if they must be `present`.

    `root`: the project's folder; `directory`: where the user's own relative paths begin, and results are.
    """
    judge, key = config["judges"][name], ("judges", name)
    given = [source for source in SOURCES if source in judge]
    if len(given) != 1:
        found = " and ".join(given) or "none"
        yield key, f"{found} of {', '.join(SOURCES)} found; one of them, which names the reward models, is expected"
        return
    if "run" in judge:
        yield from _of_run(config, root, directory, (*key, "run"), present)
        return
    for preference in [] if "model" in judge else [p for p in config["preferences"] if p not in judge["models"]]:
        yield (*key, "models"), f"none for {preference} found; one for each preference is expected"
    entries = {(*key, "models", p): entry for p, entry in judge.get("models", {}).items()}
    for place in entries:
        if place[-1] not in config["preferences"]:
            yield place, f"{place[-1]!r} found, {one_of(place[-1], config['preferences'])} is expected"
    for place, entry in (entries or {(*key, "model"): judge["model"]}).items():
        yield from _classifier(config, directory, place, entry, present)


def _of_run(config: dict, root: Path, directory: Path, key: tuple[str, ...], present: bool) -> Iterator[Problem]:
    run = config["judges"][key[1]]["run"]
    if run == config["run"]:
        expected = "another run, with another seed, is expected"
        yield key, f"{run} trained its experts by these reward models; {expected}"
        return
    folder = Path("results") / run
    for needed in (folder / "base", *(folder / "reward" / preference for preference in config["preferences"])):
        if present and not (directory / needed).is_dir():
            command = f"snakemake --cores all --config run={run} seed={config['seed'] + 1} --until train_reward"
            experiment = experiment_of(root, run)
            command = f"make reward-models EXPERIMENT={experiment}" if experiment else command
            yield key, f"{needed} is missing; what `{command}` makes is expected"
            return


def _classifier(config: dict, directory: Path, key: tuple[str, ...], entry: dict, present: bool) -> Iterator[Problem]:
    path = entry.get("path")
    if (path is None) == (entry.get("hub") is None):
        yield key, "path or hub is expected, one of them: a folder, or an id with its revision"
    elif path is not None and present:
        folder = directory / path
        if not os.path.isdir(folder):  # False, too, for a name that is too long
            yield (*key, "path"), f"folder {path} does not exist; a folder with a sequence classifier is expected"
            return
        try:
            check_classifier(folder, entry.get("label"))
        except MopeError as error:
            yield key, str(error)
            return
        positions, longest = classifier_positions(folder), config["generation"]["max_new_tokens"]
        if positions is not None and positions <= longest:
            found = f"the model has {positions} positions, an answer up to {longest} tokens (generation.max_new_tokens)"
            yield (*key, "path"), f"{found}; one with room for prompt and answer is expected"

"""What a configuration must satisfy beyond its schema: names that exist, files that can be read, numbers that fit."""

import math
from collections.abc import Iterator
from pathlib import Path

from mope.config.base_limits import layer_problems
from mope.config.controllers import OBJECTIVE_TABLE
from mope.config.declared_keys import declared_key_problems
from mope.config.entries_schema import form_takes_weights
from mope.config.front_checks import front_problems
from mope.config.method_checks import method_problems, weights_problems
from mope.config.model_sources import base_source_problems, gguf_problems, model_folder_problems
from mope.config.positions import positions_problems
from mope.config.preference_names import PREFERENCES_FILE, preference_name_problems
from mope.config.reward_judges import reward_judge_problems
from mope.config.run_name import RESERVED_RUNS, known_runs
from mope.config.user_files import feedback_problems, prompts_problems, ratings_problems
from mope.errors import MopeError
from mope.judging.judge_kinds import (
    REWARD_MODELS,
    embeds_sentences,
    kinds_for_any,
    known_preferences,
    stage_of,
    world_only,
)
from mope.judging.preflight import Problem, chat_judge_problems
from mope.preferences import OPEN_TEXT, Preferences, load_preferences, members_of, read_preferences
from mope.runtime.suggestion import one_of
from mope.texts.embedding_package import embedding_model
from mope.training.base_source import given
from mope.world.answers import followed_preferences
from mope.world.worlds import load, names

MOST_COMBINATIONS = 4096
LEAST_TEMPERATURE = 0.01


def cross_check(config: dict, root: Path, present: bool, directory: Path) -> Iterator[Problem]:
    """Yield (key, problem) for a configuration that agrees with the schema; of files only if they must be `present`.

    `root`: the project's folder; `directory`: where the user's own relative paths begin, and results are.
    """
    yield from _finite(config, ())
    if config["world"] not in names():
        yield ("world",), f"{config['world']!r} found, {one_of(config['world'], names())} is expected"
    yield from _artifacts(config, root, directory, present)
    unknown = list(_preferences(config, root))
    yield from unknown
    yield from base_source_problems(config["base"])
    if present:  # first the base, by which prompts and feedback are checked
        yield from model_folder_problems(config, directory)
        yield from gguf_problems(config, directory)
    yield from prompts_problems(config, root, directory, present)
    if present:
        yield from feedback_problems(config, directory)
        yield from positions_problems(config, directory)
        yield from layer_problems(config, directory)
        yield from _embeddings(config)
        yield from ratings_problems(config, directory)
    yield from _temperatures(config)
    yield from _sizes(config)
    if not unknown:
        preferences = load_preferences(root / PREFERENCES_FILE, config["preferences"])
        yield from _controllers(config, preferences)
        yield from front_problems(config, preferences)
        yield from method_problems(config, preferences)
        yield from _own_preferences(config)
        yield from _judged_preferences(config)
    yield from _judges(config, root, directory, present)
    yield from _human_study(config, directory)


def _artifacts(config: dict, root: Path, directory: Path, present: bool) -> Iterator[Problem]:
    """Another run must be one of an experiment, or have results; else a misspelt name would train everything anew."""
    name = config["artifacts"]
    if name in RESERVED_RUNS:
        yield ("artifacts",), f"{name!r} found, the name of a run is expected"
    elif present and name not in (None, config["run"]) and not (directory / "results" / name).is_dir():
        known = known_runs(root)
        if name not in known:
            yield ("artifacts",), f"{name!r} found, {one_of(name, known)} is expected: the run of an experiment"
    kept = directory / "results" / str(name) / "preferences.yaml"
    if present and name not in (None, config["run"]) and kept.is_file():
        try:
            theirs = list(read_preferences(kept)["texts"])
        except MopeError:  # `make verify` names what is wrong with a run
            return
        if sorted(theirs) != sorted(config["preferences"]):
            found = f"{', '.join(config['preferences'])} found, but run {name}, whose artifacts are used, has"
            expected = "the same, or artifacts: null, are expected; else its models would be trained anew"
            yield ("preferences",), f"{found} {', '.join(theirs)}; {expected}"


def _finite(value: object, key: tuple[str | int, ...]) -> Iterator[Problem]:
    children = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, child in children:
        yield from _finite(child, (*key, name))
    if isinstance(value, float) and not math.isfinite(value):
        yield key, f"{value} found, a finite number is expected"


def _temperatures(config: dict) -> Iterator[Problem]:
    """Temperatures that may be 0 (greedy) must not be nearly 0; the schema checks those that may not be 0."""
    named = [(section, name) for section in ("judges", "methods") for name in config[section]]
    for key in [("candidates",), ("generation",), *named]:
        section = config[key[0]] if len(key) == 1 else config[key[0]][key[1]]
        temperature = section.get("temperature", 0)
        if isinstance(temperature, int | float) and 0 < temperature < LEAST_TEMPERATURE:
            yield (*key, "temperature"), f"{temperature} found, 0 or a number ≥ {LEAST_TEMPERATURE} is expected"


def _preferences(config: dict, root: Path) -> Iterator[Problem]:
    known = read_preferences(root / PREFERENCES_FILE)
    for i, name in enumerate(config["preferences"]):
        if name not in known["texts"]:
            yield ("preferences", i), f"{name!r} is unknown, {one_of(name, known['texts'])} is expected"
    yield from preference_name_problems(config, known)
    poles = [len(set(ids) & set(config["preferences"])) for ids in known["dimensions"].values()]
    combinations = math.prod(filter(None, poles))
    if combinations > MOST_COMBINATIONS:
        yield ("preferences",), f"{combinations} combinations found, at most {MOST_COMBINATIONS} are expected"


def _own_preferences(config: dict) -> Iterator[Problem]:
    """Where the embedded world makes feedback or judges, it must know the preferences of the run."""
    known = followed_preferences(load(config["world"]))
    unknown = next((name for name in config["preferences"] if name not in known), None)
    if unknown is None:
        return
    found = f"the embedded world {config['world']} does not know preference {unknown};"
    if not given(config["base"]):
        yield ("base", "path"), f"{found} a base of your own (path, hub, gguf or package) is expected"
    if config["feedback"]["source"] == "world":
        yield ("feedback", "source"), f"{found} a folder with feedback of your own is expected"
    for key, entry in {
        ("controller",): {},
        **{("controllers", n): e for n, e in config["controllers"].items()},
    }.items():
        settings = config["controller"] | entry
        from_corpus = settings["start"] == "random" and settings["path"] is None and settings["hub"] is None
        if from_corpus and settings["pretraining"]:
            yield (*key, "pretraining"), f"{found} 0 is expected: its corpus is that world's"


def _judged_preferences(config: dict) -> Iterator[Problem]:
    """Annotator and judges must know the preferences by which they choose."""
    strange = next((preference for preference in config["preferences"] if preference not in OPEN_TEXT), None)
    if config["feedback"]["source"] == "open_text" and strange is not None:
        found = f"the annotator of open text does not know preference {strange};"
        yield ("feedback", "source"), f"{found} a folder with feedback of your own is expected"
    of_world = followed_preferences(load(config["world"]))
    for name, judge in config["judges"].items():
        known = known_preferences(judge["kind"]) or config["preferences"]
        known = [preference for preference in known if preference in of_world or not world_only(judge["kind"])]
        unknown = next((preference for preference in config["preferences"] if preference not in known), None)
        if unknown is not None:
            found = f"a judge of kind {judge['kind']} does not know preference {unknown};"
            yield ("judges", name), f"{found} null, and a judge of kind {' or '.join(kinds_for_any())}, are expected"


def _embeddings(config: dict) -> Iterator[Problem]:
    """Whoever compares sentences by their embeddings needs the package that has the model."""
    users = [("judges", name) for name, judge in config["judges"].items() if embeds_sentences(judge["kind"])]
    if config["feedback"]["source"] == "open_text":
        users.insert(0, ("feedback", "source"))
    try:
        if users:
            embedding_model()
    except MopeError as error:
        yield users[0], str(error)


def _sizes(config: dict) -> Iterator[Problem]:
    for section in ("base", "controller"):
        yield from _heads(config[section], (section,))
    devices = config["devices"]
    yield from _batch(config["reward"], config["reward"]["batch"], devices["reward"], ("reward",), "reward")
    policies = {("policies", name, "settings"): p.get("settings", {}) for name, p in config["policies"].items()}
    for key, own in {("expert",): {}, **policies}.items():
        settings = config["expert"] | own
        most = config["data"]["train"]["prompts"]
        if settings["prompts_per_step"] > most:
            found = f"{settings['prompts_per_step']} found, a number ≤ {most} (data.train.prompts) is expected"
            yield (*key, "prompts_per_step"), found
        answers = settings["prompts_per_step"] * settings["generations"]
        yield from _batch(settings, answers, devices["expert"], key, "expert")
    named = {("controllers", name): own for name, own in config["controllers"].items()}
    for key, own in {("controller",): {}, **named}.items():
        prompts = (config["controller"] | own)["prompts_per_step"]
        if devices["controller"] > prompts:
            found = (
                f"{devices['controller']} found, a number ≤ {prompts} ({'.'.join(key)}.prompts_per_step) is expected"
            )
            yield ("devices", "controller"), found
    fewest = min(entry["prompts"] for entry in config["evaluation_sets"].values())
    for stage, count in config["shards"].items():
        if count > fewest:
            yield ("shards", stage), f"{count} found, a number ≤ {fewest} (prompts of an evaluation set) is expected"
    longest = config["generation"]["max_new_tokens"]
    if config["generation"]["min_new_tokens"] > longest:
        yield ("generation", "min_new_tokens"), f"more than max_new_tokens; a number ≤ {longest} is expected"


def _batch(settings: dict, batch: int, devices: int, key: tuple[str, ...], stage: str) -> Iterator[Problem]:
    """A batch must divide evenly among the devices, and on each among the backward passes."""
    own, rest = divmod(batch, devices)
    if rest:
        yield ("devices", stage), f"{devices} found, a divisor of {batch} (the batch of {'.'.join(key)}) is expected"
    micro = settings["micro_batch"]
    if micro is not None and own % min(micro, own or 1):
        yield (*key, "micro_batch"), f"{micro} found, a divisor of {own} (the batch of a device) is expected"


def _heads(section: dict, key: tuple[str | int, ...]) -> Iterator[Problem]:
    if section["hidden"] % (2 * section["heads"]):
        found = f"{section['hidden']} found, a multiple of twice the {section['heads']} heads is expected"
        yield (*key, "hidden"), found


def _controllers(config: dict, preferences: Preferences) -> Iterator[Problem]:
    """Checks of each controller, with its own settings applied."""
    for name, own in config["controllers"].items():
        settings, key = config["controller"] | own, ("controllers", name)
        yield from _heads(settings, key)
        yield from declared_key_problems(own, OBJECTIVE_TABLE, "objective", settings["objective"], key)
        known = preferences.combinations()
        for xi in settings["combinations"] or []:
            if xi not in known:
                yield (*key, "combinations"), f"{xi!r} is unknown, {one_of(xi, known)} is expected"
        met = {member for xi in settings["combinations"] or known for member in members_of(xi)}
        if settings["scores"] == "outputs" and set(preferences.ids) - met:
            missing = ", ".join(i for i in preferences.ids if i not in met)
            yield (*key, "combinations"), f"none has {missing}; all preferences, or scores: texts, are expected"
        for weights in settings["weights"] or []:
            yield from weights_problems(weights, (*key, "weights"), preferences)
        chances = (
            config["data"]["train"]["prompts"]
            * len(settings["combinations"] or known)
            * len(settings["weights"] or [1])
        )
        if settings["prompts_per_step"] > chances:
            found = f"{settings['prompts_per_step']} found, a number ≤ {chances} is expected"
            yield (*key, "prompts_per_step"), f"{found}: all training prompts, each with every combination and weights"
        if settings["weights"] and not form_takes_weights(settings["reward"]):
            yield (*key, "weights"), f"needless with reward: {settings['reward']}, to which they make no difference"
        if settings["weights"] and settings["reads"] != "text":
            yield (*key, "weights"), f"reads is {settings['reads']!r}; weights can be read with reads: text only"
        if settings["reads"] in ("combination", "embedding") and settings["scores"] == "texts":
            reads = settings["reads"]
            yield (*key, "scores"), f"reads: {reads} knows no new preferences; scores: outputs is expected with it"


def _judges(config: dict, root: Path, directory: Path, present: bool) -> Iterator[Problem]:
    if REWARD_MODELS in config["judges"]:
        yield ("judges", REWARD_MODELS), "a name of the run's own reward models in tables; another name is expected"
    for name, judge in config["judges"].items():
        key = ("judges", name)
        if name == "reward":
            yield key, "a name of the training rewards in tables/agreement.csv; another name is expected"
        if world_only(judge["kind"]):
            yield from _world_judge(config, key)
        match stage_of(judge["kind"]):
            case "judge_chat":
                yield from chat_judge_problems(config, root, key, judge)
            case "judge_reward":
                yield from reward_judge_problems(config, root, directory, name, present)


def _world_judge(config: dict, key: tuple[str, ...]) -> Iterator[Problem]:
    others = [name for name, entry in config["evaluation_sets"].items() if entry["source"] != "world"]
    if others:
        found = f"this judge knows the embedded world only, evaluation set {others[0]} has another source"
        yield key, f"{found}; `judges: {{{key[-1]}: null}}` and a judge of another kind are expected"


def _human_study(config: dict, directory: Path) -> Iterator[Problem]:
    study = config["human_study"]
    for i, name in enumerate(study["methods"]):
        if name not in config["methods"]:
            yield ("human_study", "methods", i), f"{name!r} is no method, {one_of(name, config['methods'])} is expected"

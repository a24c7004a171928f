"""What a configuration must satisfy beyond its schema: names that exist, files that can be read, numbers that fit."""

import math
from collections.abc import Iterator
from pathlib import Path

from mope.config.base_source import KNOWN, SOURCES, check_gguf, gguf_file, given, sha256_of
from mope.config.entries_schema import mixer_keys
from mope.config.suggestion import one_of
from mope.config.yaml_file import read_yaml
from mope.data.feedback_file import feedback_file
from mope.data.prompt_file import FILE_SUFFIXES, read_prompts
from mope.errors import MopeError
from mope.judging.entries import known_preferences, world_only
from mope.judging.preflight import chat_judge_problems
from mope.preferences import GENERAL, OPEN_TEXT, Preferences, load_preferences
from mope.world.answers import STYLES
from mope.world.worlds import names

PREFERENCES_FILE = "workflow/prompts/preferences.yaml"
WORLD_SETS = ("single", "comparison", "development", "train")
Problem = tuple[tuple[str | int, ...], str]


def cross_check(config: dict, root: Path, present: bool, directory: Path) -> Iterator[Problem]:
    """Yield (key, problem) for a configuration that agrees with the schema; of files only if they must be `present`.

    `root`: the project's folder; `directory`: where the user's own relative paths begin, and results are.
    """
    yield from _finite(config, ())
    if config["world"] not in names():
        yield ("world",), f"{config['world']!r} found, {one_of(config['world'], names())} is expected"
    unknown = list(_preferences(config, root))
    yield from unknown
    yield from _base(config["base"])
    if present:
        yield from _sets(config, directory)
        yield from _starts(config, directory)
        yield from _feedback(config, directory)
        yield from _gguf(config, directory)
    yield from _sizes(config)
    if not unknown:
        preferences = load_preferences(root / PREFERENCES_FILE, config["preferences"])
        yield from _controllers(config, preferences)
        yield from _methods(config, preferences)
        yield from _own_preferences(config)
        yield from _judged_preferences(config)
    yield from _judges(config, root, directory)
    yield from _human_study(config, directory)


def _finite(value: object, key: tuple[str | int, ...]) -> Iterator[Problem]:
    children = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, child in children:
        yield from _finite(child, (*key, name))
    if isinstance(value, float) and not math.isfinite(value):
        yield key, f"{value} found, a finite number is expected"


def _preferences(config: dict, root: Path) -> Iterator[Problem]:
    file = root / PREFERENCES_FILE
    known = read_yaml(file)
    for section in ("dimensions", "names", "texts"):
        if not isinstance(known.get(section), dict):
            raise MopeError(f"{file}: {section}: missing; a mapping is expected")
    for i, name in enumerate(config["preferences"]):
        if name not in known["texts"]:
            yield ("preferences", i), f"{name!r} is unknown, {one_of(name, known['texts'])} is expected"
    for dimension, poles in known["dimensions"].items():
        if not set(poles) & set(config["preferences"]):
            yield ("preferences",), f"none of dimension {dimension}; at least one of {', '.join(poles)} is expected"


def _own_preferences(config: dict) -> Iterator[Problem]:
    """What the embedded world makes or judges, it makes and judges for the preferences that it knows."""
    unknown = next((name for name in config["preferences"] if name not in STYLES), None)
    if unknown is None:
        return
    found = f"the embedded world does not know preference {unknown};"
    if not given(config["base"]):
        yield ("base", "path"), f"{found} a base of your own (path, hub, gguf or package) is expected"
    if config["feedback"]["source"] == "world":
        yield ("feedback", "source"), f"{found} a folder with feedback of your own is expected"
    for key, entry in {
        ("controller",): {},
        **{("controllers", n): e for n, e in config["controllers"].items()},
    }.items():
        settings = config["controller"] | entry
        if settings["pretraining"] and settings["path"] is None and settings["hub"] is None:
            yield (*key, "pretraining"), f"{found} 0 is expected: its corpus is that world's"


def _judged_preferences(config: dict) -> Iterator[Problem]:
    """Annotator and judges must know the preferences by which they choose."""
    strange = next((preference for preference in config["preferences"] if preference not in OPEN_TEXT), None)
    if config["feedback"]["source"] == "open_text" and strange is not None:
        found = f"the annotator of open text does not know preference {strange};"
        yield ("feedback", "source"), f"{found} a folder with feedback of your own is expected"
    for name, judge in config["judges"].items():
        known = known_preferences(judge["kind"]) or config["preferences"]
        unknown = next((preference for preference in config["preferences"] if preference not in known), None)
        if unknown is not None:
            found = f"a judge of kind {judge['kind']} does not know preference {unknown};"
            yield ("judges", name), f"{found} null, and a judge of kind chat or reward, are expected"


def _sets(config: dict, directory: Path) -> Iterator[Problem]:
    sets = {("evaluation_sets", name): entry for name, entry in config["evaluation_sets"].items()}
    for key, entry in (sets | {("data", "train"): config["data"]["train"]}).items():
        if key[-1] == "train" and key[0] == "evaluation_sets":
            yield key, "this name belongs to the training prompts; another name is expected"
        if isinstance(entry["source"], dict):
            if Path(entry["source"]["file"]).suffix not in FILE_SUFFIXES:
                yield (*key, "source", "file"), f"a name that ends in {', '.join(FILE_SUFFIXES)} is expected"
            continue
        if entry["source"] == "world":
            if key[-1] not in WORLD_SETS:
                yield key, f"the embedded world has no such set; {one_of(key[-1], WORLD_SETS)} is expected, or a file"
            continue
        try:
            available = len(read_prompts(directory / entry["source"], config["data"]["longest"]))
        except MopeError as error:
            yield (*key, "source"), str(error)
        else:
            if available < entry["prompts"]:
                yield (*key, "prompts"), f"{entry['prompts']} found, but {entry['source']} holds {available} prompts"


def _starts(config: dict, directory: Path) -> Iterator[Problem]:
    named = {("controllers", name): entry for name, entry in config["controllers"].items()}
    for key, entry in {("base",): config["base"], ("controller",): config["controller"], **named}.items():
        path = entry.get("path")
        if path is None:
            continue
        if entry.get("hub") is not None and key != ("base",):
            yield (*key, "hub"), f"path {path} is given too; one of the two is expected"
        if not (directory / path).is_dir():
            yield (*key, "path"), f"folder {path} does not exist; a folder with a model, or null, is expected"
        elif not (directory / path / "config.json").is_file():
            yield (*key, "path"), f"folder {path} has no config.json; a folder made by save_pretrained is expected"


def _base(base: dict) -> Iterator[Problem]:
    sources = given(base)
    if len(sources) > 1:
        first = sources[0]
        yield ("base", sources[1]), f"{first} {base[first]} is given too; one of {', '.join(SOURCES)} is expected"
    elif base["sha256"] is not None and not set(sources) & {"gguf", "package"}:
        yield ("base", "sha256"), "needless; only a base from a GGUF file (gguf or package) has this key"


def _gguf(config: dict, root: Path) -> Iterator[Problem]:
    """The file itself is hashed and read by the stage that converts it."""
    base = config["base"]
    key = ("base", "gguf" if base["package"] is None else "package")
    try:
        file = gguf_file(base, root)
        if file is not None:
            check_gguf(file)
    except MopeError as error:
        yield key, str(error)
        return
    if base["package"] is not None and base["sha256"] is None and base["package"] not in KNOWN:
        yield ("base", "sha256"), f"null; that of the package's file is expected: {sha256_of(file)} if you trust it"


def _feedback(config: dict, directory: Path) -> Iterator[Problem]:
    source = config["feedback"]["source"]
    if source in ("world", "open_text"):
        return
    used = {method["policy"] for method in config["methods"].values() if "policy" in method}
    objectives = [policy["objective"] for name, policy in config["policies"].items() if name in used]
    for preference in [*config["preferences"], *([GENERAL] if "general" in objectives else [])]:
        try:
            feedback_file(directory / source, preference)
        except MopeError as error:
            yield ("feedback", "source"), str(error)
            return


def _sizes(config: dict) -> Iterator[Problem]:
    for section in ("base", "controller"):
        yield from _heads(config[section], (section,))
    answers, devices = config["expert"]["prompts_per_step"] * config["expert"]["generations"], config["devices"]
    for section, batch in (("reward", config["reward"]["batch"]), ("expert", answers)):
        own, rest = divmod(batch, devices[section])
        if rest:
            yield ("devices", section), f"{devices[section]} found, a divisor of {batch} (the batch) is expected"
        micro = config[section]["micro_batch"]
        if micro is not None and own % min(micro, own or 1):
            yield (section, "micro_batch"), f"{micro} found, a divisor of {own} (the batch of a device) is expected"
    prompts = config["controller"]["prompts_per_step"]
    if devices["controller"] > prompts:
        found = f"{devices['controller']} found, a number ≤ {prompts} (controller.prompts_per_step) is expected"
        yield ("devices", "controller"), found
    fewest = min(entry["prompts"] for entry in config["evaluation_sets"].values())
    for stage, count in config["shards"].items():
        if count > fewest:
            yield ("shards", stage), f"{count} found, a number ≤ {fewest} (prompts of an evaluation set) is expected"
    longest = config["generation"]["max_new_tokens"]
    if config["generation"]["min_new_tokens"] > longest:
        yield ("generation", "min_new_tokens"), f"more than max_new_tokens; a number ≤ {longest} is expected"


def _heads(section: dict, key: tuple[str | int, ...]) -> Iterator[Problem]:
    if section["hidden"] % (2 * section["heads"]):
        found = f"{section['hidden']} found, a multiple of twice the {section['heads']} heads is expected"
        yield (*key, "hidden"), found


def _controllers(config: dict, preferences: Preferences) -> Iterator[Problem]:
    """Controllers with their own settings applied, each on its own."""
    for name, own in config["controllers"].items():
        settings, key = config["controller"] | own, ("controllers", name)
        yield from _heads(settings, key)
        known = preferences.combinations()
        for xi in settings["combinations"] or []:
            if xi not in known:
                yield (*key, "combinations"), f"{xi!r} is unknown, {one_of(xi, known)} is expected"
        met = {member for xi in settings["combinations"] or known for member in xi.split("-")}
        if settings["scores"] == "outputs" and set(preferences.ids) - met:
            missing = ", ".join(i for i in preferences.ids if i not in met)
            yield (*key, "combinations"), f"none has {missing}; all preferences, or scores: texts, are expected"
        for weights in settings["weights"] or []:
            yield from _weights(weights, (*key, "weights"), preferences)
        if settings["weights"] and settings["reads"] != "text":
            yield (*key, "weights"), f"reads is {settings['reads']!r}; weights can be read with reads: text only"
        if settings["reads"] in ("combination", "embedding") and settings["scores"] == "texts":
            reads = settings["reads"]
            yield (*key, "scores"), f"reads: {reads} knows no new preferences; scores: outputs is expected with it"


def _weights(weights: list[float], key: tuple[str | int, ...], preferences: Preferences) -> Iterator[Problem]:
    if len(weights) != len(preferences.dimensions) or not math.isclose(sum(weights), 1):
        dimensions = ", ".join(preferences.dimensions)
        yield key, f"{weights} found; one weight each for {dimensions}, together 1, is expected"


def _controlled(config: dict, name: str, method: dict) -> Iterator[Problem]:
    controllers, wanted = config["controllers"], method["controller"]
    if wanted not in controllers:
        yield ("methods", name, "controller"), f"{wanted!r} is no controller, {one_of(wanted, controllers)} is expected"
        return
    settings = config["controller"] | controllers[wanted]
    if method["prompt"] != settings["expert_prompt"]:
        trained = settings["expert_prompt"]
        found = f"{method['prompt']!r} found, the controller was trained with expert_prompt {trained!r}"
        yield ("methods", name, "prompt"), f"{found}, which is expected"
    fit = {"probability": "controller", "logit": "logit"}[settings["space"]]
    if method["mixer"] != fit:
        found = f"{method['mixer']!r} found, the controller was trained in {settings['space']} space; {fit} is expected"
        yield ("methods", name, "mixer"), found
    if ("weights" in method) != bool(settings["weights"]):
        found = "needless" if "weights" in method else "missing"
        yield ("methods", name, "weights"), f"{found}; expected if and only if the controller was trained with weights"


def _mixed(config: dict, name: str, method: dict, preferences: Preferences) -> Iterator[Problem]:
    mixer, keys = method["mixer"], mixer_keys()
    for key in dict.fromkeys(key for required in keys.values() for key in required):
        if (key in method) != (key in keys[mixer]):
            found, fit = "needless" if key in method else "missing", " or ".join(m for m in keys if key in keys[m])
            yield ("methods", name, key), f"{found}; a mixture has this key if and only if its mixer is {fit}"
    if mixer == "controller" and "controller" not in method:
        yield ("methods", name, "controller"), "missing; the mixer controller needs the name of one"
    for key, fit in (("controller", ("controller", "logit")), ("weights", ("controller", "logit"))):
        if key in method and mixer not in fit:
            yield ("methods", name, key), f"needless; only a method whose mixer is {' or '.join(fit)} has this key"
    if "weights" in method:
        yield from _weights(method["weights"], ("methods", name, "weights"), preferences)
    if "controller" in method:
        yield from _controlled(config, name, method)


def _methods(config: dict, preferences: Preferences) -> Iterator[Problem]:
    methods = config["methods"]
    for name, method in methods.items():
        if method["kind"] == "soup" and ("strength" in method) != (method["average"] == "sum"):
            found = "needless" if "strength" in method else "missing"
            yield ("methods", name, "strength"), f"{found}; a soup has this key if and only if its average is sum"
        if method["kind"] == "mix":
            yield from _mixed(config, name, method, preferences)
        for key, known in (("expert", ("best", *preferences.ids)), ("policy", config["policies"])):
            if key in method and method[key] not in known:
                yield ("methods", name, key), f"{method[key]!r} is no {key}, {one_of(method[key], known)} is expected"
        for i, other in enumerate(method.get("against", ())):
            if other not in methods or other == name:
                others = [m for m in methods if m != name]
                yield ("methods", name, "against", i), f"{other!r} found, {one_of(other, others)} is expected"
    if methods["mope"].get("mixer") != "controller" or "against" in methods["mope"]:
        expected = "kind: mix with mixer: controller, compared with all others, is expected"
        yield ("methods", "mope"), f"the method that all is about; {expected}"
    for i, name in enumerate(config["statistics"]["named"]):
        if name not in methods:
            yield ("statistics", "named", i), f"{name!r} is no method, {one_of(name, methods)} is expected"
        elif name == "mope":
            yield ("statistics", "named", i), "mope is compared with these methods; another method is expected"


def _judges(config: dict, root: Path, directory: Path) -> Iterator[Problem]:
    for name, judge in config["judges"].items():
        key = ("judges", name)
        if name == "reward":
            yield key, "tables/agreement.csv calls the training rewards so; another name is expected"
        if judge["kind"] == "chat":
            yield from chat_judge_problems(config, root, key, judge)
        elif world_only(judge["kind"]):
            yield from _world_judge(config, key)
        elif judge["kind"] == "reward":
            yield from _reward_judge(config, directory, key, judge["run"])


def _world_judge(config: dict, key: tuple[str, ...]) -> Iterator[Problem]:
    others = [name for name, entry in config["evaluation_sets"].items() if entry["source"] != "world"]
    if others:
        found = f"this judge knows the embedded world only, evaluation set {others[0]} has another source"
        yield key, f"{found}; `judges: {{{key[-1]}: null}}` and a judge of another kind are expected"


def _reward_judge(config: dict, directory: Path, key: tuple[str, ...], run: str) -> Iterator[Problem]:
    if run == config["run"]:
        yield (
            (*key, "run"),
            f"{run} trained its experts by these reward models; another run, with another seed, is expected",
        )
        return
    folder = Path("results") / run
    for needed in (folder / "base", *(folder / "reward" / preference for preference in config["preferences"])):
        if not (directory / needed).is_dir():
            command = f"snakemake --cores all --config run={run} seed={config['seed'] + 1} --until train_reward"
            yield (*key, "run"), f"{needed} is missing; what `{command}` makes is expected"
            return


def _human_study(config: dict, directory: Path) -> Iterator[Problem]:
    study = config["human_study"]
    for i, name in enumerate(study["methods"]):
        if name not in config["methods"]:
            yield ("human_study", "methods", i), f"{name!r} is no method, {one_of(name, config['methods'])} is expected"
    if study["ratings"] is not None and not any((directory / study["ratings"]).glob("*.csv")):
        yield (
            ("human_study", "ratings"),
            f"no CSV file found in folder {study['ratings']}; the raters' files, or null, are expected",
        )

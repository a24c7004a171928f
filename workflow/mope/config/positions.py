"""Whether prompt, preference texts and answer fit the positions of the base: known before the first job."""

from collections.abc import Iterator
from pathlib import Path

from mope.config.token_count import most_tokens
from mope.errors import MopeError
from mope.judging.preflight import Problem
from mope.preferences import load_preferences
from mope.training.base_source import gguf_file, published_file
from mope.training.gguf_header import family_and_positions
from mope.training.model_folder import UNBOUNDED, positions_in, read_json

ANSWERING = ("candidates", "expert", "controller", "generation")  # sections that have max_new_tokens


def positions_of(config: dict, directory: Path) -> int | None:
    """How many tokens a base of the user's reads and writes; None where there is no limit, or no file to tell it.

    A base of the hub tells it if its config.json is in the local cache, for example after `make plan`.
    """
    try:
        file = gguf_file(config["base"], directory)
        if file is None:
            known = published_file(config["base"], "config.json", directory)
            return positions_in(read_json(known)) if known else None
        family, positions = family_and_positions(file) or ("", None)
        return None if family in UNBOUNDED else positions
    except MopeError:  # another check says what is wrong with it
        return None


def positions_problems(config: dict, directory: Path) -> Iterator[Problem]:
    """Problems of the settings alone: of the longest answers, and of `reward.max_length`."""
    positions = positions_of(config, directory)
    if positions is None:
        return
    if config["reward"]["max_length"] > positions:
        found = f"{config['reward']['max_length']} found, but the base has {positions} positions"
        yield ("reward", "max_length"), f"{found}; at most that is expected"
    named = {(section,): config[section] for section in ANSWERING}
    named |= {("controllers", name): own for name, own in config["controllers"].items()}
    named |= {("policies", name, "settings"): own.get("settings", {}) for name, own in config["policies"].items()}
    for key, section in named.items():
        if section.get("max_new_tokens", 0) >= positions:
            found = f"{section['max_new_tokens']} found, but the base has {positions} positions"
            yield (*key, "max_new_tokens"), f"{found}; a smaller number, with room for a prompt, is expected"


def prompts_too_long(
    prompts: list[str], config: dict, root: Path, directory: Path, training: bool, what: str
) -> Iterator[Problem]:
    """Problems of prompts with preference texts and answers, if there is a tokenizer of the base to count them.

    `root`: the project's folder, `directory`: where the user's paths begin; `training` prompts are answered in every
    section, others only in `generation`. What the chat template adds is not counted.
    """
    positions = positions_of(config, directory)
    if positions is None or not prompts:
        return
    preferences = load_preferences(root / "workflow/prompts/preferences.yaml", config["preferences"])
    texts = [" ".join(preferences.statements(xi)) for xi in preferences.combinations()]
    sections = ANSWERING if training else ["generation"]
    answer = max(config[section]["max_new_tokens"] for section in sections)
    if answer + sum(max(len(text.encode()) for text in read) for read in (prompts, texts)) <= positions:
        return  # a token has a byte at least
    read, stated = most_tokens(prompts, config, directory), most_tokens(texts, config, directory)
    if read is None or stated is None:
        return
    for section in sections:
        longest = config[section]["max_new_tokens"]
        if read + stated + longest > positions:
            found = f"{longest} found, but {what} has {read} tokens, the preference texts {stated}"
            expected = "less, or shorter prompts (data.longest), is expected"
            yield (section, "max_new_tokens"), f"{found}, the base {positions} positions; {expected}"

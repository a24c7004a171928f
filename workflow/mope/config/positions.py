"""Whether prompt, preference texts and answer fit the positions of the base: known before the first job."""

from collections.abc import Iterator
from pathlib import Path

from mope.config.base_shape import base_shape
from mope.config.token_count import most_tokens
from mope.judging.preflight import Problem
from mope.preferences import load_preferences
from mope.training.base_source import given

ANSWERING = ("candidates", "expert", "controller", "generation")  # sections that have max_new_tokens


def positions_problems(config: dict, directory: Path) -> Iterator[Problem]:
    """Problems of the settings alone: of the longest answers, and of the sections' `max_length`."""
    positions = base_shape(config, directory).positions
    if positions is None:
        return
    for section in ("reward",) if given(config["base"]) else ("base", "reward"):
        if config[section]["max_length"] > positions:
            found = f"{config[section]['max_length']} found, but the base has {positions} positions"
            yield (section, "max_length"), f"{found}; at most that is expected"
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
    positions = base_shape(config, directory).positions
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

"""What a judge is asked and what it may cost, from the configuration alone.

Standard library only: the Snakefile calls this before the first job.
"""

from mope.judging.judge_kinds import stage_of
from mope.judging.kinds.chat_settings import completed
from mope.methods.entries import pairs
from mope.preferences import Preferences

CHARACTERS = 3.5  # per token
TEMPLATE = 760  # tokens of a judge's instructions and example


def count_comparisons(config: dict, preferences: Preferences) -> int:
    """Questions to a judge: pairs of methods and seeds, prompts, combinations, preferences of each, both orders."""
    methods = config["methods"]
    # with equal numbers of seeds, the first seeds are compared, then the second ones, and so on
    judged = sum(max(seeds(methods[a], config), seeds(methods[b], config)) for a, b in pairs(methods))
    sets = sum(entry["prompts"] for entry in config["evaluation_sets"].values())
    return judged * sets * len(preferences.combinations()) * len(preferences.dimensions) * 2


def seeds(method: dict, config: dict) -> int:
    """How many times a method answers each prompt: once for each seed of what is trained for it alone."""
    return len(config["controller"]["seeds"]) if {"controller", "policy"} & method.keys() else 1


def cost(judge: dict, questions: int, new_tokens: int, longest: int) -> float:
    """What `questions` cost at most, in the currency of the judge's prices; 0 for a judge that is not bought.

    Each shows an instruction of up to `longest` characters and two answers of up to `new_tokens` tokens.
    """
    if stage_of(judge["kind"]) != "judge_chat":
        return 0.0
    judge = completed(judge)
    most = judge["max_characters"]
    shown = TEMPLATE + 2 * min(new_tokens, most / CHARACTERS) + min(longest, most) / CHARACTERS
    return questions * (shown * judge["price_input"] + judge["max_tokens"] * judge["price_output"]) / 1e6

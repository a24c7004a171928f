"""What can be known of a chat judge before the first job: its address, its key, its price against its budget.

Standard library only: the Snakefile calls this while it is parsed, and before the first job.
"""

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from urllib.parse import urlsplit

from mope.judging.kinds.chat_settings import completed
from mope.judging.price import cost, count_comparisons
from mope.preferences import Preferences
from mope.runtime.secret import read_key
from mope.runtime.server_address import address_problem, secrets_in

LOOPBACK = ("localhost", "127.0.0.1", "::1")
CALL = "/chat/completions"
SET_BY_JUDGE = (
    "model",
    "messages",
    "temperature",
    "seed",
    "max_tokens",
    "max_completion_tokens",
    "n",
    "stream",
    "logprobs",
)
Problem = tuple[tuple[str | int, ...], str]


def local(base_url: str) -> bool:
    """Whether a server is on this machine; such a server may need no key."""
    return urlsplit(base_url).hostname in LOOPBACK


def chat_judge_problems(config: dict, root: Path, key: tuple[str, ...], judge: dict) -> Iterator[Problem]:
    """(key, problem) for a chat judge that agrees with the schema; no value is repeated that may be a secret."""
    judge = completed(judge)
    problem = address_problem(judge["base_url"], CALL)
    if problem:
        yield (*key, "base_url"), problem
    if not re.fullmatch("[A-Z_][A-Z0-9_]*", judge["key_variable"]):  # not repeated: it may be the key itself
        expected = "not the name of an environment variable, such as OPENAI_API_KEY, which is expected"
        yield (*key, "key_variable"), expected
    for name in judge["extra"]:
        if name in SET_BY_JUDGE:
            yield (*key, "extra", name), "is set by the judge itself; leaving it out is expected"
    for place in secrets_in(judge["extra"]):
        yield (*key, "extra", *place), "may be a secret, which would be kept; the key by key_variable is expected"
    try:
        json.dumps(judge["extra"], allow_nan=False)
    except (TypeError, ValueError):
        yield (
            (*key, "extra"),
            "holds something that JSON has no form for, such as a date; texts and numbers are expected",
        )
    for preference in config["preferences"]:
        template = Path("workflow/prompts/judge") / f"{preference}.yaml"
        if not (root / template).is_file():
            yield key, f"{template} is missing; a judge's template for every preference is expected"


def before_first_job(
    config: dict, preferences: Preferences, judges: list[str], environment: Mapping[str, str]
) -> Iterator[str]:
    """What would stop these chat judges after hours of training: a missing key, a budget that is too small."""
    questions = count_comparisons(config, preferences)
    for name in judges:
        judge = completed(config["judges"][name])
        variable = judge["key_variable"]
        if not local(judge["base_url"]) and not read_key(variable, environment):
            yield (
                f"judges.{name}: {variable} is not set, and {judge['base_url']} will want a key; "
                "export it, or name the variable that holds it by key_variable"
            )
        most = cost(judge, questions, config["generation"]["max_new_tokens"], config["data"]["longest"])
        if most > judge["budget"]:
            yield (
                f"judges.{name}.budget: {judge['budget']:g} found, but {questions:,} questions may cost up to "
                f"{most:,.2f}; a larger budget is expected, or fewer methods, prompts or seeds"
            )
